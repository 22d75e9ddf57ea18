//! Several gateways: each gets every delivery, side by side, and each is named in what is said.

use std::collections::BTreeSet;
use std::time::Duration;

use pushjob::push::{Pushgateway as Client, for_each_concurrently};

use crate::support::{Answer, FakeGateway, Pushgateway, Stage, gauge, key, pushjob, within};

#[test]
fn each_gateway_gets_every_delivery() {
    let (one, other) = (Pushgateway::start(), Pushgateway::start());
    let both = format!("{}, {}", one.address(), other.address());
    let flags = ["--gateway", one.address(), "--gateway", other.address()];
    pushjob(["push", "--job", "p", "--gauge", "a=1"])
        .args(flags)
        .run()
        .exits(0)
        .says("");
    let finished = pushjob(["run", "-v", "--job", "r"])
        .env("PUSHJOB_GATEWAY", &both)
        .job(["true"])
        .run();
    finished.exits(0);
    let places: BTreeSet<&str> = finished
        .stderr
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pushjob: r: delivered to ")?
                .split(',')
                .next()
        })
        .collect();
    let expected = [&one, &other].map(|gateway| format!("{}/metrics/job/r", gateway.url()));
    assert_eq!(places, expected.iter().map(String::as_str).collect());
    for gateway in [&one, &other] {
        assert_eq!(gateway.group("p").metrics, ["a"]);
        assert_eq!(gateway.reported("r", "success"), "1");
    }
    pushjob(["delete", "--job", "p"])
        .args(flags)
        .run()
        .exits(0)
        .says("");
    one.waits_for_groups(1);
    other.waits_for_groups(1);
}

#[test]
fn a_gateway_that_hangs_delays_no_other_and_is_named() {
    let stage = Stage::new();
    let ready = stage.ready();
    let silent = FakeGateway::answering([Answer::Silence, Answer::Silence]);
    let gateway = Pushgateway::start();
    // The start, announced to both; then the end, while the silent one still has its own start to answer.
    let running = pushjob([
        "run",
        "--job",
        "j",
        "--start-after",
        "0s",
        "--push-timeout",
        "60s",
    ])
    .args(["--gateway", &silent.url(), "--gateway", gateway.address()])
    .script(format!("cat {} >/dev/null", ready.display()))
    .start();
    within(Duration::from_secs(30), "no start was announced", || {
        !gateway.groups().is_empty()
    });
    std::fs::write(&ready, "").unwrap();
    within(Duration::from_secs(30), "the end had to wait", || {
        gateway.group("j").metrics.len() > 5
    });
    // While it still waits for the silent one, which it names in the end.
    drop(running);
    let silent = FakeGateway::answering([Answer::Silence]);
    pushjob([
        "push",
        "--job",
        "j",
        "--gauge",
        "a=1",
        "--push-timeout",
        "1s",
    ])
    .args(["--gateway", &silent.url(), "--gateway", gateway.address()])
    .run()
    .exits(1)
    .says(&format!(
        "pushjob: cannot push: {}/metrics/job/j: no answer within 1 s\n",
        silent.url()
    ))
    .took_at_most(Duration::from_secs(2));
}

#[test]
fn what_is_known_of_one_is_said_while_another_is_given_up() {
    let stage = Stage::new();
    let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
    let silent = FakeGateway::answering([silence]);
    let gateway = Pushgateway::start();
    let mut running = pushjob(["run", "-v", "--job", "j", "--push-timeout", "1000s"])
        .args(["--gateway", &silent.url(), "--gateway", gateway.address()])
        .job(["true"])
        .start();
    stage.wait_until_ready();
    let first = [running.next_message(), running.next_message()];
    let delivered = format!(
        "pushjob: j: delivered to {}/metrics/job/j, try 1, ",
        gateway.url()
    );
    assert!(first[1].starts_with(&delivered), "{first:?}");
    running.signal("TERM");
    running.next_message();
    running.signal("TERM");
    running.wait().exits(0).says(&format!(
        "pushjob: j: cannot deliver the result to {}/metrics/job/j: given up, as TERM was the second signal to \
         ask for an end\n",
        silent.url()
    ));
}

#[test]
fn one_that_fails_is_named_and_the_others_have_the_result() {
    let gateway = Pushgateway::start();
    let both = ["--gateway", "127.0.0.1:1", "--gateway", gateway.address()];
    let failure =
        "cannot push: http://127.0.0.1:1/metrics/job/j: Connection refused (os error 111)\n";
    for (args, code) in [(&[][..], 0), (&["--strict"], 123)] {
        pushjob(["run", "--job", "j", "--push-retries", "0"])
            .args(args)
            .args(both)
            .job(["true"])
            .run()
            .exits(code)
            .says(&format!("pushjob: j: {failure}"));
        assert_eq!(gateway.reported("j", "success"), "1");
    }
    pushjob([
        "push",
        "--job",
        "j",
        "--gauge",
        "a=1",
        "--push-retries",
        "0",
    ])
    .args(both)
    .run()
    .exits(1)
    .says(&format!("pushjob: {failure}"));
    assert_eq!(gateway.group("j").metrics, ["a"]);
}

#[test]
fn a_gateway_that_is_wrong_in_the_environment_costs_the_others_nothing() {
    let gateway = Pushgateway::start();
    pushjob(["run", "--job", "j"])
        .env("PUSHJOB_GATEWAY", format!("ftp://h,{}", gateway.address()))
        .job(["true"])
        .run()
        .exits(0)
        .says(
            "pushjob: j: PUSHJOB_GATEWAY: \"ftp://h\" is not the URL of a gateway: the scheme is neither http \
             nor https; nothing is delivered to it\n",
        );
    assert_eq!(gateway.reported("j", "success"), "1");
    // What is wrong with all of them is said once.
    let wrong = pushjob(["run", "--strict", "--job", "j"])
        .env("PUSHJOB_GATEWAY", "u@h,u@i")
        .env("PUSHJOB_PASSWORD_FILE", "/")
        .job(["true"])
        .run();
    let message = "PUSHJOB_PASSWORD_FILE: password file / is not a regular file; nothing was run, as --strict asks";
    wrong.exits(125).says(&format!("pushjob: j: {message}\n"));
    // A password that was cut in two by its comma is delivered to nobody, and not shown.
    pushjob(["run", "--job", "j"])
        .env(
            "PUSHJOB_GATEWAY",
            format!("http://u:sec,ret@{}", gateway.address()),
        )
        .script("env")
        .run()
        .exits(0)
        .says(
            "pushjob: j: PUSHJOB_GATEWAY: one of the URLs in it is none; in a user name or password write %2C for \
             a comma; the run is not recorded\n",
        );
}

#[test]
fn results_come_in_the_order_of_the_gateways() {
    let slow = FakeGateway::answering([Answer::Silence]);
    let gateway = Pushgateway::start();
    let client = |url: &str| {
        let builder = Client::builder(url).timeout(Duration::from_secs(1));
        builder.build().unwrap()
    };
    let clients = [
        client(&slow.url()),
        client(gateway.address()),
        client("127.0.0.1:1"),
    ];
    let key = key();
    let families = gauge("a");
    let results = for_each_concurrently(&clients, |client| client.push(&key, &families));
    let texts = results.iter().map(|result| match result {
        Ok(_) => "delivered".to_owned(),
        Err(error) => error.to_string(),
    });
    let texts: Vec<String> = texts.collect();
    assert!(texts[0].ends_with("no answer within 1 s"), "{texts:?}");
    assert_eq!(texts[1], "delivered");
    assert!(texts[2].starts_with("http://127.0.0.1:1/metrics/job/j: Connection refused"));
    let none: [Client; 0] = [];
    assert!(for_each_concurrently(&none, |client| client.push(&key, &families)).is_empty());
    let caught = std::panic::catch_unwind(|| {
        for_each_concurrently([1, 2, 3], |number| assert_ne!(number, 2))
    });
    assert!(caught.is_err());
}
