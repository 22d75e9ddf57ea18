use std::fmt::Write;
use std::time::{Duration, SystemTime};

use crate::exposition::CONTENT_TYPE;
use crate::push::Compression;

/// Why somebody does not get what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    NotFound,
    Method,
    NotAcceptable,
    LongHead,
    /// Nothing could be gathered.
    Failed,
    /// The metrics were not gathered in time.
    Overdue,
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Self::Malformed => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::Method => "405 Method Not Allowed",
            Self::NotAcceptable => "406 Not Acceptable",
            Self::LongHead => "431 Request Header Fields Too Large",
            Self::Failed => "500 Internal Server Error",
            Self::Overdue => "503 Service Unavailable",
        }
    }

    /// What it says. Why nothing could be gathered says who tried.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Malformed => "this is not a valid HTTP request\n",
            Self::NotFound => "only /metrics is served\n",
            Self::Method => "only GET and HEAD are allowed\n",
            Self::NotAcceptable => "only text/plain is served\n",
            Self::LongHead => "the head of the request is too long\n",
            Self::Failed => "the metrics cannot be gathered\n",
            Self::Overdue => "the metrics were not gathered in time\n",
        }
    }
}

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Metrics(Compression),
    Pointer,
    Refusal(Refusal),
}

/// The head of an answer.
pub(super) fn head(kind: Kind, length: usize, now: SystemTime) -> String {
    let status = match kind {
        Kind::Metrics(_) | Kind::Pointer => "200 OK",
        Kind::Refusal(refusal) => refusal.status(),
    };
    let media_type = match kind {
        Kind::Metrics(_) => CONTENT_TYPE,
        Kind::Pointer | Kind::Refusal(_) => "text/plain; charset=utf-8",
    };
    let more = match kind {
        Kind::Metrics(_) => "Vary: Accept, Accept-Encoding\r\n",
        Kind::Refusal(Refusal::NotAcceptable) => "Vary: Accept\r\n",
        Kind::Refusal(Refusal::Method) => "Allow: GET, HEAD\r\n",
        Kind::Pointer | Kind::Refusal(_) => "",
    };
    let encoding = match kind {
        Kind::Metrics(compression) => compression.encoding(),
        Kind::Pointer | Kind::Refusal(_) => None,
    };
    let encoding = encoding.map(|encoding| format!("Content-Encoding: {encoding}\r\n"));
    let encoding = encoding.unwrap_or_default();
    // It has no words for other years than 1970 to 9999, whatever the clock says.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    let date = httpdate::fmt_http_date(now.clamp(SystemTime::UNIX_EPOCH, last));
    let mut head = String::new();
    // Writing to memory does not fail.
    let _ = write!(
        head,
        "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         {encoding}{more}Connection: close\r\n\r\n"
    );
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_keeps_nobody_from_an_answer() {
        let day = Duration::from_secs(24 * 3600);
        for (now, expected) in [
            (
                SystemTime::UNIX_EPOCH - day,
                "Date: Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            (
                SystemTime::UNIX_EPOCH + 4_000_000 * day,
                "Date: Fri, 31 Dec 9999 23:59:59 GMT",
            ),
        ] {
            let head = head(Kind::Pointer, 0, now);
            assert!(head.contains(expected), "{head}");
        }
    }

    #[test]
    fn the_head_of_an_answer_says_all_that_there_is_to_know() {
        for (kind, expected) in [
            #[cfg(feature = "gzip")]
            (
                Kind::Metrics(Compression::Gzip),
                "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: 7\r\n\
                 Content-Encoding: gzip\r\nVary: Accept, Accept-Encoding\r\nConnection: close\r\n\r\n",
            ),
            (
                Kind::Refusal(Refusal::Method),
                "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Content-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\nAllow: GET, HEAD\r\n\
                 Connection: close\r\n\r\n",
            ),
        ] {
            assert_eq!(head(kind, 7, SystemTime::UNIX_EPOCH), expected);
        }
    }
}
