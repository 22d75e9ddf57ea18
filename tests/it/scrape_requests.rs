//! What the endpoint reads of a request: method, path and headers.

use std::io::{Read, Write};
use std::net::SocketAddr;

use pushjob::metrics::Registry;
use pushjob::sink::scrape::{HEAD_LIMIT, ScrapeEndpoint, Serving};

use crate::support::{ask, connect, get};

const PAGE: &str = "# HELP rows Rows.\n# TYPE rows gauge\nrows 42\n";

fn serve() -> Serving {
    let registry = Registry::new();
    registry.gauge("rows", "Rows.").unwrap().set(42.0);
    let endpoint = ScrapeEndpoint::bind("127.0.0.1:0").unwrap();
    endpoint.serve(registry).unwrap()
}

/// Header lines of one name.
fn headers(name: &str, values: &[&str]) -> String {
    let lines = values.iter().map(|value| format!("{name}: {value}\r\n"));
    lines.collect()
}

#[test]
fn text_is_admitted_by_its_name_and_by_wildcards() {
    let serving = serve();
    for (values, admitted) in [
        (&[][..], true),
        (&[""], true),
        (&["*/*"], true),
        (&["text/*"], true),
        (&["TEXT/Plain"], true),
        (&["text/plain;version=0.0.4;q=0.3"], true),
        (&["text/plain; version=1.0.0; q=0.001"], true),
        (
            // As Prometheus asks.
            &[
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                   application/openmetrics-text;version=0.0.1;q=0.5,\
                   text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ],
            true,
        ),
        (
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            true,
        ),
        (&["application/json", "text/plain"], true),
        (&["text/plain;version=9;q=0, text/plain"], true),
        (&["application/json"], false),
        (&["application/openmetrics-text"], false),
        (&["text/html"], false),
        (&["text/plain;q=0"], false),
        (&["text/plain;q=0.000, */*"], false),
        (&["*/*, text/* ; Q=0"], false),
        (&["*/*;q=0"], false),
        (&["text/plain;q=high"], false),
        (&["text/plain;q=nan"], false),
        (&["text/plain;q=-1"], false),
        (&["text/plainer"], false),
    ] {
        let response = get(serving.local_addr(), "/metrics", &headers("Accept", values));
        let expected = if admitted {
            "200 OK"
        } else {
            "406 Not Acceptable"
        };
        assert_eq!(response.status, expected, "{values:?}");
    }
}

#[test]
fn gzip_is_admitted_where_it_is_asked_for() {
    let serving = serve();
    for (values, admitted) in [
        (&[][..], false),
        (&[""], false),
        (&["gzip"], true),
        (&["GZip"], true),
        (&["x-gzip"], true),
        (&["deflate, gzip;q=1.0, *;q=0.5"], true),
        (&["deflate", "gzip"], true),
        (&["*"], true),
        (&["identity"], false),
        (&["br, deflate"], false),
        (&["gzip;q=0"], false),
        (&["gzip;q=0, *"], false),
        (&["*;q=0"], false),
        (&["gzip;q="], false),
    ] {
        let headers = headers("Accept-Encoding", values);
        let response = get(serving.local_addr(), "/metrics", &headers);
        let expected = admitted.then_some("gzip");
        assert_eq!(response.header("content-encoding"), expected, "{values:?}");
    }
}

#[test]
fn a_response_depends_on_method_and_path() {
    let serving = serve();
    for (line, status, body) in [
        ("GET /metrics", "200 OK", PAGE),
        ("HEAD /metrics", "200 OK", PAGE),
        ("GET /metrics?name[]=x", "200 OK", PAGE),
        ("GET http://localhost:9750/metrics?", "200 OK", PAGE),
        ("GET /", "200 OK", "the metrics are at /metrics\n"),
        (
            "GET HTTP://localhost:9750",
            "200 OK",
            "the metrics are at /metrics\n",
        ),
        (
            "POST /metrics",
            "405 Method Not Allowed",
            "only GET and HEAD are allowed\n",
        ),
        (
            "get /metrics",
            "405 Method Not Allowed",
            "only GET and HEAD are allowed\n",
        ),
        (
            "DELETE /",
            "405 Method Not Allowed",
            "only GET and HEAD are allowed\n",
        ),
        (
            "GET /metrics/",
            "404 Not Found",
            "only /metrics is served\n",
        ),
        (
            "GET /metrics%20",
            "404 Not Found",
            "only /metrics is served\n",
        ),
        (
            "GET //metrics",
            "404 Not Found",
            "only /metrics is served\n",
        ),
        ("OPTIONS *", "404 Not Found", "only /metrics is served\n"),
        ("CONNECT x:80", "404 Not Found", "only /metrics is served\n"),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
        let response = ask(serving.local_addr(), &request);
        let body = if line.starts_with("HEAD") { "" } else { body };
        assert_eq!(
            (&response.status[..], response.text()),
            (status, body),
            "{line}"
        );
    }
}

#[test]
fn headers_may_come_in_any_case_and_more_than_once() {
    let serving = serve();
    for (headers, status, encoding) in [
        ("aCCept: application/json", "406 Not Acceptable", None),
        (
            "Accept: application/json\r\nACCEPT: text/plain",
            "200 OK",
            None,
        ),
        ("accept-encoding: br, gzip", "200 OK", Some("gzip")),
        (
            "Accept-Encoding: br\r\nAccept-Encoding: gzip",
            "200 OK",
            Some("gzip"),
        ),
        ("X-Accept: text/html", "200 OK", None),
        (
            "Accept: \u{e9}\r\nAccept: \u{ff}",
            "406 Not Acceptable",
            None,
        ),
    ] {
        let request = format!("GET /metrics HTTP/1.1\r\nhost:\r\n{headers}\r\n\r\n");
        let response = ask(serving.local_addr(), &request);
        assert_eq!(response.status, status, "{headers}");
        assert_eq!(response.header("content-encoding"), encoding, "{headers}");
    }
}

#[test]
fn invalid_requests_are_refused() {
    let serving = serve();
    // One more than there may be, with the host.
    let many = "a: b\r\n".repeat(64);
    let malformed = "400 Bad Request";
    let too_long = "431 Request Header Fields Too Large";
    for (request, status) in [
        ("GET /metrics HTTP/1.1\r\n\r\n".to_owned(), malformed),
        ("GET /metrics HTTP/2.0\r\n".to_owned(), malformed),
        ("\x16\x03\x01\x02".to_owned(), malformed),
        ("GET\r\n".to_owned(), malformed),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), too_long),
        (format!("GET /{}", "a".repeat(HEAD_LIMIT)), too_long),
        ("GET /metrics HTTP/1.0\r\nA: b\r\n\r\n".to_owned(), "200 OK"),
    ] {
        assert_eq!(
            ask(serving.local_addr(), &request).status,
            status,
            "{request}"
        );
    }
}

/// The head of a response, without the date.
fn head(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = String::from_utf8_lossy(&response);
    let (head, _) = response.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().filter(|line| !line.starts_with("Date: "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_head_of_a_response_is_complete() {
    let serving = serve();
    for (request, expected) in [
        (
            "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Type: text/plain; version=0.0.4; charset=utf-8\nContent-Length: 44\n\
             Vary: Accept, Accept-Encoding\nConnection: close",
        ),
        (
            "POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 405 Method Not Allowed\nContent-Type: text/plain; charset=utf-8\nContent-Length: 30\n\
             Allow: GET, HEAD\nConnection: close",
        ),
    ] {
        assert_eq!(head(serving.local_addr(), request), expected);
    }
}
