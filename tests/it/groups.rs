//! The groups that a gateway holds, as the client reads them.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use pushjob::push::{GatewayGroup, GroupQuery, Pushgateway as Client};

use crate::support::{Answer, FakeGateway, Pushgateway, key};

fn read(url: &str, query: &GroupQuery) -> Result<Vec<GatewayGroup>, String> {
    let mut groups = Vec::new();
    let client = Client::new(url).unwrap();
    let read = client.read_groups(query, &mut |group| {
        groups.push(group);
        ControlFlow::Continue(())
    });
    let read = read.map_err(|error| error.to_string().replace(url, "$G"))?;
    if let Some(date) = read.date {
        let age = SystemTime::now().duration_since(date).unwrap_or_default();
        assert!(age < Duration::from_secs(60), "{age:?}");
    }
    groups.sort_by_key(ToString::to_string);
    Ok(groups)
}

fn post(gateway: &Pushgateway, path: &str, body: &str) -> u16 {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build();
    let url = format!("{}/metrics/job/{path}", gateway.url());
    let response = ureq::Agent::new_with_config(config).post(url).send(body);
    response.unwrap().status().as_u16()
}

#[test]
fn labels_times_and_values_are_exact() {
    let gateway = Pushgateway::start();
    post(
        &gateway,
        "a/instance/",
        "m_one 1.5e300\nm_two{x=\"1\"} 1\nm_two{x=\"2\"} 2\nother 7\n",
    );
    post(
        &gateway,
        "b/path@base64/L3ZhciJc",
        "m_nan NaN\n# TYPE m_h histogram\nm_h_bucket{le=\"+Inf\"} 1\nm_h_sum 2\nm_h_count 1\n",
    );
    assert_eq!(post(&gateway, "c", "m 1 5\n"), 400);
    let groups = read(&gateway.url(), &GroupQuery::new().values_of("m_")).unwrap();
    let shown: Vec<String> = groups.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            r#"{job="a",instance=""}"#,
            r#"{job="b",path="/var\"\\"}"#,
            r#"{job="c"}"#
        ]
    );
    let [a, b, c] = &groups[..] else {
        panic!("{groups:?}")
    };
    assert_eq!(a.values().collect::<Vec<_>>(), [("m_one", 1.5e300)]);
    assert!(b.value("m_nan").unwrap().is_nan() && b.value("m_h").is_none());
    assert!(a.push_time() > Some(1e9) && a.push_failure_time() == Some(0.0));
    assert!(c.push_time() == Some(0.0) && c.push_failure_time() > Some(1e9));
    assert!(!groups.iter().any(GatewayGroup::are_labels_hidden));

    let none = read(&gateway.url(), &GroupQuery::new()).unwrap();
    assert!(none.iter().all(|group| group.values().count() == 0));
}

#[test]
fn a_metric_named_labels_hides_those_of_its_group() {
    let gateway = Pushgateway::start();
    post(&gateway, "j/env/prod", "labels 4\n");
    post(&gateway, "j", "labels 4\n");
    let groups = read(&gateway.url(), &GroupQuery::new().values_of("labels")).unwrap();
    let shown: Vec<String> = groups.iter().map(ToString::to_string).collect();
    // The gateway shows an empty `instance` in every series of a group without one.
    assert_eq!(
        shown,
        [
            r#"{job="j",env="prod",instance=""}"#,
            r#"{job="j",instance=""}"#
        ]
    );
    assert!(groups.iter().all(GatewayGroup::are_labels_hidden));
    assert!(!groups.iter().any(|group| group.is_of(&key())));
}

#[test]
fn a_group_is_that_of_a_key_when_all_labels_are_the_same() {
    let gateway = Pushgateway::start();
    for path in ["j", "j/instance/", "j/a/b", "jj"] {
        post(&gateway, path, "m 1\n");
    }
    let groups = read(&gateway.url(), &GroupQuery::new()).unwrap();
    let of_key = groups.iter().filter(|group| group.is_of(&key()));
    assert_eq!(
        of_key.map(ToString::to_string).collect::<Vec<_>>(),
        [r#"{job="j"}"#]
    );
    let with_label = key().with_label("a", "b").unwrap();
    assert_eq!(
        groups
            .iter()
            .filter(|group| group.is_of(&with_label))
            .count(),
        1
    );
}

#[test]
fn what_is_no_list_of_groups_is_an_error_that_says_why() {
    let respond = Answer::Respond;
    for (answer, message) in [
        (
            respond("404 Not Found", "", "no"),
            "$G/api/v1/metrics answered 404: a Pushgateway has a list of its groups there from version 1.0 on",
        ),
        (
            respond("401 Unauthorized", "", ""),
            "$G/api/v1/metrics answered 401",
        ),
        (
            respond("200 OK", "", "<html>"),
            "$G/api/v1/metrics: the response is a web page, and not the list of groups of a Pushgateway",
        ),
        (
            respond("200 OK", "", "{\"data\":[{\"labels\":{}"),
            "$G/api/v1/metrics: the list of groups is cut off after byte 21",
        ),
        (
            Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":["),
            "$G/api/v1/metrics: the list of groups is cut off after byte 9",
        ),
        (
            Answer::Stall("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":["),
            "$G/api/v1/metrics: the list of groups did not come to its end in time (byte 9)",
        ),
        (Answer::Silence, "$G/api/v1/metrics: no answer in time"),
        (
            respond("200 OK", "", "{\"data\":[]}                           "),
            "$G/api/v1/metrics: the list of groups is longer than 30 bytes",
        ),
    ] {
        let gateway = FakeGateway::answering([answer]);
        let query = GroupQuery::new()
            .max_bytes(30)
            .timeout(Duration::from_millis(300));
        assert_eq!(read(&gateway.url(), &query), Err(message.to_owned()));
        assert_eq!(gateway.requests()[0].method, "GET");
    }
    let url = "http://127.0.0.1:1/api/v1/import/prometheus";
    assert_eq!(
        read(url, &GroupQuery::new()),
        Err("$G: VictoriaMetrics keeps no groups".to_owned())
    );
}

#[test]
fn reading_ends_where_the_caller_has_seen_enough() {
    let list = "{\"data\":[{\"labels\":{\"job\":\"a\"}},{\"labels\":{\"job\":\"b\"}}";
    let gateway = FakeGateway::answering([Answer::Respond("200 OK", "", list)]);
    let client = Client::new(&gateway.url()).unwrap();
    let mut seen = 0;
    let read = client.read_groups(&GroupQuery::new(), &mut |_| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert!(read.is_ok() && seen == 1);
}
