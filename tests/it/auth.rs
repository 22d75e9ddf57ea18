//! What a request carries beside the metrics: credentials, headers, compression.

use std::io::Write;

use pushjob::exposition::MetricFamilies;
use pushjob::push::{Compression, Pushgateway as Client, Secret};

use crate::support::{FakeGateway, Pushgateway, gauge, key, ok, push_to, pushjob, run_to};

#[test]
fn a_real_gateway_takes_passwords_with_colons_and_other_letters() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("web.yml");
    // bcrypt of "pä:ß wörd", cost 4.
    let hash = "$2y$04$qQvSdjeruSV7b5MUmnOM/.d7.IsPs3Q5yqmYcY0QboP37zcMLVG6m";
    std::fs::write(&config, format!("basic_auth_users:\n  u: {hash}\n")).unwrap();
    let gateway = Pushgateway::start_with(&[&format!("--web.config.file={}", config.display())]);
    let password = folder.path().join("password");
    std::fs::write(&password, "pä:ß wörd\n").unwrap();
    let push = |gateway: &str, password: &str| {
        pushjob(["push", "--job", "j", "--gauge", "a=1", "--username", "u"])
            .args(["--gateway", gateway, "--password-file", password])
            .run()
    };
    push(gateway.address(), password.to_str().unwrap())
        .exits(0)
        .says("");
    let in_url = format!("u:p%C3%A4%3A%C3%9F%20w%C3%B6rd@{}", gateway.address());
    push_to(&in_url).run().exits(0).says("");
    std::fs::write(&password, "pä:ß\n").unwrap();
    push(gateway.address(), password.to_str().unwrap())
        .exits(1)
        .says_one_line_with(" answered 401: Unauthorized; a user name and a password were sent\n");
}

#[test]
fn a_bearer_token_is_read_at_each_delivery() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let gateway = FakeGateway::answering([ok(), ok()]);
    let client = Client::builder(&gateway.url())
        .bearer_token(Secret::File(file.path().to_owned()))
        .build()
        .unwrap();
    for token in [" first.token-1 \n\n", "second/token+2=="] {
        std::fs::write(&file, token).unwrap();
        client.push(&key(), &gauge("a")).unwrap();
    }
    let requests = gateway.requests();
    let sent = requests
        .iter()
        .map(|request| request.headers["authorization"].as_str());
    assert!(sent.eq(["Bearer first.token-1", "Bearer second/token+2=="]));
    for (token, trouble) in [
        (
            "",
            "is empty, or holds a second line or a control character",
        ),
        (
            " \n",
            "is empty, or holds a second line or a control character",
        ),
        (
            "two\nlines\n",
            "is empty, or holds a second line or a control character",
        ),
        (
            "nul\0",
            "is empty, or holds a second line or a control character",
        ),
        (
            "two words\n",
            "holds a blank or a character that is not ASCII",
        ),
        ("é", "holds a blank or a character that is not ASCII"),
    ] {
        std::fs::write(&file, token).unwrap();
        let error = client.push(&key(), &gauge("a")).unwrap_err();
        let source = std::error::Error::source(&error).unwrap();
        let expected = format!("bearer token file {} {trouble}", file.path().display());
        assert_eq!(source.to_string(), expected, "{token:?}");
    }
}

#[test]
fn a_bearer_token_comes_from_flag_and_environment() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "file-token\n").unwrap();
    let path = file.path().to_str().unwrap();
    for (args, variables, sent) in [
        (
            &["--bearer-token-file", path][..],
            &[][..],
            "Bearer file-token",
        ),
        (
            &[],
            &[("PUSHJOB_BEARER_TOKEN_FILE", path)],
            "Bearer file-token",
        ),
        (
            &[],
            &[("PUSHJOB_BEARER_TOKEN", "its-value")],
            "Bearer its-value",
        ),
        (
            &["--bearer-token-file", path],
            &[("PUSHJOB_BEARER_TOKEN", "its-value")],
            "Bearer file-token",
        ),
    ] {
        let gateway = FakeGateway::answering([ok()]);
        let run = run_to(gateway.url()).args(args);
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value));
        run.job(["true"]).run().exits(0).says("");
        assert_eq!(gateway.requests()[0].headers["authorization"], sent);
    }
}

#[test]
fn the_longest_credentials_and_headers_there_may_be_are_sent() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let builder = || Client::builder(&gateway.url()).header("X-Long", "x".repeat(12_000));
    let longest = || "y".repeat(8192);
    let clients = [
        builder().bearer_token(Secret::Value(longest())),
        builder()
            .username("u".repeat(1024))
            .password(Secret::Value(longest())),
    ];
    let key = key().with_label("l", "/".repeat(6_000)).unwrap();
    for client in clients {
        client.build().unwrap().push(&key, &gauge("a")).unwrap();
    }
    for request in gateway.requests() {
        assert_eq!(request.headers["x-long"].len(), 12_000);
        assert!(request.headers["authorization"].len() > 8192);
        assert_eq!(request.body, "# TYPE a gauge\na 1\n");
    }
    for wrong in [
        builder().bearer_token(Secret::Value("y".repeat(8193))),
        builder()
            .username("u")
            .password(Secret::Value("y".repeat(8193))),
        builder().username("y".repeat(1025)),
    ] {
        assert_eq!(
            wrong.build().unwrap_err().to_string(),
            "the user name holds more than 1024 bytes, or the password or token more than 8192"
        );
    }
}

#[test]
fn two_ways_to_say_who_we_are_are_an_error() {
    let both = "both a bearer token and a user name or password are given: a request can carry only one of them";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "t").unwrap();
    let path = file.path().to_str().unwrap();
    let push = |args: &[&str]| {
        pushjob(["push", "--job", "j", "--gauge", "a=1"])
            .args(args)
            .run()
    };
    for args in [
        &["--gateway", "h", "--username", "u"][..],
        &["--gateway", "u@h"],
        &["--gateway", "u:p@h"],
    ] {
        push(&[args, &["--bearer-token-file", path]].concat())
            .exits(2)
            .says(&format!("pushjob: --bearer-token-file: {both}\n"));
    }
    run_to("h")
        .env("PUSHJOB_BEARER_TOKEN", "t")
        .env("PUSHJOB_PASSWORD", "p")
        .job(["true"])
        .run()
        .exits(0)
        .says(&format!(
            "pushjob: j: PUSHJOB_BEARER_TOKEN: {both}; the run is not recorded\n"
        ));
    run_to("h")
        .env("PUSHJOB_BEARER_TOKEN", "t")
        .env("PUSHJOB_BEARER_TOKEN_FILE", path)
        .job(["true"])
        .run()
        .exits(0)
        .says(
            "pushjob: j: PUSHJOB_BEARER_TOKEN_FILE: PUSHJOB_BEARER_TOKEN is set too: set one of the two; the \
             run is not recorded\n",
        );
}

#[test]
fn further_headers_are_sent_and_those_that_repeat_ours_refused() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let url = gateway.url();
    let push = |args: &[&str]| push_to(&url).args(args).run();
    push(&[
        "--header",
        "X-Scope-OrgID: team a, b",
        "--header",
        "Authorization: Token x",
    ])
    .exits(0)
    .says("");
    run_to(&url)
        .env("PUSHJOB_HEADER", "X-A: 1, X-B:2")
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    let requests = gateway.requests();
    let sent = |index: usize, name: &str| requests[index].headers.get(name).map(String::as_str);
    assert_eq!(sent(0, "x-scope-orgid"), Some("team a, b"));
    assert_eq!(sent(0, "authorization"), Some("Token x"));
    assert_eq!((sent(1, "x-a"), sent(1, "x-b")), (Some("1"), Some("2")));
    for (header, message) in [
        (
            "Content-Type: x",
            "header \"Content-Type\": the client sets it itself",
        ),
        ("host: x", "header \"host\": the client sets it itself"),
        ("X A: x", "header \"X A\": it is not a header name"),
        (": x", "header \"\": it is not a header name"),
        (
            "X-A",
            "there is a header that is not of the form `Name: value`",
        ),
        (
            "X: a\r\nY: b",
            "header \"X\": its value holds a control character",
        ),
    ] {
        push(&["--header", header])
            .exits(2)
            .says(&format!("pushjob: --header: {message}\n"));
    }
    push(&["--username", "u", "--header", "Authorization: Token x"])
        .exits(2)
        .says(
            "pushjob: --header: header \"Authorization\": the client sets it from the credentials it was given\n",
        );
}

#[test]
fn bodies_are_compressed_where_it_is_asked_for() {
    let gateway = Pushgateway::start();
    let client = Client::builder(gateway.address())
        .compression(Compression::Gzip)
        .build()
        .unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(gateway.group("j").metrics, ["a"]);
    client.push_add(&key(), &MetricFamilies::new()).unwrap();
    client.push(&key(), &MetricFamilies::new()).unwrap();
    assert_eq!(gateway.group("j").metrics, [""; 0]);
    client.delete(&key()).unwrap();
    gateway.waits_for_groups(0);
    run_to(gateway.address())
        .args(["--compression", "gzip"])
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    assert_eq!(gateway.reported("j", "success"), "1");
    let fake = FakeGateway::answering([ok(), ok(), ok()]);
    let push = |compression: &str| {
        push_to(fake.url())
            .env("PUSHJOB_COMPRESSION", compression)
            .run()
    };
    push("gzip").exits(0);
    push("none").exits(0);
    pushjob([
        "delete",
        "--job",
        "j",
        "--compression",
        "gzip",
        "--gateway",
        &fake.url(),
    ])
    .run()
    .exits(0);
    push("zstd")
        .exits(2)
        .says("pushjob: PUSHJOB_COMPRESSION: \"zstd\" is neither `gzip` nor `none`\n");
    let requests = fake.requests();
    let encoding = |index: usize| requests[index].headers.get("content-encoding").cloned();
    assert_eq!(encoding(0).as_deref(), Some("gzip"));
    assert_eq!((encoding(1), encoding(2)), (None, None));
    assert_eq!(gunzip(&requests[0].bytes), requests[1].bytes);
}

/// By the command, which everybody has.
fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let output = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(file.reopen().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}
