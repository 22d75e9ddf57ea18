//! Announcing the start, and its order before the end.

use std::time::Duration;

use crate::support::{Answer, FakeGateway, Finished, Pushgateway, fifo, ok, run_to, within};

/// A gateway that answers the start push and the end push in turn, and a job that ends when the first has been received.
struct Scene {
    folder: tempfile::TempDir,
    gateway: FakeGateway,
}

impl Scene {
    fn answering(start: Answer, end: Answer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        fifo(&go);
        let start = Answer::Telling(go, Box::new(start));
        let gateway = FakeGateway::answering([start, end]);
        Self { folder, gateway }
    }

    fn run(&self, args: &[&str]) -> Finished {
        let go = self.folder.path().join("go");
        run_to(self.gateway.url())
            .args(["--start-after", "0s"])
            .args(args)
            .script(format!("cat {} >/dev/null", go.display()))
            .run()
    }

    /// The last of two requests is the end of the run.
    #[track_caller]
    fn shows_the_end(&self) {
        let requests = self.gateway.requests();
        assert_eq!(requests.len(), 2);
        assert!(requests[1].body.contains("\nbatch_job_success 1\n"));
    }
}

#[test]
fn a_short_job_costs_one_request() {
    let gateway = FakeGateway::answering([ok(), Answer::Silence]);
    run_to(gateway.url()).job(["true"]).run().exits(0).says("");
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
    let scene = Scene::answering(ok(), ok());
    scene
        .run(&["--method", "push", "--max-age", "1h"])
        .exits(0)
        .says("");
    let requests = scene.gateway.requests();
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
    let running = run_to(gateway.address())
        .args(["--start-after", "0s"])
        .script(&script)
        .start();
    std::fs::read(&ready).unwrap();
    // The start is under way; the gateway has it within the time of a delivery.
    within(Duration::from_secs(10), "no start was announced", || {
        !gateway.groups().is_empty()
    });
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
        let gateway = FakeGateway::answering([ok()]);
        run_to(gateway.url())
            .args(args)
            .script("sleep 0.2")
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
    // The end is answered only once the connection of the start has been closed.
    let scene = Scene::answering(Answer::Silence, Answer::RespondOnceAlone);
    scene
        .run(&["--push-timeout", "2s"])
        .exits(0)
        .says(&format!(
            "pushjob: j: cannot announce the start: {}/metrics/job/j: it had no answer when the job ended\n",
            scene.gateway.url()
        ))
        .took_at_most(Duration::from_secs(3));
    scene.shows_the_end();
}

#[test]
fn a_start_that_pauses_between_tries_is_given_up_at_once() {
    // The start is refused for now, to be sent again after 50 of its 100 seconds.
    let later = Answer::Respond("503 Service Unavailable", "Retry-After: 50\r\n", "");
    let scene = Scene::answering(later, ok());
    scene
        .run(&["--push-timeout", "100s"])
        .exits(0)
        .says_one_line_with("cannot announce the start: ")
        .took_at_most(Duration::from_secs(10));
    scene.shows_the_end();
}

#[test]
fn a_gateway_that_hangs_costs_one_push_timeout_in_all() {
    Scene::answering(Answer::Silence, Answer::Silence)
        .run(&["--push-timeout", "2s"])
        .exits(0)
        .says_one_line_with("cannot push: ")
        .took_at_most(Duration::from_secs(3));
}

#[test]
fn a_start_that_hangs_leaves_the_end_most_of_the_time() {
    // The end has its answer after the start has been given up, and has more than half of the time left for it.
    let scene = Scene::answering(Answer::Silence, ok());
    scene
        .run(&["--push-timeout", "20s"])
        .exits(0)
        .says(&format!(
            "pushjob: j: cannot announce the start: {}/metrics/job/j: it had no answer when the job ended\n",
            scene.gateway.url()
        ))
        .took_at_most(Duration::from_secs(5));
    scene.shows_the_end();
}

#[test]
fn a_group_is_not_deleted_while_a_start_could_bring_it_back() {
    let scene = Scene::answering(Answer::Silence, ok());
    scene
        .run(&["--push-timeout", "2s", "--method", "delete"])
        .exits(0)
        .says(&format!(
            "pushjob: j: cannot delete: {}/metrics/job/j: the start had no answer, and would bring the \
             group back\n",
            scene.gateway.url()
        ))
        .took_at_most(Duration::from_secs(3));
    assert_eq!(scene.gateway.requests().len(), 1);
    let scene = Scene::answering(ok(), ok());
    scene.run(&["--method", "delete"]).exits(0).says("");
    assert_eq!(scene.gateway.requests()[1].method, "DELETE");
}
