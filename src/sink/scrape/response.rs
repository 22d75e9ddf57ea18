//! Responses: status and headers.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use crate::exposition::CONTENT_TYPE;
use crate::push::Compression;

/// A reason why a client does not get what it asks for.
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

    /// The body. That of `Failed` has the reason instead.
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

/// The content of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseKind {
    Metrics(Compression),
    /// The path of the metrics.
    Pointer,
    Refusal(Refusal),
}

/// The head of a response.
pub(super) fn head(kind: ResponseKind, length: usize, now: SystemTime) -> String {
    let status = match kind {
        ResponseKind::Metrics(_) | ResponseKind::Pointer => "200 OK",
        ResponseKind::Refusal(refusal) => refusal.status(),
    };
    let media_type = match kind {
        ResponseKind::Metrics(_) => CONTENT_TYPE,
        ResponseKind::Pointer | ResponseKind::Refusal(_) => "text/plain; charset=utf-8",
    };
    let more = match kind {
        ResponseKind::Metrics(_) => "Vary: Accept, Accept-Encoding\r\n",
        ResponseKind::Refusal(Refusal::NotAcceptable) => "Vary: Accept\r\n",
        ResponseKind::Refusal(Refusal::Method) => "Allow: GET, HEAD\r\n",
        ResponseKind::Pointer | ResponseKind::Refusal(_) => "",
    };
    let encoding = match kind {
        ResponseKind::Metrics(compression) => compression.encoding(),
        ResponseKind::Pointer | ResponseKind::Refusal(_) => None,
    };
    let encoding = encoding.map(|encoding| format!("Content-Encoding: {encoding}\r\n"));
    let encoding = encoding.unwrap_or_default();
    // The format has no other years than 1970 to 9999, whatever the clock says.
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
    fn a_wrong_clock_prevents_no_response() {
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
            let head = head(ResponseKind::Pointer, 0, now);
            assert!(head.contains(expected), "{head}");
        }
    }
}
