use httparse::{EMPTY_HEADER, Error, Header, Request, Status};

use crate::push::Compression;

use super::accept::{admits_gzip, admits_text};
use super::answer::Refusal;
use super::limits::{HEAD_LIMIT, HEADERS};

/// What is sent to who takes gzip.
#[cfg(feature = "gzip")]
const SHORTEST: Compression = Compression::Gzip;
#[cfg(not(feature = "gzip"))]
const SHORTEST: Compression = Compression::None;

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) content: Content,
    /// Whether the head of the answer is enough.
    pub(super) only_head: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Metrics(Compression),
    /// Where the metrics are.
    Pointer,
    /// Something that it cannot have.
    Nothing(Refusal),
}

/// Understands a request by what has come of it. None when more has to come.
pub(super) fn understand(received: &[u8]) -> Option<Wish> {
    let refusal = |refusal| {
        Some(Wish {
            content: Content::Nothing(refusal),
            only_head: false,
        })
    };
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(received) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) if received.len() < HEAD_LIMIT => return None,
        Ok(Status::Partial) | Err(Error::TooManyHeaders) => {
            return refusal(Refusal::LongHead);
        }
        Err(_) => return refusal(Refusal::Malformed),
    }
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return refusal(Refusal::Malformed);
    };
    // HTTP/1.1 asks for one, and for this answer to who has none.
    if request.version == Some(1) && values(request.headers, "host").next().is_none() {
        return refusal(Refusal::Malformed);
    }
    let content = match (path(target), method) {
        ("/metrics" | "/", "GET" | "HEAD") if !admits_text(values(request.headers, "accept")) => {
            Content::Nothing(Refusal::NotAcceptable)
        }
        ("/metrics", "GET" | "HEAD") => Content::Metrics(compression(request.headers)),
        ("/", "GET" | "HEAD") => Content::Pointer,
        ("/metrics" | "/", _) => Content::Nothing(Refusal::Method),
        _ => Content::Nothing(Refusal::NotFound),
    };
    Some(Wish {
        content,
        only_head: method == "HEAD",
    })
}

fn compression(headers: &[Header<'_>]) -> Compression {
    if admits_gzip(values(headers, "accept-encoding")) {
        SHORTEST
    } else {
        Compression::None
    }
}

/// The values of the headers of one name. One that is not text says nothing.
fn values<'h>(headers: &'h [Header<'_>], name: &'static str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| std::str::from_utf8(header.value).unwrap_or_default())
}

/// The path that a target names, which may be a whole URL, without the query.
fn path(target: &str) -> &str {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
            rest.find('/').map_or("/", |begin| &rest[begin..])
        }
        _ => target,
    };
    target.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(head: &str) -> Content {
        understand(head.as_bytes()).unwrap().content
    }

    #[test]
    fn a_request_is_understood_by_method_path_and_headers() {
        let metrics = Content::Metrics(Compression::None);
        for (line, expected) in [
            ("GET /metrics", metrics),
            ("HEAD /metrics", metrics),
            ("GET /metrics?name[]=x", metrics),
            ("GET http://localhost:9750/metrics?", metrics),
            ("GET /", Content::Pointer),
            ("GET HTTP://localhost:9750", Content::Pointer),
            ("POST /metrics", Content::Nothing(Refusal::Method)),
            ("get /metrics", Content::Nothing(Refusal::Method)),
            ("DELETE /", Content::Nothing(Refusal::Method)),
            ("GET /metrics/", Content::Nothing(Refusal::NotFound)),
            ("GET /metrics%20", Content::Nothing(Refusal::NotFound)),
            ("GET //metrics", Content::Nothing(Refusal::NotFound)),
            ("GET ftp://x/metrics", Content::Nothing(Refusal::NotFound)),
            ("OPTIONS *", Content::Nothing(Refusal::NotFound)),
            ("CONNECT x:80", Content::Nothing(Refusal::NotFound)),
        ] {
            let wish = understand(format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
            let expected = Wish {
                content: expected,
                only_head: line.starts_with("HEAD"),
            };
            assert_eq!(wish, Some(expected), "{line}");
        }
    }

    #[test]
    fn headers_may_come_in_any_case_and_more_than_once() {
        let refused = Content::Nothing(Refusal::NotAcceptable);
        for (headers, expected) in [
            ("aCCept: application/json", refused),
            (
                "Accept: application/json\r\nACCEPT: text/plain",
                Content::Metrics(Compression::None),
            ),
            ("accept-encoding: br, gzip", Content::Metrics(SHORTEST)),
            (
                "Accept-Encoding: br\r\nAccept-Encoding: gzip",
                Content::Metrics(SHORTEST),
            ),
            ("X-Accept: text/html", Content::Metrics(Compression::None)),
            ("Accept: \u{e9}\r\nAccept: \u{ff}", refused),
        ] {
            let head = format!("GET /metrics HTTP/1.1\r\nhost:\r\n{headers}\r\n\r\n");
            assert_eq!(content(&head), expected, "{headers}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let many = "a: b\r\n".repeat(HEADERS);
        for (head, refusal) in [
            (
                "GET /metrics HTTP/1.1\r\n\r\n".to_owned(),
                Refusal::Malformed,
            ),
            ("GET /metrics HTTP/2.0\r\n".to_owned(), Refusal::Malformed),
            ("\x16\x03\x01\x02".to_owned(), Refusal::Malformed),
            ("GET\r\n".to_owned(), Refusal::Malformed),
            (
                format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
                Refusal::LongHead,
            ),
            (
                format!("GET /{}", "a".repeat(HEAD_LIMIT)),
                Refusal::LongHead,
            ),
        ] {
            assert_eq!(content(&head), Content::Nothing(refusal), "{head}");
        }
        let head = "GET /metrics HTTP/1.0\r\nA: b\r\n\r\n";
        assert_eq!(content(head), Content::Metrics(Compression::None));
        for end in 0..head.len() - 1 {
            assert_eq!(understand(&head.as_bytes()[..end]), None, "{end}");
        }
    }
}
