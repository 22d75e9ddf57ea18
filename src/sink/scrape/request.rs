//! What a client asks for.

use httparse::{EMPTY_HEADER, Error, Header, Request, Status};

use crate::push::Compression;

use super::accept::{admits_gzip, admits_text};
use super::limits::{HEAD_LIMIT, HEADERS};
use super::response::{Refusal, ResponseKind};

/// Compression for clients that accept gzip.
#[cfg(feature = "gzip")]
const SHORTEST: Compression = Compression::Gzip;
#[cfg(not(feature = "gzip"))]
const SHORTEST: Compression = Compression::None;

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScrapeRequest {
    pub(super) response: ResponseKind,
    /// The client wants the head of the response only.
    pub(super) only_head: bool,
}

/// Parses the part of a request that has arrived. None when more has to arrive.
pub(super) fn parse(received: &[u8]) -> Option<ScrapeRequest> {
    let refusal = |refusal| {
        Some(ScrapeRequest {
            response: ResponseKind::Refusal(refusal),
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
    // HTTP/1.1 requires a host, and this response where there is none.
    if request.version == Some(1) && values(request.headers, "host").next().is_none() {
        return refusal(Refusal::Malformed);
    }
    let response = match (path(target), method) {
        ("/metrics" | "/", "GET" | "HEAD") if !admits_text(values(request.headers, "accept")) => {
            ResponseKind::Refusal(Refusal::NotAcceptable)
        }
        ("/metrics", "GET" | "HEAD") => ResponseKind::Metrics(compression(request.headers)),
        ("/", "GET" | "HEAD") => ResponseKind::Pointer,
        ("/metrics" | "/", _) => ResponseKind::Refusal(Refusal::Method),
        _ => ResponseKind::Refusal(Refusal::NotFound),
    };
    Some(ScrapeRequest {
        response,
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

/// The values of the headers of one name; empty where a value is not text.
fn values<'h>(headers: &'h [Header<'_>], name: &'static str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| std::str::from_utf8(header.value).unwrap_or_default())
}

/// The path of a target, which may be a whole URL, without the query.
fn path(target: &str) -> &str {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
            rest.find('/').map_or("/", |begin| &rest[begin..])
        }
        _ => target,
    };
    target.split('?').next().unwrap_or_default()
}
