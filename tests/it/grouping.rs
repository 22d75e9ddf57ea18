//! Grouping keys, their paths and the rules for the metrics of a group. Every value of a grouping label comes back from the
//! real gateway as it was sent, and no other group is touched.

use std::collections::BTreeMap;

use pushjob::exposition::{NameValidation, parse_names};
use pushjob::grouping::{GroupRules, GroupingKey};
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

#[test]
fn values_that_could_be_misread_are_written_in_base64() {
    for (value, segment) in [
        ("prod", "l/prod"),
        ("A-z_0.9~", "l/A-z_0.9~"),
        ("...", "l/..."),
        (".", "l@base64/Lg"),
        ("..", "l@base64/Li4"),
        ("", "l@base64/="),
        ("/", "l@base64/Lw"),
        ("a b", "l@base64/YSBi"),
        ("%2e", "l@base64/JTJl"),
        ("+", "l@base64/Kw"),
        ("ü", "l@base64/w7w"),
        ("??>", "l@base64/Pz8-"),
    ] {
        let key = GroupingKey::new("j").unwrap().with_label("l", value);
        assert_eq!(key.unwrap().path(), format!("/metrics/job/j/{segment}"));
    }
}

#[test]
fn names_beyond_the_legacy_scheme_are_escaped() {
    let path = |name: &str| {
        let key = GroupingKey::new("j").unwrap();
        let key = key.with_label_names(name, "v", NameValidation::Utf8);
        key.map(|key| key.path()).map_err(|error| error.to_string())
    };
    for (name, segment) in [
        ("plain_1", "plain_1"),
        ("k8s.pod", "U__k8s_2e_pod"),
        ("a_b.c", "U__a__b_2e_c"),
        ("1a", "U___31_a"),
        ("a:b", "U__a_3a_b"),
        ("é", "U___e9_"),
        ("😀", "U___1f600_"),
        ("a/b", "U__a_2f_b"),
        ("..", "U___2e__2e_"),
    ] {
        assert_eq!(path(name), Ok(format!("/metrics/job/j/{segment}/v")));
    }
    assert_eq!(
        path("U__x").unwrap_err(),
        "grouping label `U__x` begins with `U__`, which stands for an escaped name in a path"
    );
    assert!(path("\u{fffff}").is_ok());
    assert_eq!(
        path("\u{100000}").unwrap_err(),
        "grouping label \"\\u{100000}\" holds a character from U+100000 on, which a gateway cannot unescape"
    );
    assert_eq!(path("").unwrap_err(), "grouping label: the name is empty");
    assert!(path("__a.b").is_err());
}

#[test]
fn the_order_of_labels_does_not_matter() {
    let key = |labels: [(&str, &str); 3]| {
        labels
            .into_iter()
            .try_fold(GroupingKey::new("j").unwrap(), |key, (name, value)| {
                key.with_label(name, value)
            })
            .unwrap()
    };
    let one = key([("a", "1"), ("b", "2"), ("instance", "i")]);
    let other = key([("instance", "i"), ("b", "2"), ("a", "1")]);
    assert_eq!(one, other);
    assert_eq!(one.path(), other.path());
}

#[test]
fn keys_that_would_harm_are_refused() {
    let with = |name: &str, value: &str| {
        let key = GroupingKey::new("j").unwrap().with_label("a", "1").unwrap();
        key.with_label(name, value).unwrap_err().to_string()
    };
    assert_eq!(
        GroupingKey::new("").unwrap_err().to_string(),
        "the job name is empty"
    );
    assert_eq!(
        with("job", "x"),
        "`job` is the job name already and cannot be a further grouping label"
    );
    assert_eq!(with("a", "2"), "grouping label `a` is given twice");
    assert_eq!(
        with("instance", ""),
        "grouping label `instance` is empty: leave it out instead"
    );
    assert_eq!(
        with("a/b", "x"),
        "grouping label: \"a/b\" is not a label name: letters, digits and `_`, not beginning with a digit"
    );
    assert!(with("U__x", "v").contains("begins with `U__`"));
    assert_eq!(
        with("__x", "x"),
        "grouping label: label name \"__x\" is reserved: names beginning with `__` belong to Prometheus"
    );
}

/// The labels of a key with the job name `j`.
fn key(labels: &[(&str, &str)]) -> GroupingKey {
    let key = GroupingKey::new("j").unwrap();
    let mut labels = labels.iter();
    labels
        .try_fold(key, |key, (name, value)| {
            key.with_label_names(*name, *value, NameValidation::Utf8)
        })
        .unwrap()
}

#[test]
fn metrics_that_harm_their_group_are_refused() {
    let env = &[("env", "prod")][..];
    for (labels, text, message) in [
        (
            env,
            "a{l=\"1\",instance=\"i\"} 1\nbatch_jobs 1\npush_time 1\njob 1\nenv 1\n",
            "",
        ),
        (env, "", ""),
        // The gateway's own metrics.
        (
            &[],
            "push_time_seconds 1\n",
            "metric push_time_seconds is set by the gateway itself",
        ),
        (
            &[],
            "push_failure_time_seconds 1\n",
            "metric push_failure_time_seconds is set by the gateway itself",
        ),
        (
            &[],
            "{\"push.time.seconds\"} 1\n",
            "`push.time.seconds` and `push_time_seconds` become the same name where UTF-8 names are not supported",
        ),
        // Those of the run.
        (
            &[],
            "batch_job_success 1\n",
            "metric batch_job_success begins with `batch_job_`, as the metrics of the run itself do",
        ),
        (
            &[],
            "{\"batch.job.x\"} 1\n",
            "metric batch.job.x begins with `batch_job_`, as the metrics of the run itself do",
        ),
        // Labels of the group.
        (
            &[],
            "a{job=\"x\"} 1\n",
            "series a{job=\"x\"} has the label `job`, which the grouping key sets",
        ),
        (
            env,
            "a 1\na{env=\"x\",l=\"1\"} 1\n",
            "series a{env=\"x\",l=\"1\"} has the label `env`, which the grouping key sets",
        ),
        (
            &[("instance", "i")],
            "a{instance=\"\"} 1\n",
            "series a{instance=\"\"} has an empty label `instance`, which a gateway adds by itself",
        ),
        // Labels of the format.
        (
            &[("le", "1")],
            "# TYPE h histogram\nh_count 1\n",
            "grouping label `le` cannot be used with histogram h, whose series have that label",
        ),
        (
            &[("quantile", "1")],
            "# TYPE s summary\ns_count 1\n",
            "grouping label `quantile` cannot be used with summary s, whose series have that label",
        ),
        (&[("le", "1"), ("quantile", "1")], "a 1\n", ""),
        (&[("quantile", "1")], "# TYPE h histogram\nh_count 1\n", ""),
        // Names that scrapers without UTF-8 names cannot tell apart.
        (&[("a.b", "1")], "{\"m.x\",\"c.d\"=\"1\"} 1\nm_y 1\n", ""),
        (
            &[],
            "{\"m.x\"} 1\nm_x 2\n",
            "`m.x` and `m_x` become the same name where UTF-8 names are not supported",
        ),
        (
            &[],
            "# TYPE \"x.y\" summary\n{\"x.y_count\"} 1\nx_y_count 2\n",
            "`x.y_count` and `x_y_count` become the same name where UTF-8 names are not supported",
        ),
        (
            &[],
            "q{\"a.b\"=\"1\",a_b=\"2\"} 1\n",
            "`a.b` and `a_b` become the same name where UTF-8 names are not supported",
        ),
        (
            &[("a.b", "1")],
            "q{a_b=\"2\"} 1\n",
            "`a_b` and `a.b` become the same name where UTF-8 names are not supported",
        ),
    ] {
        let families = parse_names(text.as_bytes(), NameValidation::Utf8).unwrap();
        let rules = GroupRules::of(&key(labels)).reserve_prefix("batch_job_");
        let refused = rules.check(&families).err().map(|error| error.to_string());
        assert_eq!(refused.unwrap_or_default(), message, "{labels:?} {text}");
    }
}

#[test]
fn the_rules_of_any_group_know_the_label_job() {
    for (text, is_refused) in [
        ("a 1\nbatch_job_success 1\na{env=\"x\"} 1\n", false),
        ("a{job=\"x\"} 1\n", true),
        ("a{instance=\"\"} 1\n", true),
        ("push_time_seconds 1\n", true),
    ] {
        let families = parse_names(text.as_bytes(), NameValidation::Legacy).unwrap();
        assert_eq!(
            GroupRules::default().check(&families).is_err(),
            is_refused,
            "{text}"
        );
    }
}
