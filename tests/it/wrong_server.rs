//! Servers that are no gateway: none of them makes a delivery a success.

use std::time::{Duration, Instant};

use pushjob::push::{PushError, Pushgateway as Client, Secret};

use crate::support::{Answer, FakeGateway, NodeExporter, Prometheus, gauge, key, ok, pushjob};

/// The error of a push to a server that answers with this, if there is one.
fn push_to(answer: Answer) -> Result<(), PushError> {
    let gateway = FakeGateway::answering([answer]);
    let client = Client::new(&gateway.url()).unwrap();
    client.push(&key(), &gauge("a")).map(drop)
}

#[test]
fn a_node_exporter_is_no_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    let url = exporter.url();
    let reason = format!(
        "{url}/metrics/job/j is not a Pushgateway: it answered with a web page, \"Node Exporter\""
    );
    let command = |name: &str| pushjob([name, "--job", "j", "--gateway", &url]);
    command("push")
        .args(["--gauge", "a=1"])
        .run()
        .exits(1)
        .says_one_line_with(&reason);
    command("pushadd")
        .args(["--gauge", "a=1"])
        .run()
        .exits(1)
        .says_one_line_with(&reason);
    command("delete").run().exits(1).says_one_line_with(&reason);
    command("run")
        .script("exit 0")
        .run()
        .exits(0)
        .says_one_line_with(&reason);
    command("run")
        .script("exit 3")
        .run()
        .exits(3)
        .says_one_line_with(&reason);
    let strict = command("run").args(["--strict"]).script("exit 0").run();
    strict.exits(123).says_one_line_with(&reason);
    // It is kept: the URL may be mended, or the gateway come back to it.
    let spool = tempfile::tempdir().unwrap();
    let kept = command("run").args(["--spool", spool.path().to_str().unwrap()]);
    let kept = kept.script("exit 0").run();
    kept.exits(0)
        .says_one_line_with("\"Node Exporter\"; kept in ");
    let files = std::fs::read_dir(spool.path()).unwrap();
    let is_waiting = |name: &str| name.ends_with(".waiting");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| is_waiting(name)).count(), 1);
}

#[test]
fn a_success_has_no_body_but_whitespace() {
    for (status, headers, body) in [
        ("200 OK", "", ""),
        ("200 OK", "Content-Type: text/plain; charset=utf-8\r\n", ""),
        ("200 OK", "Content-Type: text/html\r\n", "\r\n"),
        ("200 OK", "", " \n\t"),
        ("202 Accepted", "", ""),
        ("204 No Content", "", ""),
        ("201 Created", "", ""),
    ] {
        push_to(Answer::Respond(status, headers, body)).unwrap();
    }
    for raw in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        // What follows the body is not of this response.
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n<html>",
    ] {
        push_to(Answer::Raw(raw.as_bytes())).unwrap();
    }
}

#[test]
fn a_page_is_no_success_whatever_it_is() {
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    let json = "Content-Type: application/json\r\n";
    for (status, headers, body, answer) in [
        (
            "200 OK",
            html,
            "<html><title>Sign in</title>",
            "with a web page, \"Sign in\"",
        ),
        ("200 OK", html, "<html><body>x", "with a web page"),
        ("200 OK", html, "hello\n", "with a web page, \"hello\""),
        ("200 OK", "", "\n <!DOCTYPE html>\n", "with a web page"),
        (
            "202 Accepted",
            html,
            "<title>a\u{1b}</title>",
            "with a web page, \"a\u{fffd}\"",
        ),
        ("206 Partial Content", html, "<p>", "with a web page"),
        ("200 OK", json, "{\"ok\":true}", "with JSON, {\"ok\":true}"),
        ("201 Created", "", "[1]", "with JSON, [1]"),
        ("200 OK", "", "OK\n", "with text, \"OK\""),
        (
            "200 OK",
            "",
            "# HELP a b\n# TYPE a gauge\na 1\n",
            "with metrics of its own",
        ),
        (
            "200 OK",
            "Content-Encoding: gzip\r\n",
            "\u{1f}x",
            "with a compressed page",
        ),
    ] {
        let error = push_to(Answer::Respond(status, headers, body)).unwrap_err();
        assert!(
            error.is_other_server() && error.is_connection_error(),
            "{error}"
        );
        assert!(!error.is_final(), "{error}");
        let end = format!("/metrics/job/j is not a Pushgateway: it answered {answer}");
        assert!(error.to_string().ends_with(&end), "{error}");
    }
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n0\r\n\r\n";
    let until_closed = "HTTP/1.0 200 OK\r\n\r\n<html>";
    for raw in [chunked, until_closed] {
        let error = push_to(Answer::Raw(raw.as_bytes())).unwrap_err();
        assert!(error.is_other_server(), "{error}");
    }
    // Of a client of VictoriaMetrics.
    let gateway = FakeGateway::answering([Answer::Respond("200 OK", html, "<p>")]);
    let client = Client::new(&format!("{}/api/v1/import/prometheus", gateway.url())).unwrap();
    let error = client.push_add(&key(), &gauge("a")).unwrap_err();
    let end = "/metrics/job/j is not VictoriaMetrics: it answered with a web page";
    assert!(error.to_string().ends_with(end), "{error}");
}

#[test]
fn a_body_that_never_ends_is_read_no_longer_than_a_second() {
    let begin = Instant::now();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let page = format!("{head}6\r\n<html>\r\n").leak();
    let error = push_to(Answer::Stall(page)).unwrap_err();
    assert!(error.is_other_server(), "{error}");
    let long = format!("{head}fffff\r\n{}", "x".repeat(100_000)).leak();
    let error = push_to(Answer::Stall(long)).unwrap_err();
    assert!(error.is_other_server(), "{error}");
    push_to(Answer::Stall(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ))
    .unwrap();
    push_to(Answer::Stall(head)).unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
    // One that is promised and does not come could have been a page.
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    let gateway = FakeGateway::answering([Answer::Raw(broken.as_bytes()), ok()]);
    let client = Client::new(&gateway.url()).unwrap();
    assert_eq!(client.push(&key(), &gauge("a")).unwrap().attempts, 2);
}

#[test]
fn prometheus_and_the_root_of_victoria_metrics_are_told_from_a_gateway() {
    let prometheus = Prometheus::scraping("127.0.0.1:1");
    let error = Client::new(&prometheus.url())
        .unwrap()
        .push(&key(), &gauge("a"))
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            " answered 404: 404 page not found; is this the base URL of a Pushgateway (port 9091)? \
             Prometheus itself (port 9090) takes no pushes"
        ),
        "{error}"
    );
    // As VictoriaMetrics says it.
    let unknown = "remoteAddr: \"10.0.0.1:5\"; requestURI: /metrics/job/j; unsupported path requested: \"/metrics/job/j\"";
    let error = push_to(Answer::Respond("400 Bad Request", "", unknown)).unwrap_err();
    assert!(!error.is_final() && error.is_other_server());
    assert!(
        error.to_string().ends_with(
            "/metrics/job/j is not a Pushgateway: it answered like VictoriaMetrics, which takes pushes at \
             /api/v1/import/prometheus below its URL"
        ),
        "{error}"
    );
}

#[test]
fn a_refused_login_says_what_was_sent() {
    let end = |error: PushError| {
        error
            .to_string()
            .split_once(" answered ")
            .unwrap()
            .1
            .to_owned()
    };
    let refuse = |client: pushjob::push::PushgatewayBuilder| {
        end(client
            .build()
            .unwrap()
            .push(&key(), &gauge("a"))
            .unwrap_err())
    };
    let refusing = || FakeGateway::answering([Answer::Respond("401 Unauthorized", "", "no\n")]);
    let secret = || Secret::Value("s3cret".to_owned());
    let client = |gateway: &FakeGateway| Client::builder(&gateway.url());
    let gateway = refusing();
    assert_eq!(
        refuse(client(&gateway)),
        "401: no; no credentials were sent"
    );
    let gateway = refusing();
    assert_eq!(
        refuse(client(&gateway).username("u").password(secret())),
        "401: no; a user name and a password were sent"
    );
    let gateway = refusing();
    assert_eq!(
        refuse(client(&gateway).bearer_token(secret())),
        "401: no; a bearer token was sent"
    );
    let gateway = refusing();
    assert_eq!(
        refuse(client(&gateway).header("authorization", "Token s3cret")),
        "401: no; an `Authorization` header was sent"
    );
    let author = Answer::Respond("302 Found", "Location: http://author.example/x\r\n", "");
    let gateway = FakeGateway::answering([author]);
    assert!(refuse(client(&gateway)).ends_with("name the gateway that it leads to"));
    let gateway = FakeGateway::answering([Answer::Respond(
        "302 Found",
        "Location: https://sso.example/login?to=x\r\n",
        "",
    )]);
    assert_eq!(
        refuse(client(&gateway)),
        "302, a redirect to https://sso.example/login?to=x: it leads to a login, which asks for credentials \
         that the request does not carry"
    );
}
