//! Every secret there is, set at once, and a search of all that is said, shown and passed on.

use std::fmt::Debug;

use pushjob::grouping::GroupingKey;
use pushjob::push::{Proxy, Pushgateway as Client, PushgatewayBuilder, Secret};

use crate::support::{Answer, FakeGateway, Finished, gauge, key, logged, ok, pki, pushjob};

/// What each secret holds; and the base64 of what goes into headers.
const SECRETS: [&str; 10] = [
    "url-s3cret",
    "password-s3cret",
    "bearer-s3cret",
    "header-s3cret",
    "proxy-s3cret",
    "file-s3cret",
    "dTp1cmwtczNjcmV0",
    "dTpwYXNzd29yZC1zM2NyZXQ",
    "dTpwcm94eS1zM2NyZXQ",
    "dTpmaWxlLXMzY3JldA",
];

#[track_caller]
fn holds_no_secret(text: &str) {
    for secret in SECRETS.into_iter().chain(["PRIVATE KEY"]) {
        if let Some(at) = text.find(secret) {
            let before: String = text[..at].chars().rev().take(60).collect();
            let before: String = before.chars().rev().collect();
            panic!("{secret} after {before:?}");
        }
    }
}

#[track_caller]
fn shows_no_secret(value: &impl Debug) {
    holds_no_secret(&format!("{value:?} {value:#?}"));
}

fn secret(value: &str) -> Secret {
    Secret::Value(value.to_owned())
}

/// A server that sends back what it was told in confidence.
fn echo() -> FakeGateway {
    FakeGateway::answering([Answer::Echo, Answer::Echo, Answer::Echo, Answer::Echo])
}

#[test]
fn a_client_shows_no_secret() {
    let gateway = echo();
    let with_user = gateway.url().replace("//", "//u:url-s3cret@");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "file-s3cret\n").unwrap();
    let builders: [PushgatewayBuilder; 4] = [
        Client::builder(&with_user),
        Client::builder(&with_user).password(secret("password-s3cret")),
        Client::builder(&with_user).password(Secret::File(file.path().to_owned())),
        Client::builder(&gateway.url()).bearer_token(secret("bearer-s3cret")),
    ];
    let key = GroupingKey::new("j").unwrap();
    for builder in builders {
        let builder = builder
            .header("X-Key", "header-s3cret")
            .tls_client_certificate(pki().file("client.pem"), pki().file("client.key"));
        shows_no_secret(&builder);
        shows_no_secret(
            &builder
                .clone()
                .proxy(Proxy::Url("http://u:proxy-s3cret@p".to_owned())),
        );
        let client = builder.build().unwrap();
        shows_no_secret(&client);
        let error = client.push(&key, &gauge("a")).unwrap_err();
        shows_no_secret(&error);
        holds_no_secret(&error.to_string());
        holds_no_secret(&client.url(&key));
    }
    let proxied = Client::builder("https://h.invalid")
        .proxy(Proxy::Url("http://u:proxy-s3cret@127.0.0.1:1".to_owned()))
        .retries(0)
        .build()
        .unwrap();
    shows_no_secret(&proxied);
    let error = proxied.push(&key, &gauge("a")).unwrap_err();
    holds_no_secret(&format!("{error} {error:?}"));
    // What cannot be used is not shown either.
    for wrong in [
        Client::builder("http://u:url-s3cret@h:x"),
        Client::builder("u/url-s3cret@h"),
        Client::builder("h").username("u:password-s3cret"),
        Client::builder("h").bearer_token(secret("bearer-s3cret two")),
        Client::builder("h").password(secret("password-s3cret")),
        Client::builder("http://u:url-s3cret@h").bearer_token(secret("bearer-s3cret")),
        Client::builder("h").header("X-Key", "header-s3cret\n"),
        Client::builder("h").proxy(Proxy::Url("socks5://u:proxy-s3cret@p".to_owned())),
    ] {
        let error = wrong.build().unwrap_err();
        holds_no_secret(&format!("{error} {error:?} {wrong:?}"));
    }
}

#[test]
fn what_is_sent_back_in_pieces_or_in_other_places_is_not_shown() {
    let long: &'static str =
        Box::leak(format!("{}header-s3cret", "x".repeat(494)).into_boxed_str());
    let at = |url: &str| {
        Client::builder(url)
            .header("X-Key", "header-s3cret")
            .retries(0)
            .build()
            .unwrap()
    };
    let gateway = FakeGateway::answering([
        Answer::Respond("403 Forbidden", "", long),
        Answer::Respond("302 Found", "Location: http://h/header-s3cret\r\n", ""),
        Answer::Respond("302 Found", "Location: http://u:other-s3cret@h/\r\n", ""),
    ]);
    for _ in 0..3 {
        let error = at(&gateway.url()).push(&key(), &gauge("a")).unwrap_err();
        let text = error.to_string();
        assert!(
            !text.contains("heade") && !text.contains("s3cret"),
            "{text}"
        );
    }
    // The login of a proxy, from the proxy itself.
    let proxy =
        FakeGateway::answering([Answer::Raw(b"HTTP/1.1 407 dTpwcm94eS1zM2NyZXQ= no\r\n\r\n")]);
    let client = Client::builder("https://h.invalid")
        .proxy(Proxy::Url(proxy.url().replace("//", "//u:proxy-s3cret@")))
        .build()
        .unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    holds_no_secret(&error.to_string());
    assert!(error.to_string().contains("HTTP/1.1 407 … no"), "{error}");
    // One secret that begins another.
    let gateway = FakeGateway::answering([Answer::Echo]);
    let client = Client::builder(&gateway.url())
        .username("u")
        .password(secret("head"))
        .header("X-Key", "header-s3cret");
    let error = client
        .build()
        .unwrap()
        .push(&key(), &gauge("a"))
        .unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
    // What is short is in messages by chance.
    let gateway = FakeGateway::answering([Answer::Respond("403 Forbidden", "", "bad data")]);
    let client = Client::builder(&gateway.url())
        .username("u")
        .password(secret("a"));
    let error = client
        .build()
        .unwrap()
        .push(&key(), &gauge("a"))
        .unwrap_err();
    assert!(error.to_string().contains(" 403: bad data; "), "{error}");
}

#[test]
fn the_log_of_the_library_shows_no_secret() {
    let gateway = FakeGateway::answering([ok(), ok(), ok()]);
    let proxy = gateway.url().replace("//", "//u:proxy-s3cret@");
    let logged = logged(|| {
        for builder in [
            Client::builder(&gateway.url().replace("//", "//u:url-s3cret@")),
            Client::builder(&gateway.url()).bearer_token(secret("bearer-s3cret")),
            Client::builder("http://u:url-s3cret@h.invalid").proxy(Proxy::Url(proxy)),
        ] {
            let client = builder.header("X-Key", "header-s3cret").build().unwrap();
            client.push(&key(), &gauge("a")).unwrap();
        }
    });
    assert!(
        logged.contains("POST") || logged.contains("PUT"),
        "{logged}"
    );
    // Text that is logged as columns of bytes has them in pieces.
    let compact: String = logged.chars().filter(char::is_ascii_graphic).collect();
    holds_no_secret(&logged);
    holds_no_secret(&compact);
    assert!(!logged.to_ascii_lowercase().contains("x-key"), "{logged}");
    for request in gateway.requests() {
        assert_eq!(request.headers["x-key"], "header-s3cret");
    }
}

/// A job that shows its environment and the arguments of all processes around it.
const CURIOUS: &str = "env; cat /proc/self/environ; cat /proc/$$/cmdline; cat /proc/$PPID/cmdline";

/// All that a command has said and its job seen, but for the flags that it was given.
#[track_caller]
fn finishes_without_secrets(finished: &Finished) {
    holds_no_secret(&String::from_utf8_lossy(&finished.stdout));
    holds_no_secret(&finished.stderr);
}

#[test]
fn a_run_shows_no_secret_and_hands_none_on() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "file-s3cret\n").unwrap();
    let file = file.path().to_str().unwrap();
    let (certificate, key) = (pki().file("client.pem"), pki().file("client.key"));
    for variables in [
        &[
            ("PUSHJOB_USERNAME", "u"),
            ("PUSHJOB_PASSWORD", "password-s3cret"),
        ][..],
        &[("PUSHJOB_USERNAME", "u"), ("PUSHJOB_PASSWORD_FILE", file)],
        &[("PUSHJOB_BEARER_TOKEN", "bearer-s3cret")],
        &[],
    ] {
        let gateway = echo();
        let url = if variables.is_empty() {
            gateway.url().replace("//", "//u:url-s3cret@")
        } else {
            gateway.url()
        };
        let run = pushjob(["run", "-vv", "--job", "j", "--start-after", "0s"])
            .env("PUSHJOB_GATEWAY", &url)
            .env("PUSHJOB_HEADER", "X-Key: header-s3cret")
            .env(
                "PUSHJOB_PROXY",
                gateway.url().replace("//", "//u:proxy-s3cret@"),
            )
            .env("PUSHJOB_TLS_CERT_FILE", &certificate)
            .env("PUSHJOB_TLS_KEY_FILE", &key);
        let run = variables
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value));
        let finished = run.script(CURIOUS).run();
        finished.exits(0);
        finishes_without_secrets(&finished);
        assert!(finished.stderr.contains("cannot push: "), "{finished}");
        // What it had to tell the gateway, it told in headers alone.
        let requests = gateway.requests();
        assert!(!requests.is_empty());
        for request in requests {
            assert_eq!(request.headers["x-key"], "header-s3cret");
            assert!(request.headers.contains_key("authorization"));
            holds_no_secret(&request.body);
            holds_no_secret(&request.path);
        }
    }
}

#[test]
fn a_dry_run_and_wrong_settings_show_no_secret() {
    let run = |name: &str, value: &str, args: &[&str]| {
        pushjob(["run", "-vv", "--job", "j"])
            .args(args)
            .env("PUSHJOB_GATEWAY", "http://u:url-s3cret@127.0.0.1:1")
            .env(name, value)
            .script(CURIOUS)
            .run()
    };
    finishes_without_secrets(&run("PUSHJOB_PASSWORD", "password-s3cret", &["--dry-run"]));
    for (name, value) in [
        ("PUSHJOB_GATEWAY", "ftp://u:url-s3cret@h"),
        ("PUSHJOB_GATEWAY", "h,u:url-s3cret@h:x"),
        ("PUSHJOB_USERNAME", "u:password-s3cret"),
        ("PUSHJOB_BEARER_TOKEN", "bearer-s3cret"),
        ("PUSHJOB_BEARER_TOKEN", "bearer-s3cret two"),
        ("PUSHJOB_HEADER", "header-s3cret"),
        ("PUSHJOB_HEADER", "Authorization: header-s3cret"),
        ("PUSHJOB_HEADER", "X: header-s3cret\u{1}"),
        ("PUSHJOB_PROXY", "socks5://u:proxy-s3cret@h"),
        ("http_proxy", "socks5://u:proxy-s3cret@h"),
    ] {
        let finished = run(name, value, &[]);
        finished.exits(0);
        holds_no_secret(&finished.stderr);
        // A variable that is not ours is the job's own.
        if name.starts_with("PUSHJOB") {
            finishes_without_secrets(&finished);
        }
    }
}

#[test]
fn a_job_keeps_the_variables_without_a_secret() {
    let finished = pushjob(["run", "--dry-run", "-qq", "--job", "j"])
        .env("PUSHJOB_GATEWAY", "http://h:1,i:2,")
        .env("PUSHJOB_PROXY", "http://p:1")
        .env("PUSHJOB_USERNAME", "u")
        .script("env")
        .run();
    let seen = String::from_utf8_lossy(&finished.exits(0).stdout).into_owned();
    for line in [
        "PUSHJOB_GATEWAY=http://h:1,i:2,",
        "PUSHJOB_PROXY=http://p:1",
        "PUSHJOB_USERNAME=u",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line}");
    }
}

#[test]
fn a_secret_is_removed_before_a_text_is_shortened_and_in_every_form() {
    // The first line that is shown ends within the secret, or the response does.
    let line = |before: usize| format!("{}Zm9v-S3cret/+", "x".repeat(before)).leak();
    let proxy_line = format!("HTTP/1.1 407 {}Zm9v-S3cret/+\r\n\r\n", "x".repeat(482)).leak();
    let cut = format!("{}Zm9v-S3cret/+{}", "\n".repeat(65_530), "y".repeat(99)).leak();
    let escaped =
        r#"{"error": "key Zm9v-S3cret\/\u002b and Zm9v%2DS3cret%2F%2b and Wm05di1TM2NyZXQvKw"}"#;
    let series = format!(
        "collected metric \"b\" {{ label:{{name:\"x\" value:\"{}Zm9v-S3cret/+\"}} }} has a label",
        "x".repeat(490)
    );
    for answer in [
        Answer::Respond("403 Forbidden", "", line(495)),
        Answer::Respond("403 Forbidden", "", cut),
        Answer::Respond("403 Forbidden", "", escaped),
        Answer::Respond("400 Bad Request", "", series.leak()),
        Answer::Respond(
            "302 Found",
            "Location: http://h/Zm9v%2DS3cret%2F%2B\r\n",
            "",
        ),
    ] {
        let gateway = FakeGateway::answering([answer]);
        let client = Client::builder(&gateway.url()).header("X-Key", "Zm9v-S3cret/+");
        let error = client
            .build()
            .unwrap()
            .push(&key(), &gauge("a"))
            .unwrap_err();
        let text = error.to_string();
        assert!(!text.contains("Zm") && !text.contains("Wm"), "{text}");
    }
    let proxy = FakeGateway::answering([Answer::Raw(proxy_line.as_bytes())]);
    let url = proxy.url().replace("//", "//u:Zm9v-S3cret%2F+@");
    let client = Client::builder("https://h.invalid")
        .proxy(Proxy::Url(url))
        .build();
    let error = client.unwrap().push(&key(), &gauge("a")).unwrap_err();
    assert!(!error.to_string().contains("Zm"), "{error}");
}

#[test]
fn a_url_without_an_at_sign_shows_no_password_either() {
    for url in [
        "u:s3cret",
        "//u:s3cret",
        "/u:s3cret",
        "///u:s3cret/x",
        "http:///u:s3cret",
        "http:/u:s3cret",
        "https:u:s3cret",
        "u:80:s3cret",
        "u:s3cret%40h",
        "\"http://u:s3cret",
        "'u:s3cret'",
        "http://u:s3cret,h",
    ] {
        let error = Client::new(url).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
        let proxy = Client::builder("h")
            .proxy(Proxy::Url(url.to_owned()))
            .build();
        assert!(!proxy.unwrap_err().to_string().contains("s3cret"), "{url}");
    }
}
