//! Settings with which no client can be made, and what a URL comes to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pushjob::push::{Proxy, Pushgateway as Client, PushgatewayBuilder, Secret};

use crate::support::{FakeGateway, gauge, key, ok, pushjob};

fn builder() -> PushgatewayBuilder {
    Client::builder("h").proxy(Proxy::None)
}

/// The error without a client, or nothing.
fn refusal(builder: &PushgatewayBuilder) -> Result<(), String> {
    builder.check().map(drop).map_err(|error| error.to_string())
}

#[test]
fn base_urls_are_completed() {
    for (text, base) in [
        ("localhost:9091", "http://localhost:9091"),
        ("localhost", "http://localhost"),
        ("http://h", "http://h"),
        ("HTTP://Host:80/", "http://host"),
        ("10.0.0.1:9091", "http://10.0.0.1:9091"),
        ("[::1]:9091", "http://[::1]:9091"),
        ("http://[fe80::1]/", "http://[fe80::1]"),
        ("http://h/a/b//", "http://h/a/b"),
        ("h/prefix", "http://h/prefix"),
        ("http://u:p@h", "http://h"),
        ("u:p%40%3A@h:1", "http://h:1"),
        ("http://u@h", "http://h"),
        ("http://%C3%BC@h", "http://h"),
    ] {
        let address = Client::builder(text).address().unwrap();
        assert_eq!(address.base_url(), base, "{text}");
    }
}

#[test]
fn user_name_and_password_in_a_url_are_decoded() {
    for (login, sent) in [
        ("u:p%40%3A@", Some("u:p@:")),
        ("u@", Some("u:")),
        ("%C3%BC@", Some("\u{fc}:")),
        ("", None),
    ] {
        let gateway = FakeGateway::answering([ok()]);
        let url = gateway.url().replace("//", &format!("//{login}"));
        Client::new(&url)
            .unwrap()
            .push(&key(), &gauge("a"))
            .unwrap();
        let sent = sent.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
        let request = gateway.requests().remove(0);
        assert_eq!(
            request.headers.get("authorization"),
            sent.as_ref(),
            "{login}"
        );
    }
}

#[test]
fn wrong_base_urls_say_what_is_wrong_and_keep_the_password_to_themselves() {
    for (text, message) in [
        ("", r#""" is not the URL of a gateway: it is empty"#),
        (
            "ftp://h",
            r#""ftp://h" is not the URL of a gateway: the scheme is neither http nor https"#,
        ),
        (
            "http://",
            r#""http://" is not the URL of a gateway: empty host"#,
        ),
        (
            "h:99999",
            r#""h:99999" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "http://h/?a=1",
            r#""http://h/?…" is not the URL of a gateway: it has a query or a fragment"#,
        ),
        (
            "http://u:secret@h:x",
            r#""http://…@h:…" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "https:u:secret@h",
            r#""…@h" is not the URL of a gateway: `//` is missing after the scheme"#,
        ),
        (
            "http:/u:secret@h:1",
            r#""…@h:1" is not the URL of a gateway: `//` is missing after the scheme"#,
        ),
        (
            "http://u:secret",
            r#""http://u:…" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "u:sec%40ret/h",
            r#""u:…" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "[::1]:secret",
            r#""[::1]:…" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "http://h#secret",
            r#""http://h#…" is not the URL of a gateway: it has a query or a fragment"#,
        ),
        (
            "u:sec/ret@h",
            r#""…@h" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "u/sec:ret@h",
            r#""…@h" is not the URL of a gateway: there is an `@` in its path; in a password write %2F for a slash"#,
        ),
        (
            "u:pa://ss@h:x",
            r#""…@h:…" is not the URL of a gateway: invalid port number"#,
        ),
        (
            "http://u:se@cret@h h",
            r#""http://…@h h" is not the URL of a gateway: it holds a blank or a control character"#,
        ),
    ] {
        assert_eq!(Client::new(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let proxy = |url: &str| refusal(&Client::builder("h").proxy(Proxy::Url(url.to_owned())));
    assert_eq!(proxy("http://u:p%40@p.example:3128/"), Ok(()));
    for (url, message) in [
        (
            "socks5://u:secret@p:1080",
            r#""socks5://…@p:1080" is not the URL of a proxy: only http:// proxies are supported"#,
        ),
        (
            "https://p",
            r#""https://p" is not the URL of a proxy: only http:// proxies are supported"#,
        ),
        ("", r#""" is not the URL of a proxy: it is empty"#),
        (
            "http://:secret@p",
            r#""http://…@p" is not the URL of a proxy: it has a password, but no user name"#,
        ),
    ] {
        assert_eq!(proxy(url), Err(message.to_owned()));
    }
}

#[test]
fn headers_that_repeat_ours_or_cannot_be_sent_are_refused() {
    let one = |name: &str, value: &str| refusal(&builder().header(name, value));
    for (name, value) in [
        ("X-Scope-OrgID", "tenant 1"),
        ("x", ""),
        ("X-Tab", "a\tb"),
        ("X-Name", "ü"),
        ("Authorization", "Token abc"),
    ] {
        assert_eq!(one(name, value), Ok(()), "{name}");
    }
    for (name, value, reason) in [
        ("Content-Type", "x", "the client sets it itself"),
        ("HOST", "x", "the client sets it itself"),
        ("user-agent", "x", "the client sets it itself"),
        ("", "x", "it is not a header name"),
        ("a b", "x", "it is not a header name"),
        ("ü", "x", "it is not a header name"),
        ("X-A", "a\r\nX-B: b", "its value holds a control character"),
        ("X-A", "a\u{1}b", "its value holds a control character"),
        ("X-A", " a", "its value begins or ends with a blank"),
        ("X-A", "a ", "its value begins or ends with a blank"),
    ] {
        assert_eq!(one(name, value), Err(format!("header {name:?}: {reason}")));
    }
    for name in "accept accept-encoding connection content-encoding content-length content-type expect host \
                 keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade user-agent"
        .split_whitespace()
    {
        assert!(one(name, "x").is_err(), "{name}");
    }
    let many = |name: &str, count| {
        let all = (0..count).fold(builder(), |builder, _| builder.header(name, "1"));
        refusal(&all)
    };
    assert_eq!(many("X-A", 2), Ok(()));
    assert_eq!(
        many("Authorization", 2).unwrap_err(),
        "header \"Authorization\": it is given twice"
    );
    assert!(many(&"n".repeat(100), 200).is_err());
    let token = builder().bearer_token(Secret::Value("t".to_owned()));
    assert_eq!(
        refusal(&token.header("authorization", "x")).unwrap_err(),
        "header \"authorization\": the client sets it from the credentials it was given"
    );
    assert_eq!(
        one("x", &"y".repeat(13_000)).unwrap_err(),
        "the further headers hold more than 12288 bytes"
    );
}

#[test]
fn the_path_of_groups_at_the_end_of_a_base_url_is_refused_with_what_to_write() {
    let import = "/api/v1/import/prometheus";
    for (prefix, groups) in [
        ("", "/metrics"),
        ("", "/metrics/"),
        ("", "//metrics//"),
        ("", "/%6Detrics/job"),
        ("", "/metrics/job"),
        ("", "/metrics/job/"),
        ("", "/metrics/job/x"),
        ("", "/metrics/job/x/instance/i/"),
        ("", "/metrics/job@base64/YS9i"),
        ("/prefix", "/metrics/job/"),
        ("/metrics-push", "/metrics"),
        (import, "/metrics/job/x"),
        (import, "/metrics"),
    ] {
        let url = format!("http://u:s3cret@h:9091{prefix}{groups}");
        let expected = format!(
            "{:?} is not the URL of a gateway: it ends in the path of its groups, which is added to it; \
             give the base URL: http://h:9091{prefix}",
            url.replace("u:s3cret", "\u{2026}")
        );
        let message = Client::new(&url).unwrap_err().to_string();
        if url.contains("@base64") {
            // What stands before the last `@` may be a login.
            assert!(message.ends_with("base URL: http://h:9091"), "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        } else {
            assert_eq!(message, expected);
        }
    }
    for path in [
        "/metrics-push",
        "/prefix",
        "/metrics/other",
        "/job",
        "/job/metrics-x",
        import,
    ] {
        assert!(Client::new(&format!("h{path}")).is_ok(), "{path}");
    }
}

#[test]
fn what_a_shell_or_a_file_leaves_in_a_url_is_named() {
    let quotes = "the quotation marks are part of it: write it without them";
    let variable = "it holds a `$`: a variable in it was not replaced by its value";
    let comma = "it holds a comma: this takes one URL; repeat `--gateway` for each further one";
    let odd = "its host holds a character that no host name has";
    for (url, reason) in [
        ("\"http://h:9091\"", quotes),
        ("'http://h:9091'", quotes),
        ("http://h:9091\"", quotes),
        ("${GW}", variable),
        ("$GW", variable),
        ("http://$GW:9091", variable),
        ("http://h:9091/${PREFIX}", variable),
        ("http://u:p@$(hostname):9091", variable),
        ("a:9091,b:9091", comma),
        ("http://a:9091,http://b:9091", comma),
        ("http://a/x,http://b/y", comma),
        ("http://u:p@a,b", comma),
        ("{{gateway}}", odd),
        ("<gateway>:9091", odd),
    ] {
        let message = Client::new(url).unwrap_err().to_string();
        if url.starts_with('<') {
            assert!(
                message.ends_with("invalid international domain name"),
                "{message}"
            );
        } else {
            assert!(
                message.ends_with(&format!(": {reason}")),
                "{url}: {message}"
            );
        }
    }
    for url in [
        "u:p,$w@h",
        "h/a,b",
        "h/$x",
        "my_host:1",
        "b\u{fc}cher.example",
    ] {
        assert!(Client::new(url).is_ok(), "{url}");
    }
}

#[test]
fn a_wrong_url_is_told_before_the_job_runs_or_keeps_it_from_running() {
    let run = |url: &str| pushjob(["run", "--job", "j"]).env("PUSHJOB_GATEWAY", url);
    let quotes = "the value is in quotes, which are taken as part of it: remove the quotes";
    for (url, advice, reason) in [
        (
            "\"http://h:9091\"",
            Some(quotes),
            "the quotation marks are part of it",
        ),
        (
            "${GW}",
            Some("`${GW}` was not replaced by its value"),
            "a variable in it was not replaced",
        ),
        (
            "http://h:9091/metrics/job/x",
            None,
            "give the base URL: http://h:9091",
        ),
    ] {
        let finished = run(url).script("echo ran >&2; exit 3").run();
        finished.exits(3);
        // Advice on the value comes first, before the job has a name.
        let advice = advice.map_or_else(String::new, |advice| {
            format!("pushjob: PUSHJOB_GATEWAY: {advice}\n")
        });
        let said = finished.stderr.strip_prefix(&advice).unwrap();
        let (warning, rest) = said.split_once('\n').unwrap();
        assert!(
            warning.starts_with("pushjob: j: PUSHJOB_GATEWAY: "),
            "{finished}"
        );
        assert!(warning.contains(reason), "{finished}");
        assert_eq!(rest, "ran\n");
        run(url)
            .args(["--strict"])
            .script("exit 3")
            .run()
            .exits(125);
    }
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        "a:9091,b:9091",
        "--",
        "false",
    ])
    .run()
    .exits(125)
    .says_one_line_with("repeat `--gateway`");
}
