//! Announcing the start, and its order before the end.

use std::time::Duration;

use crate::support::{Answer, FakeGateway, Pushgateway, fifo, pushjob};

/// A job that goes on when something has been written to this pipe.
fn until_told(pipe: &std::path::Path) -> String {
    format!("cat {} >/dev/null", pipe.display())
}

/// The same answer, after the job has been told to go on.
fn telling(pipe: &std::path::Path, answer: Answer) -> Answer {
    Answer::Telling(pipe.to_owned(), Box::new(answer))
}

#[test]
fn a_short_job_costs_one_request() {
    let gateway = FakeGateway::answering([Answer::Respond("200 OK", "", ""), Answer::Silence]);
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        &gateway.url(),
        "--",
        "true",
    ])
    .run()
    .exits(0)
    .says("");
    let requests = gateway.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", "/metrics/job/j")
    );
    assert_eq!(
        requests[0].headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(
        requests[0].headers["user-agent"],
        concat!("pushjob/", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_job_that_runs_long_enough_announces_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    fifo(&go);
    // The job ends only after the start push has been received.
    let gateway = FakeGateway::answering([
        telling(&go, Answer::Respond("200 OK", "", "")),
        Answer::Respond("200 OK", "", ""),
    ]);
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        &gateway.url(),
        "--method",
        "push",
    ])
    .args(["--start-after", "0s", "--max-age", "1h"])
    .args(["--", "sh", "-c", &until_told(&go)])
    .run()
    .exits(0)
    .says("");
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    // The start only adds, also with the method push, so that the last success is not wiped.
    assert_eq!(
        (requests[0].method.as_str(), requests[1].method.as_str()),
        ("POST", "PUT")
    );
    let names = |body: &str| {
        let samples = body.lines().filter(|line| !line.starts_with('#'));
        samples
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&requests[0].body),
        [
            "batch_job_max_age_seconds",
            "batch_job_start_timestamp_seconds"
        ]
    );
    let start = |body: &str| {
        let line = body
            .lines()
            .find(|line| line.starts_with("batch_job_start"));
        line.unwrap().to_owned()
    };
    assert_eq!(start(&requests[0].body), start(&requests[1].body));
}

#[test]
fn the_real_gateway_shows_a_running_job() {
    let folder = tempfile::tempdir().unwrap();
    let (ready, go) = (folder.path().join("ready"), folder.path().join("go"));
    fifo(&ready);
    fifo(&go);
    let gateway = Pushgateway::start();
    let script = format!("echo > {}; cat {}", ready.display(), go.display());
    let running = pushjob(["run", "--job", "j", "--gateway", gateway.address()])
        .args(["--start-after", "0s", "--", "sh", "-c", &script])
        .start();
    std::fs::read(&ready).unwrap();
    // The start is under way; the gateway has it within the time of a delivery.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while gateway.groups().is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "no start was announced"
        );
        std::thread::yield_now();
    }
    assert_eq!(
        gateway.group("j").metrics,
        ["batch_job_start_timestamp_seconds"]
    );
    std::fs::write(&go, "").unwrap();
    running.wait().exits(0).says("");
    let metrics = gateway.group("j").metrics;
    assert!(metrics.contains(&"batch_job_completion_timestamp_seconds".to_owned()));
}

#[test]
fn no_start_is_announced_where_it_is_not_asked_or_no_end_would_follow() {
    for args in [
        &["--start-after", "never"][..],
        &["--start-after", "1h"],
        &["--start-after", "0s", "--on-failure", "none"],
        &[
            "--start-after",
            "0s",
            "--method",
            "none",
            "--on-success",
            "pushadd",
        ],
    ] {
        let gateway = FakeGateway::answering([Answer::Respond("200 OK", "", "")]);
        pushjob(["run", "--job", "j", "--gateway", &gateway.url()])
            .args(args)
            .args(["--", "sh", "-c", "sleep 0.2"])
            .run()
            .exits(0)
            .says("");
        let requests = gateway.requests();
        assert_eq!(requests.len(), 1, "{args:?}");
        assert!(
            requests[0].body.contains("\nbatch_job_success 1\n"),
            "{args:?}"
        );
    }
}

#[test]
fn a_start_that_hangs_is_cut_off_before_the_end_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    fifo(&go);
    // The second connection is answered only once the first has been closed.
    let gateway = FakeGateway::answering([telling(&go, Answer::Silence), Answer::RespondOnceAlone]);
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        &gateway.url(),
        "--push-timeout",
        "2s",
    ])
    .args(["--start-after", "0s", "--", "sh", "-c", &until_told(&go)])
    .run()
    .exits(0)
    .says("pushjob: cannot announce the start: it had no answer when the job ended\n")
    .took_at_most(Duration::from_secs(3));
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].body.contains("\nbatch_job_success 1\n"));
}

#[test]
fn a_start_that_pauses_between_tries_is_given_up_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    fifo(&go);
    let later = Answer::Respond("503 Service Unavailable", "Retry-After: 50\r\n", "");
    let gateway = FakeGateway::answering([telling(&go, later), Answer::Respond("200 OK", "", "")]);
    // The job ends when the start has been refused for now, to be sent again after 50 of its 100 seconds.
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        &gateway.url(),
        "--push-timeout",
        "100s",
    ])
    .args(["--start-after", "0s", "--", "sh", "-c", &until_told(&go)])
    .run()
    .exits(0)
    .says_one_line_with("cannot announce the start: ")
    .took_at_most(Duration::from_secs(10));
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].body.contains("\nbatch_job_success 1\n"));
}

#[test]
fn a_gateway_that_hangs_costs_one_push_timeout_in_all() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    fifo(&go);
    let gateway = FakeGateway::answering([telling(&go, Answer::Silence), Answer::Silence]);
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        &gateway.url(),
        "--push-timeout",
        "2s",
    ])
    .args(["--start-after", "0s", "--", "sh", "-c", &until_told(&go)])
    .run()
    .exits(0)
    .says_one_line_with("cannot push: ")
    .took_at_most(Duration::from_secs(3));
}
