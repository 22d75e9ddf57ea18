//! What a gateway refuses: whether it is this push, or what the gateway holds already.

use crate::support::{Finished, Pushgateway, pushjob};

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
