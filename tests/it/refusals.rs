//! What a gateway refuses: whether it is this push, or what the gateway holds already.

use pushjob::grouping::GroupingKey;
use pushjob::push::{PushError, Pushgateway as Client};

use crate::support::{Answer, FakeGateway, Finished, Pushgateway, gauge, pushjob};

/// Pushes what we would not send.
fn put(gateway: &Pushgateway, path: &str, body: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("{}/metrics/{path}", gateway.url());
    agent.put(&url).send(body).unwrap().status().as_u16()
}

fn push(gateway: &Pushgateway, args: &[&str]) -> Finished {
    pushjob(["push", "--job", "mine", "--gateway", gateway.address()])
        .args(args)
        .run()
}

#[test]
fn a_gateway_that_is_poisoned_says_by_what() {
    // A label value that is not UTF-8.
    let gateway = Pushgateway::start();
    assert_eq!(put(&gateway, "job/bad/x@base64/_w", "q 1\n"), 400);
    let finished = push(&gateway, &["--gauge", "a=1"]);
    finished.exits(1);
    finished.says_one_line_with(
        "answered 400: the gateway holds inconsistent metrics that are not in this push: push_",
    );
    finished.says_one_line_with(
        r#"_time_seconds{instance="",job="bad",x="\377"} has a label named "x" whose value is not utf8: "\xff"; push_"#,
    );
    // An empty instance beside none.
    let gateway = Pushgateway::start();
    assert_eq!(put(&gateway, "job/bad/instance@base64/=", "q 1\n"), 200);
    assert_eq!(put(&gateway, "job/bad", "r 1\n"), 400);
    let finished = push(&gateway, &["--gauge", "a=1"]);
    finished.exits(1);
    finished.says_one_line_with(
        r#"_time_seconds{instance="",job="bad"} was collected before with the same name and label values"#,
    );
    // Also to who pushes to the very group.
    pushjob(["push", "--job", "bad", "--gateway", gateway.address()])
        .args(["--gauge", "a=1"])
        .run()
        .exits(1)
        .says_one_line_with(
            "are not in this push: a second group of the same labels, with an empty `instance` besides",
        );
    // A run says it too, and loses nothing of the job.
    pushjob(["run", "--job", "mine", "--gateway", gateway.address()])
        .script("echo ran; exit 3")
        .run()
        .exits(3)
        .prints("ran\n")
        .says_one_line_with(
            "the gateway holds inconsistent metrics that are not in this push: push_",
        );
}

#[test]
fn a_type_that_another_group_gives_a_metric_is_named() {
    let gateway = Pushgateway::start();
    assert_eq!(
        put(&gateway, "job/theirs", "# TYPE a counter\na{x=\"1\"} 1\n"),
        200
    );
    // The gateway names either of the two, as it comes.
    for _ in 0..10 {
        let finished = push(&gateway, &["--gauge", "a=1"]);
        let message = "/metrics/job/mine answered 400: another group has a with another type: ";
        finished.exits(1).says_one_line_with(message);
        let elsewhere = finished.stderr.split(message).nth(1).unwrap().trim_end();
        let series = r#"a{instance="",job="theirs",x="1"}"#;
        assert!(["counter", series].contains(&elsewhere), "{finished}");
    }
}

#[test]
fn a_secret_that_equals_a_label_does_not_change_who_is_to_blame() {
    let gateway = Pushgateway::start();
    assert_eq!(put(&gateway, "job/theirs", "# TYPE a counter\na 1\n"), 200);
    for _ in 0..10 {
        push(
            &gateway,
            &[
                "--gauge",
                "a=1",
                "--label",
                "env=prod",
                "--header",
                "X-Org: prod",
            ],
        )
        .exits(1)
        .says_one_line_with("another group has a with another type: ");
    }
}

#[test]
fn what_is_wrong_with_this_push_is_not_blamed_on_the_gateway() {
    let gateway = Pushgateway::start();
    assert_eq!(
        put(&gateway, "job/theirs", "# TYPE h_sum gauge\nh_sum 1\n"),
        200
    );
    let body = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    let finished = pushjob(["push", "--job", "mine", "--gateway", gateway.address()])
        .input(body)
        .run();
    finished.exits(1);
    finished.says_one_line_with(" answered 400: ");
    finished.says_one_line_with("collides with previously collected ");
    assert!(!finished.stderr.contains("holds"), "{finished}");
}

/// The error of a push of `a` to the job `mine`, when a gateway says this.
fn of(response: &'static str) -> PushError {
    of_key(response, &GroupingKey::new("mine").unwrap())
}

fn of_key(response: &'static str, key: &GroupingKey) -> PushError {
    let gateway = FakeGateway::answering([Answer::Respond("400 Bad Request", "", response)]);
    let client = Client::new(&gateway.url()).unwrap();
    client.push(key, &gauge("a")).unwrap_err()
}

fn held(response: &'static str) -> Vec<String> {
    match of(response) {
        PushError::Inconsistent { held, .. } => held,
        other => panic!("{other}"),
    }
}

fn elsewhere(response: &'static str) -> String {
    match of(response) {
        PushError::OtherType {
            metric, elsewhere, ..
        } if metric == "a" => elsewhere,
        other => panic!("{other}"),
    }
}

fn is_unknown(error: &PushError) -> bool {
    matches!(error, PushError::Status { .. })
}

#[test]
fn what_another_group_holds_is_told_from_what_is_pushed() {
    let other = r#"pushed metrics are invalid: 3 error(s) occurred:
* collected metric "q" { label:<name:"instance" value:"" > label:<name:"job" value:"b" > untyped:<value:1 > } was collected before with the same name and label values
* collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } is not a COUNTER
* collected metric "r" { label:{name:"job"  value:"b"}  label:{name:"x"  value:"a\"} b"}  gauge:{value:0}} has a label named "x""#;
    let expected = [
        r#"q{instance="",job="b"} was collected before with the same name and label values"#,
        r#"r{job="b",x="a\"} b"} has a label named "x""#,
    ];
    assert_eq!(held(other), expected);
    // The gateway's own metrics of our own group twice.
    let twin = r#"collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before with the same name and label values"#;
    let twice = format!("{twin}\n{twin}").leak();
    let duplicate = "a second group of the same labels, with an empty `instance` besides";
    assert_eq!(held(twice), [duplicate]);
    let odd = r#"collected metric "push_time_seconds" { label:<name:"job" value:"po\377i" > gauge:<value:1 > } has a label named "job" whose value is not utf8: "po\xffi""#;
    assert!(matches!(of(odd), PushError::Inconsistent { .. }));
    for unknown in [
        r#"collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before"#,
        r#"collected histogram or summary named "h" collides with previously collected metric named "h_sum""#,
        "text format parsing error in line 1",
        "collected metric \"a",
        "collected metric \"a\" { label:<name:\"job\" value:\"b } x",
        "",
    ] {
        assert!(is_unknown(&of(unknown)), "{unknown}");
    }
}

#[test]
fn only_what_the_key_and_the_names_say_is_this_push() {
    let quoted = GroupingKey::new("a\"b").unwrap();
    let own = r#"collected metric "a" { label:<name:"job" value:"a\"b" > gauge:<value:1 > } was collected before"#;
    assert!(is_unknown(&of_key(own, &quoted)));
    // Of our group, but pushed by somebody else.
    let of_group =
        r#"collected metric "z" { label:<name:"job" value:"mine" > gauge:<value:1 > } has a label"#;
    assert!(matches!(of(of_group), PushError::Inconsistent { .. }));
    let longer_name = r#"collected metric "a_x" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
    assert!(matches!(of(longer_name), PushError::Inconsistent { .. }));
    let with_instance = GroupingKey::new("mine").unwrap();
    let with_instance = with_instance.with_label("instance", "i").unwrap();
    let twice = r#"collected metric "push_time_seconds" { label:<name:"instance" value:"i" > label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before"#;
    assert!(is_unknown(&of_key(twice, &with_instance)));
    let other_trouble = r#"collected metric "push_time_seconds" { label:<name:"job" value:"mine" > gauge:<value:1 > } has a label"#;
    assert!(is_unknown(&of(other_trouble)));
}

#[test]
fn a_type_that_differs_elsewhere_is_known_from_either_side() {
    let theirs = r#"collected metric "a" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
    assert_eq!(elsewhere(theirs), r#"a{job="x"}"#);
    let ours = r#"collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } is not a COUNTER"#;
    assert_eq!(elsewhere(ours), "counter");
    let neither = r#"collected metric "b" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
    assert!(matches!(of(neither), PushError::Inconsistent { .. }));
}
