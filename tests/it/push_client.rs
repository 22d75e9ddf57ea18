//! The client of the library.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use pushjob::exposition::{
    Gather, HistogramValue, LabelName, Labels, MetricFamilies, MetricFamily, MetricName,
    MetricType, MetricValue, NameValidation, SummaryValue, parse_names,
};
use pushjob::metrics::Registry;
use pushjob::push::{
    Change, ConfigError, Proxy, PushError, Pushgateway as Client, Request, Secret,
};

use crate::support::{Answer, FakeGateway, Pushgateway, gauge, key, ok, within};

#[test]
fn each_verb_does_to_a_real_gateway_what_it_says() {
    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    client.push_add(&key(), &gauge("b")).unwrap();
    assert_eq!(gateway.group("j").metrics, ["a", "b"]);
    client.push(&key(), &gauge("c")).unwrap();
    assert_eq!(gateway.group("j").metrics, ["c"]);
    client.push(&key(), &MetricFamilies::new()).unwrap();
    assert_eq!(gateway.group("j").metrics, [""; 0]);
    client.delete(&key()).unwrap();
    client.delete(&key()).unwrap();
    gateway.waits_for_groups(0);
}

#[test]
fn a_prefix_in_the_url_is_kept() {
    let gateway = Pushgateway::start_with(&["--web.route-prefix=/push/gateway"]);
    let url = format!("{}/push/gateway/", gateway.url());
    let client = Client::new(&url).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(
        client.url(&key()),
        format!("{}/push/gateway/metrics/job/j", gateway.url())
    );
    let page = gateway.get("/push/gateway/metrics");
    assert!(page.contains("a{instance=\"\",job=\"j\"} 1\n"));
}

#[test]
fn an_ipv6_gateway_is_reached() {
    let listener = std::net::TcpListener::bind("[::1]:0");
    let port = listener
        .expect("this machine has no IPv6 loopback")
        .local_addr()
        .unwrap()
        .port();
    let gateway = Pushgateway::start_with(&[&format!("--web.listen-address=[::1]:{port}")]);
    let client = Client::new(&format!("[::1]:{port}")).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    drop(gateway);
}

#[test]
fn localhost_is_loopback_whichever_family_answers() {
    let gateway = Pushgateway::start();
    let port = gateway.address().rsplit_once(':').unwrap().1;
    let client = Client::new(&format!("localhost:{port}")).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(gateway.group("j").metrics, ["a"]);
    // Nobody listens at the other address then.
    let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let gateway = Pushgateway::start_with(&[&format!("--web.listen-address=[::1]:{port}")]);
    let client = Client::new(&format!("localhost:{port}")).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    drop(gateway);
}

#[test]
fn what_would_harm_a_gateway_is_not_sent() {
    let gateway = FakeGateway::answering([]);
    let client = Client::new(&gateway.url()).unwrap();
    let one = |name: &'static str, metric_type, value| {
        let mut family = MetricFamily::new(MetricName::new(name).unwrap(), metric_type);
        family.insert(Labels::none(), value).unwrap();
        let mut families = MetricFamilies::new();
        families.insert(family).unwrap();
        families
    };
    let histogram = MetricValue::Histogram(HistogramValue::new(Vec::new(), 0.0, 0).unwrap());
    let summary = MetricValue::Summary(SummaryValue::new(Vec::new(), 0.0, 0).unwrap());
    let labelled_with = |label: &'static str, value: &str| {
        let mut family = MetricFamily::new(MetricName::new("x").unwrap(), MetricType::Gauge);
        let labels = vec![(LabelName::new(label).unwrap(), value.to_owned())];
        family
            .insert(Labels::from_pairs(labels).unwrap(), MetricValue::Gauge(1.0))
            .unwrap();
        let mut families = MetricFamilies::new();
        families.insert(family).unwrap();
        families
    };
    let labelled = |label| labelled_with(label, "v");
    let with = |label: &str| key().with_label(label, "1").unwrap();
    for (key, families, message) in [
        (
            with("le"),
            one("h", MetricType::Histogram, histogram),
            "grouping label `le` cannot be used with histogram h, whose series have that label",
        ),
        (
            with("quantile"),
            one("s", MetricType::Summary, summary),
            "grouping label `quantile` cannot be used with summary s, whose series have that label",
        ),
        (
            key(),
            gauge("push_time_seconds"),
            "metric push_time_seconds is set by the gateway itself",
        ),
        (
            key(),
            gauge("push_failure_time_seconds"),
            "metric push_failure_time_seconds is set by the gateway itself",
        ),
        (
            key(),
            labelled_with("instance", ""),
            "series x{instance=\"\"} has an empty label `instance`, which a gateway adds by itself",
        ),
        (
            key(),
            labelled("job"),
            "series x{job=\"v\"} has the label `job`, which the grouping key sets",
        ),
        (
            with("env"),
            labelled("env"),
            "series x{env=\"v\"} has the label `env`, which the grouping key sets",
        ),
    ] {
        for result in [
            client.push(&key, &families),
            client.push_add(&key, &families),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, PushError::Unpushable(_)), "{error:?}");
            assert_eq!(error.to_string(), message);
        }
    }
    assert_eq!(gateway.requests().len(), 0);
}

#[test]
fn names_that_are_one_to_scrapers_of_legacy_names_are_not_sent() {
    let gateway = FakeGateway::answering([ok()]);
    let client = Client::new(&gateway.url()).unwrap();
    let utf8 = NameValidation::Utf8;
    let family = |text: &str| parse_names(text.as_bytes(), utf8).unwrap();
    let dotted = key().with_label_names("a.b", "1", utf8).unwrap();
    for (key, text, message) in [
        (
            key(),
            "{\"m.x\"} 1\nm_x 2\n",
            "`m.x` and `m_x` become the same name where UTF-8 names are not supported",
        ),
        (
            key(),
            "q{\"a.b\"=\"1\",a_b=\"2\"} 1\n",
            "`a.b` and `a_b` become the same name where UTF-8 names are not supported",
        ),
        (
            key(),
            "# TYPE \"x.y\" summary\n{\"x.y_count\"} 1\nx_y_count 2\n",
            "`x.y_count` and `x_y_count` become the same name where UTF-8 names are not supported",
        ),
        (
            dotted,
            "q{a_b=\"2\"} 1\n",
            "`a_b` and `a.b` become the same name where UTF-8 names are not supported",
        ),
    ] {
        let error = client.push(&key, &family(text)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    client
        .push(
            &key(),
            &family("{\"m.x\",\"a.b\"=\"1\"} 1\nm_y{a_b=\"1\"} 2\n"),
        )
        .unwrap();
}

#[test]
fn a_delivery_has_one_deadline_for_all_tries() {
    let busy = || Answer::Respond("503 Service Unavailable", "Retry-After: 1\r\n", "");
    let gateway = FakeGateway::answering([busy(), Answer::Close, Answer::Silence]);
    let client = Client::builder(&gateway.url())
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let begin = Instant::now();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let elapsed = begin.elapsed();
    assert!(elapsed < Duration::from_secs(3), "{elapsed:?}");
    assert_eq!(gateway.requests().len(), 3);
    let expected = format!(
        "{}/metrics/job/j: no answer within 2 s (3 tries in 2.0 s)",
        gateway.url()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_pause_longer_than_the_time_is_cut_short_for_another_try() {
    let later = Answer::Respond("503 Service Unavailable", "Retry-After: 60\r\n", "");
    let gateway = FakeGateway::answering([later, ok()]);
    let client = Client::builder(&gateway.url())
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let delivered = client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(delivered.attempts, 2);
    assert!(delivered.elapsed < Duration::from_secs(2), "{delivered:?}");
}

#[test]
fn an_answer_whose_body_stalls_is_known_by_its_first_line_and_tried_again() {
    let stalled = |answer| Answer::Stall(answer);
    let gateway = FakeGateway::answering([
        stalled("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\nbusy\n"),
        stalled("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 100\r\n\r\nbu"),
        stalled("HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nwrong\nmore"),
    ]);
    let client = Client::builder(&gateway.url())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let begin = Instant::now();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(gateway.requests().len(), 3);
    let text = error.to_string();
    assert!(text.contains(" answered 400: wrong (3 tries in "), "{text}");
}

#[test]
fn a_very_long_url_is_shortened_in_messages() {
    let client = Client::builder("127.0.0.1:1").retries(0).build().unwrap();
    let key = key().with_label("a", "x".repeat(10_000)).unwrap();
    let text = client.push(&key, &gauge("a")).unwrap_err().to_string();
    assert!(text.len() < 500, "{text}");
    assert!(
        text.ends_with("xxx…: Connection refused (os error 111)"),
        "{text}"
    );
}

#[test]
fn a_client_that_is_shut_down_lets_go_at_once_and_sends_nothing_more() {
    let gateway = FakeGateway::answering([Answer::Silence, ok()]);
    let client = Client::new(&gateway.url()).unwrap();
    std::thread::scope(|scope| {
        let pushing = scope.spawn(|| client.push(&key(), &gauge("a")));
        within(Duration::from_secs(60), "no request came", || {
            !gateway.requests().is_empty()
        });
        client.shut_down();
        assert!(pushing.join().unwrap().is_err());
    });
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let expected = format!("{}/metrics/job/j: the client was shut down", gateway.url());
    assert_eq!(error.to_string(), expected);
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn an_enormous_timeout_is_no_panic() {
    let gateway = FakeGateway::answering([ok()]);
    let client = Client::builder(&gateway.url())
        .timeout(Duration::MAX)
        .build()
        .unwrap();
    let delivered = client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(delivered.attempts, 1);
}

#[test]
fn a_password_file_is_read_at_each_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let gateway = FakeGateway::answering([ok(), ok()]);
    let client = Client::builder(&gateway.url())
        .username("u")
        .password(Secret::File(file.clone()))
        .build()
        .unwrap();
    for password in ["p\n", "q\r\n"] {
        std::fs::write(&file, password).unwrap();
        client.push(&key(), &gauge("a")).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let url = format!("{}/metrics/job/j", gateway.url());
    assert_eq!(error.to_string(), format!("no credentials for {url}"));
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(
        source.to_string(),
        format!("cannot read password file {}", file.display())
    );
    std::fs::write(&file, "p".repeat(9_000)).unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.to_string().ends_with(" holds more than 8192 bytes"),
        "{source}"
    );
    let headers: Vec<String> = gateway
        .requests()
        .iter()
        .map(|request| request.headers["authorization"].clone())
        .collect();
    assert_eq!(headers, ["Basic dTpw", "Basic dTpx"]);
}

#[test]
fn a_password_is_never_shown() {
    let client = Client::builder("http://u:s3cret@127.0.0.1:1")
        .retries(0)
        .build()
        .unwrap();
    let error = client.push(&key(), &gauge("a")).unwrap_err();
    let builder = Client::builder("h")
        .username("u")
        .password(Secret::Value("s3cret".to_owned()));
    for text in [
        format!("{client:?}"),
        format!("{error:?} {error}"),
        format!("{:?}", builder.build()),
        format!("{builder:?}"),
        client.url(&key()),
        format!("{:?}", Client::builder("http://u:s3cret@h")),
        format!("{:?}", Client::new("ftp://u:s3cret@h")),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    let error = Client::builder("h")
        .password(Secret::Value("s3cret".to_owned()))
        .build()
        .unwrap_err();
    assert_eq!(error.to_string(), "a password is given, but no user name");
}

#[test]
fn a_thousand_deliveries_at_once_all_arrive() {
    let gateway = Pushgateway::start();
    let begin = Barrier::new(1000);
    std::thread::scope(|scope| {
        for number in 0..1000 {
            let (gateway, begin) = (&gateway, &begin);
            scope.spawn(move || {
                let client = Client::builder(gateway.address())
                    .timeout(Duration::from_secs(120))
                    .build()
                    .unwrap();
                let key = key().with_label("n", number.to_string()).unwrap();
                begin.wait();
                client.push(&key, &gauge("a")).unwrap();
            });
        }
    });
    let groups = gateway.groups();
    let numbers: BTreeSet<&str> = groups
        .iter()
        .map(|group| group.labels["n"].as_str())
        .collect();
    assert_eq!((groups.len(), numbers.len()), (1000, 1000));
    assert!(groups.iter().all(|group| group.metrics == ["a"]));
}

#[test]
fn what_is_sent_can_be_had_without_sending() {
    let key = key().with_label("table", "a/b").unwrap();
    let families = gauge("rows");
    for (change, method, body) in [
        (
            Change::Push(&families),
            "PUT",
            Some("# TYPE rows gauge\nrows 1\n"),
        ),
        (
            Change::PushAdd(&families),
            "POST",
            Some("# TYPE rows gauge\nrows 1\n"),
        ),
        (Change::Delete, "DELETE", None),
    ] {
        let request = Request::new(&key, change).unwrap();
        assert_eq!(request.method().as_str(), method);
        assert_eq!(request.path(), "/metrics/job/j/table@base64/YS9i");
        assert_eq!(request.body(), body);
        let media_type = body.map(|_| "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!(request.content_type(), media_type);
        // And it is what is sent.
        let gateway = FakeGateway::answering([ok()]);
        Client::new(&gateway.url()).unwrap().send(&request).unwrap();
        let sent = &gateway.requests()[0];
        assert_eq!((&*sent.method, &*sent.path), (method, &*request.path()));
        assert_eq!(sent.body, body.unwrap_or_default());
        let sent_type = sent.headers.get("content-type").map(String::as_str);
        assert_eq!(sent_type, media_type);
    }
}

#[test]
fn anything_that_yields_families_is_pushed() {
    /// A collection that cannot always be read.
    struct Queue(Option<u32>);

    impl Gather for Queue {
        fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
            let length = self.0.ok_or("the queue is gone")?;
            let name = MetricName::new("queue_length")?;
            let families = [MetricFamily::gauge(name, length.into())];
            Ok(Cow::Owned(families.families()?.into_owned()))
        }
    }

    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    let registry = Registry::new();
    registry.gauge("from_registry", "").unwrap().set(1.0);
    let one = || MetricFamily::gauge(MetricName::new("from_family").unwrap(), 1.0);
    client.push(&key(), &registry).unwrap();
    client.push_add(&key(), &one()).unwrap();
    client.push_add(&key(), &Queue(Some(3))).unwrap();
    let dynamic: &dyn Gather = &gauge("from_set");
    client.push_add(&key(), dynamic).unwrap();
    assert_eq!(
        gateway.group("j").metrics,
        ["from_family", "from_registry", "from_set", "queue_length"]
    );
    for (result, reason) in [
        (client.push(&key(), &Queue(None)), "the queue is gone"),
        (
            client.push(&key(), &vec![one(), one()]),
            "metric family from_family occurs twice",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "cannot gather the metrics");
        assert_eq!(error.source().unwrap().to_string(), reason);
    }
}

#[test]
fn no_text_makes_a_client_panic() {
    // Pieces of URLs, put together in every way there is.
    let pieces = [
        "", "http", "https", "://", ":", "/", "//", "@", "u:p", "[", "]", "::1", "h", "%", "%zz",
        "\u{e9}", "\0", " ", "99999", "?", "#",
    ];
    for one in pieces {
        for two in pieces {
            for three in pieces {
                let text = format!("{one}{two}{three}");
                let _ = Client::new(&text);
                let _ = Client::builder("h").proxy(Proxy::Url(text.clone())).build();
                let _ = Client::builder("h").header(&text, &text).build();
                let builder = Client::builder("h").username(&text);
                let _ = builder.password(Secret::Value(text.clone())).build();
                let _ = Client::builder("h")
                    .bearer_token(Secret::Value(text))
                    .build();
            }
        }
    }
}

#[test]
fn the_client_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Client>();
    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    std::thread::scope(|scope| {
        for index in 0..8 {
            let client = &client;
            scope.spawn(move || {
                let key = key().with_label("n", index.to_string()).unwrap();
                client.push(&key, &gauge("a")).unwrap();
            });
        }
    });
    assert_eq!(gateway.groups().len(), 8);
}

#[test]
fn another_client_has_the_same_settings_and_is_shut_down_by_itself() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let client = Client::builder(&gateway.url())
        .header("X-Scope-OrgID", "team-a")
        .bearer_token(Secret::Value("t0ken".to_owned()))
        .timeout(Duration::from_secs(7))
        .build()
        .unwrap();
    let other = client.another();
    assert_eq!(other.timeout(), Duration::from_secs(7));
    assert_eq!(other.address(), client.address());
    other.push(&key(), &gauge("a")).unwrap();
    other.shut_down();
    let error = other.push(&key(), &gauge("a")).unwrap_err();
    assert!(matches!(error, PushError::ShutDown { .. }), "{error}");
    client.push(&key(), &gauge("a")).unwrap();
    let heads: Vec<_> = gateway.requests().into_iter().map(|r| r.headers).collect();
    assert_eq!(heads[0], heads[1]);
    assert_eq!(heads[0]["authorization"], "Bearer t0ken");
    assert_eq!(heads[0]["x-scope-orgid"], "team-a");
}

#[test]
fn a_client_is_made_of_all_that_names_one() {
    fn base<G>(gateway: G) -> Result<String, String>
    where
        G: TryInto<Client, Error: Into<ConfigError>>,
    {
        let client = gateway.try_into().map_err(Into::into);
        let client: Result<Client, ConfigError> = client;
        match client {
            Ok(client) => Ok(client.address().base_url().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
    let (url, owned) = ("h:1", "h:1".to_owned());
    let builder = Client::builder(url);
    for base in [
        base(url),
        base(&owned),
        base(owned.clone()),
        base(&builder),
        base(builder.clone()),
        base(builder.build().unwrap()),
    ] {
        assert_eq!(base.unwrap(), "http://h:1");
    }
    let refused = r#""ftp://h" is not the URL of a gateway: the scheme is neither http nor https"#;
    for base in [base("ftp://h"), base(Client::builder("ftp://h"))] {
        assert_eq!(base.unwrap_err(), refused);
    }
}
