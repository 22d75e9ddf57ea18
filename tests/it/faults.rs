//! What a network and a server can do to a delivery: it ends in time all the same, and says what it was.

use std::time::{Duration, Instant};

use pushjob::exposition::{
    LabelName, Labels, MetricFamilies, MetricFamily, MetricName, MetricType, MetricValue,
};
use pushjob::push::{
    Change, Proxy, PushError, Pushgateway as Client, PushgatewayBuilder, Request, Secret,
};

use crate::support::{
    Answer, FakeGateway, Pushgateway, gauge, is_root, key, ok, pushjob_by, script,
};

/// The time for a delivery.
const TIMEOUT: Duration = Duration::from_secs(1);

/// How slowly a server does things.
const PAUSE: Duration = Duration::from_millis(100);

/// More than the buffers of a connection hold.
fn thirty_megabytes() -> MetricFamilies {
    let mut family = MetricFamily::new(MetricName::new("a").unwrap(), MetricType::Gauge);
    let label = LabelName::new("l").unwrap();
    for number in 0..300 {
        let value = format!("{number}{}", "x".repeat(100_000));
        let labels = Labels::from_pairs(vec![(label.clone(), value)]).unwrap();
        family.insert(labels, MetricValue::Gauge(1.0)).unwrap();
    }
    let mut families = MetricFamilies::new();
    families.insert(family).unwrap();
    families
}

/// Pushes to what cannot answer in time, and returns what the error says behind the URL.
#[track_caller]
fn fails_in_time(builder: PushgatewayBuilder, families: &MetricFamilies) -> String {
    let client = builder.timeout(TIMEOUT).retries(100).build().unwrap();
    let key = key();
    let request = Request::new(&key, Change::Push(families)).unwrap();
    let begin = Instant::now();
    let error = client.send(&request).unwrap_err();
    let elapsed = begin.elapsed();
    assert!(elapsed < TIMEOUT + Duration::from_secs(1), "{elapsed:?}");
    let text = error.to_string();
    assert!(text.starts_with(&client.url(&key)), "{text}");
    let (_, reason) = text.rsplit_once(": ").unwrap();
    reason.to_owned()
}

#[test]
fn an_answer_that_drips_ends_with_the_time() {
    let answer =
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Padding: xxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n";
    let gateway = FakeGateway::answering([Answer::Drip(answer, PAUSE)]);
    let reason = fails_in_time(Client::builder(&gateway.url()), &gauge("a"));
    assert_eq!(reason, "no answer within 1 s");
}

#[test]
fn a_refusal_that_drips_is_shown_as_far_as_it_came() {
    let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nbad";
    let gateway = FakeGateway::answering([Answer::Raw(answer)]);
    let client = Client::builder(&gateway.url()).build().unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    assert!(error.to_string().ends_with(" answered 400: bad"), "{error}");
}

#[test]
fn a_server_that_never_reads_the_body_ends_with_the_time() {
    let gateway = FakeGateway::answering([Answer::Deaf]);
    let reason = fails_in_time(Client::builder(&gateway.url()), &thirty_megabytes());
    assert_eq!(reason, "no answer within 1 s");
}

#[test]
fn a_server_that_sips_the_body_ends_with_the_time() {
    let gateway = FakeGateway::answering([Answer::Sip(16 * 1024, Duration::from_millis(20))]);
    let reason = fails_in_time(Client::builder(&gateway.url()), &thirty_megabytes());
    assert_eq!(reason, "no answer within 1 s");
}

#[test]
fn a_tls_handshake_that_hangs_or_drips_ends_with_the_time() {
    // The head of a TLS record that says that much follows.
    let record = b"\x16\x03\x03\x3f\xff\x02xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for answer in [Answer::Deaf, Answer::DeafDrip(record, PAUSE)] {
        let gateway = FakeGateway::answering([answer]);
        let url = gateway.url().replace("http:", "https:");
        let reason = fails_in_time(Client::builder(&url), &gauge("a"));
        assert_eq!(reason, "no answer within 1 s");
    }
}

#[test]
fn a_proxy_that_hangs_or_drips_ends_with_the_time() {
    for answer in [
        Answer::Deaf,
        Answer::DeafDrip(b"HTTP/1.1 200 Connection established\r\n\r\n", PAUSE),
    ] {
        let proxy = FakeGateway::answering([answer]);
        let builder = Client::builder("https://gateway.invalid").proxy(Proxy::Url(proxy.url()));
        assert_eq!(fails_in_time(builder, &gauge("a")), "no answer within 1 s");
    }
}

#[test]
fn a_resolver_that_hangs_ends_with_the_time() {
    // A network of its own, in which the only name server is one that never answers.
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
    std::fs::write(at("nsswitch.conf"), "hosts: dns\n").unwrap();
    script(
        &folder.path().join("inside"),
        &format!(
            "#!/bin/sh\nset -e\n\
             mount --bind {} /etc/resolv.conf\n\
             mount --bind {} /etc/nsswitch.conf\n\
             exec perl -MSocket -e '\
             socket my $s, AF_INET, SOCK_DGRAM, 0 or die; \
             my $up = pack \"a16s\", \"lo\", 0x49; \
             ioctl $s, 0x8914, $up or die \"lo: $!\"; \
             bind $s, sockaddr_in(53, INADDR_LOOPBACK) or die \"port 53: $!\"; \
             fcntl $s, 2, 0 or die; \
             exec @ARGV' \"$@\"\n",
            at("resolv.conf"),
            at("nsswitch.conf"),
        ),
    );
    let inside = at("inside");
    let user: &[&str] = if is_root() { &[] } else { &["--map-root-user"] };
    let caller = ["unshare", "--net", "--mount"]
        .into_iter()
        .chain(user.iter().copied())
        .chain([inside.as_str()]);
    pushjob_by(
        caller,
        [
            "push",
            "--job",
            "j",
            "--gauge",
            "a=1",
            "--push-timeout",
            "1s",
        ],
    )
    .args(["--gateway", "gateway.example:9091"])
    .run()
    .exits(1)
    .says("pushjob: cannot push: http://gateway.example:9091/metrics/job/j: no answer within 1 s\n")
    .took_at_most(TIMEOUT + Duration::from_secs(1));
}

#[test]
fn a_reset_on_a_connection_that_was_kept_is_no_failed_try() {
    let gateway = FakeGateway::answering([Answer::ServeOnceThenReset, ok()]);
    let client = Client::builder(&gateway.url()).retries(0).build().unwrap();
    assert_eq!(client.push(&key(), &gauge("a")).unwrap().attempts, 1);
    assert_eq!(client.push(&key(), &gauge("a")).unwrap().attempts, 1);
    // The one that was reset had not been read.
    assert_eq!(gateway.requests().len(), 2);
    // Also for a client that is to try nothing again.
    let gateway = FakeGateway::answering([Answer::ServeOnceThenReset, ok()]);
    let client = Client::new(&gateway.url()).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    client.stop_retrying();
    assert_eq!(client.push(&key(), &gauge("a")).unwrap().attempts, 1);
    // On a new connection a reset counts. It may also be refused, as the script is at its end.
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    assert!(
        matches!(error, PushError::NoAnswer { attempts: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_pause_until_a_date_counts_on_the_clock_of_the_server() {
    let later = Answer::Respond(
        "503 Service Unavailable",
        "Date: Sun, 06 Nov 1994 08:49:36 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "",
    );
    let gateway = FakeGateway::answering([later, ok()]);
    let client = Client::builder(&gateway.url())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let delivered = client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(delivered.attempts, 2);
    assert!(delivered.elapsed >= Duration::from_secs(1), "{delivered:?}");
}

#[test]
fn who_has_not_read_all_is_not_believed_to_have_taken_it() {
    let early = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let gateway = FakeGateway::answering([Answer::Early(early)]);
    let client = Client::builder(&gateway.url()).retries(0).build().unwrap();
    let error = client.push(&key(), &thirty_megabytes()).unwrap_err();
    let reason = "/metrics/job/j: the connection was closed before all was sent";
    assert!(error.to_string().ends_with(reason), "{error}");
}

#[test]
fn a_redirect_says_which_gateway_to_name() {
    let moved = "Location: https://u:s3cret@gw.example/metrics/job/j/path@base64/L3Zhcg\r\n";
    for status in ["301 x", "302 x", "307 x", "308 x"] {
        let gateway = FakeGateway::answering([Answer::Respond(status, moved, "")]);
        let client = Client::new(&gateway.url()).unwrap();
        let key = key().with_label("path", "/var").unwrap();
        let error = client.push(&key, &gauge("a")).unwrap_err().to_string();
        let advice = "a redirect to https://…@gw.example/metrics/job/j/path@base64/L3Zhcg: the gateway to name \
                      is https://…@gw.example";
        assert!(error.ends_with(advice), "{error}");
    }
    // One that leads nowhere is an answer like any other.
    let gateway = FakeGateway::answering([Answer::Respond("304 Not Modified", "", "")]);
    let error = Client::new(&gateway.url())
        .unwrap()
        .push(&key(), &gauge("a"))
        .unwrap_err();
    assert!(error.to_string().ends_with(" answered 304"), "{error}");
}

#[test]
fn only_a_400_is_looked_into_and_only_so_far() {
    let complaint =
        "collected metric \"q\" { label:<name:\"job\" value:\"b\" > } was collected before\n";
    let far: &'static str =
        Box::leak(format!("{}{complaint}", "x\n".repeat(40_000)).into_boxed_str());
    let other: &'static str = Box::leak(complaint.to_owned().into_boxed_str());
    for (status, body, held) in [
        ("400 Bad Request", other, true),
        ("400 Bad Request", far, false),
        ("422 Unprocessable Content", other, false),
    ] {
        let gateway = FakeGateway::answering([Answer::Respond(status, "", body)]);
        let client = Client::new(&gateway.url()).unwrap();
        let error = client.push(&key(), &gauge("a")).unwrap_err();
        assert_eq!(
            error.to_string().contains("inconsistent metrics"),
            held,
            "{error}"
        );
    }
}

#[test]
fn every_way_of_a_proxy_to_refuse_a_tunnel_is_understood() {
    let refuses = |answers: Vec<Answer>, retries: u32| {
        let proxy = FakeGateway::answering(answers);
        let client = Client::builder("https://gateway.invalid")
            .proxy(Proxy::Url(proxy.url()))
            .retries(retries)
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let begin = Instant::now();
        let error = client.push(&key(), &gauge("a")).unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(10));
        let requests = proxy.requests();
        assert!(requests.iter().all(|request| request.method == "CONNECT"));
        assert!(
            requests
                .iter()
                .all(|request| request.path == "gateway.invalid:443")
        );
        let text = error.to_string();
        let (_, reason) = text
            .split_once("/metrics/job/j through proxy http://")
            .unwrap();
        (
            requests.len(),
            reason.split_once(": ").unwrap().1.to_owned(),
        )
    };
    let raw = |bytes: &'static str| Answer::Raw(bytes.as_bytes());
    let no = "the proxy refuses to connect to gateway.invalid:443: \"HTTP/1.1 403 no\"";
    // What may pass is tried again, and what will not is not.
    let passing = vec![
        raw("HTTP/1.1 503 later\r\n\r\n"),
        raw("HTTP/1.1 429 slow\r\n\r\n"),
        raw("HTTP/1.1 403 no\r\n\r\n"),
    ];
    let (tries, reason) = refuses(passing, 5);
    assert_eq!(tries, 3);
    assert!(reason.starts_with(no), "{reason}");
    let after_interim = raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 no\r\n\r\n");
    assert_eq!(refuses(vec![after_interim], 0), (1, no.to_owned()));
    let bare_newlines = Answer::Stall("HTTP/1.1 403 no\n\n");
    assert_eq!(refuses(vec![bare_newlines], 0), (1, no.to_owned()));
    let endless: &'static str = Box::leak("HTTP/1.1 200 x".repeat(2000).into_boxed_str());
    let (_, reason) = refuses(vec![Answer::Stall(endless)], 0);
    assert_eq!(reason, "the proxy gave no answer");
    let (_, reason) = refuses(vec![raw("SSH-2.0-x\r\n\r\n")], 0);
    assert_eq!(reason, "not a proxy's answer: \"SSH-2.0-x\"");
}

#[test]
fn an_answer_with_an_endless_head_is_named_and_not_asked_for_again() {
    let head: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40_000)).into_boxed_str());
    let gateway = FakeGateway::answering([Answer::Stall(head)]);
    let client = Client::new(&gateway.url()).unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let reason = ": the head of its answer is longer than 16384 bytes";
    assert!(error.to_string().ends_with(reason), "{error}");
}

#[test]
fn the_answer_of_a_server_that_has_not_read_all_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("web.yml");
    let hash = "$2b$04$abcdefghijklmnopqrstuuqZjxwjM8vs9/rKGjateZ0zqhyOGcuKe";
    std::fs::write(&config, format!("basic_auth_users:\n  u: {hash}\n")).unwrap();
    let gateway = Pushgateway::start_with(&[&format!("--web.config.file={}", config.display())]);
    let client = Client::builder(gateway.address())
        .username("u")
        .password(Secret::Value("wrong".to_owned()))
        .build()
        .unwrap();
    let error = client.push(&key(), &thirty_megabytes()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(" answered 401: Unauthorized; a user name and a password were sent"),
        "{error}"
    );
}
