//! Every value of a grouping label comes back from the real gateway as it was sent, and no other group is touched.

use std::collections::BTreeMap;

use pushjob::grouping::GroupingKey;
use pushjob::push::Pushgateway as Client;

use crate::support::{Group, Pushgateway, gauge};

/// The values that a path can be misread by, and one of every character of ASCII.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "",
        "=",
        "==",
        "/",
        "//",
        "a/b",
        "/a",
        "a/",
        ".",
        "..",
        "...",
        "./",
        "../",
        "a/../b",
        "%",
        "%2F",
        "%2e",
        "%2e%2e",
        "%25",
        "+",
        "a+b",
        " ",
        "a b",
        "\\",
        "@",
        "@base64",
        "job",
        "job@base64",
        "?",
        "a?b",
        "#",
        "a#b",
        ";",
        "a;b",
        "&",
        "~",
        "-",
        "_",
        "\u{a0}",
        "é",
        "日本",
        "🦀",
        "\u{10ffff}",
        "\u{feff}",
        "\"",
        "{}",
        "\r\n",
        "?>?>~~",
        "L3Zhcg",
    ]
    .map(str::to_owned)
    .to_vec();
    values.extend((0x01..=0x7f_u8).map(|byte| char::from(byte).to_string()));
    values.extend((0x01..=0x7f_u8).map(|byte| format!("a{}b", char::from(byte))));
    // In base64 each is longer than the type that most libraries have for a URL.
    values.push("x".repeat(100_000));
    values.push("/".repeat(100_000));
    values
}

fn with(groups: &[Group], labels: &[(&str, &str)]) -> usize {
    let expected: BTreeMap<String, String> = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    groups
        .iter()
        .filter(|group| group.labels == expected)
        .count()
}

#[test]
fn every_value_comes_back_exactly_beside_untouched_sentinels() {
    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    let key = |job: &str| GroupingKey::new(job).unwrap();
    let sentinel = gauge("sentinel");
    client.push(&key("j"), &sentinel).unwrap();
    client.push(&key("b"), &sentinel).unwrap();
    let last = key("j").with_label("z", "last").unwrap();
    client.push(&last, &sentinel).unwrap();
    let values = values();
    for value in &values {
        // First, in the middle and last in the path, and as the job.
        let first = key("j").with_label("a", value).unwrap();
        let middle = first.clone().with_label("z", "last").unwrap();
        client.push(&first, &gauge("probe")).unwrap();
        client.push(&middle, &gauge("probe")).unwrap();
        let end = key("j")
            .with_label("a", "first")
            .unwrap()
            .with_label("z", value);
        client.push(&end.unwrap(), &gauge("probe")).unwrap();
        if !value.is_empty() {
            let job = key(value).with_label("kind", "job").unwrap();
            client.push(&job, &gauge("probe")).unwrap();
        }
    }
    let groups = gateway.groups();
    for value in &values {
        let found = |labels: &[(&str, &str)]| with(&groups, labels);
        assert_eq!(found(&[("job", "j"), ("a", value)]), 1, "{value:?}");
        let middle = [("job", "j"), ("a", value), ("z", "last")];
        assert_eq!(found(&middle), 1, "{value:?}");
        let end = [("job", "j"), ("a", "first"), ("z", value)];
        assert_eq!(found(&end), 1, "{value:?}");
        if !value.is_empty() {
            assert_eq!(found(&[("job", value), ("kind", "job")]), 1, "{value:?}");
        }
    }
    let jobs = values.iter().filter(|value| !value.is_empty()).count();
    let unique: std::collections::BTreeSet<&String> = values.iter().collect();
    let repeated = values.len() - unique.len();
    assert_eq!(groups.len(), 3 + 3 * unique.len() + jobs - repeated);
    for (key, labels) in [
        (key("j"), &[("job", "j")][..]),
        (key("b"), &[("job", "b")]),
        (last, &[("job", "j"), ("z", "last")]),
    ] {
        let sentinels: Vec<&Group> = groups
            .iter()
            .filter(|group| group.metrics == ["sentinel"])
            .collect();
        assert_eq!(sentinels.len(), 3, "{key}");
        assert_eq!(with(&groups, labels), 1, "{key}");
    }
    // Deleting is as exact as pushing.
    for value in &values {
        client
            .delete(&key("j").with_label("a", value).unwrap())
            .unwrap();
    }
    gateway.waits_for_groups(groups.len() - unique.len());
    assert_eq!(with(&gateway.groups(), &[("job", "j")]), 1);
}

#[test]
fn a_key_too_long_for_the_gateway_is_its_refusal() {
    let gateway = Pushgateway::start();
    let client = Client::new(gateway.address()).unwrap();
    let key = GroupingKey::new("j".repeat(2_000_000)).unwrap();
    // It answers and closes before it has read the request.
    let error = client.push(&key, &gauge("probe")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("jjj… answered 431"), "{text}");
}
