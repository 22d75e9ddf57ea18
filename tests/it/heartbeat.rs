//! Signs of life while the job runs: on one connection, and never after its end.

use std::time::Duration;

use crate::support::{Answer, FakeGateway, Proxy, Pushgateway, Stage, fifo, ok, pushjob, run_to};

#[test]
fn heartbeats_go_to_the_gateway_on_one_connection() {
    let gateway = Pushgateway::start();
    let proxy = Proxy::to(gateway.address());
    let mut running = run_to(proxy.address())
        .args(["--heartbeat", "100ms", "--start-after", "50ms"])
        .listener()
        .start();
    running.listener_is_ready();
    // The start and ten heartbeats, each answered before the next is sent.
    proxy.waits_for_requests(11);
    let beat: f64 = gateway
        .reported("j", "heartbeat_timestamp_seconds")
        .parse()
        .unwrap();
    let start: f64 = gateway
        .reported("j", "start_timestamp_seconds")
        .parse()
        .unwrap();
    assert!(beat >= start + 0.8, "{beat} {start}");
    assert_eq!(proxy.connections(), 1);
    running.signal("64");
    running.wait().exits(5).says("");
    // The end has a connection of its own, which no heartbeat can be on.
    assert_eq!(proxy.connections(), 2);
    assert_eq!(gateway.reported("j", "exit_code"), "5");
}

#[test]
fn a_heartbeat_says_when_the_job_was_started_once_that_is_announced() {
    for (start_after, started) in [("0s", true), ("never", false), ("1h", false)] {
        let stage = Stage::new();
        let go = stage.folder.path().join("go");
        fifo(&go);
        let first = |next| {
            if started {
                vec![ok(), next]
            } else {
                vec![next]
            }
        };
        let beat = Answer::Telling(go.clone(), Box::new(ok()));
        let gateway = FakeGateway::answering(first(beat).into_iter().chain((0..20).map(|_| ok())));
        run_to(gateway.url())
            .args(["--heartbeat", "200ms", "--start-after", start_after])
            .args(["--max-age", "1h"])
            .script(format!("cat {} >/dev/null", go.display()))
            .run()
            .exits(0)
            .says("");
        let requests = gateway.requests();
        let beat = &requests[usize::from(started)];
        assert_eq!(beat.method, "POST");
        let has = |name: &str| beat.body.contains(&format!("\nbatch_job_{name} "));
        assert!(has("heartbeat_timestamp_seconds"), "{}", beat.body);
        assert_eq!(has("start_timestamp_seconds"), started, "{}", beat.body);
        assert_eq!(has("max_age_seconds"), started, "{}", beat.body);
        let end = &requests.last().unwrap().body;
        assert!(end.contains("\nbatch_job_success 1\n"), "{end}");
        assert!(!end.contains("heartbeat"), "{end}");
    }
}

#[test]
fn a_heartbeat_that_hangs_is_cut_off_before_the_end_is_sent() {
    let stage = Stage::new();
    // The end is answered only once the connection of the heartbeat has been closed, and no other is made meanwhile.
    let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
    let gateway = FakeGateway::answering([silence, Answer::RespondOnceAlone]);
    run_to(gateway.url())
        .args(["--heartbeat", "100ms", "--start-after", "never"])
        .args(["--push-timeout", "10s"])
        .script(format!(
            "cat {} >/dev/null; sleep 0.5",
            stage.ready().display()
        ))
        .run()
        .exits(0)
        .says("")
        .took_at_most(Duration::from_secs(8));
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].body.contains("\nbatch_job_success 1\n"));
}

#[test]
fn heartbeats_that_fail_are_told_of_once() {
    let stage = Stage::new();
    let refused = || Answer::Respond("400 Bad Request", "", "no\n");
    let third = Answer::Telling(stage.ready(), Box::new(refused()));
    let gateway = FakeGateway::answering([refused(), ok(), third, ok()]);
    // Of the three the last has been answered when the end is sent: it is waited for.
    run_to(gateway.url())
        .args(["--heartbeat", "600ms", "--start-after", "never"])
        .script(format!("cat {} >/dev/null", stage.ready().display()))
        .run()
        .exits(0)
        .says(&format!(
            "pushjob: j: 2 of 3 pushes while the job ran were not delivered, the last: \
             {}/metrics/job/j answered 400: no\n",
            gateway.url()
        ));
    assert_eq!(gateway.requests().len(), 4);
}

#[test]
fn a_gateway_that_is_down_costs_heartbeats_and_nothing_else() {
    let mut running = run_to("127.0.0.1:1")
        .args(["--heartbeat", "100ms", "--push-retries", "0"])
        .listener()
        .start();
    let pid = running.listener_is_ready().parent;
    for _ in 0..20 {
        running.signal("USR1");
        assert_eq!(running.next_line(), "10");
    }
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    running.signal("64");
    running.wait().exits(5).says_one_line_with("cannot push: ");
}

#[test]
fn a_heartbeat_that_is_always_due_keeps_no_signal_from_the_job() {
    let mut running = pushjob(["run", "-qq", "--job", "j", "--heartbeat", "100ms"])
        .listener()
        .start();
    running.listener_is_ready();
    for number in ["15", "40"] {
        running.signal(number);
        assert_eq!(running.next_line(), number);
    }
    running.signal("64");
    running.wait().exits(5);
}

#[test]
fn a_last_heartbeat_has_half_of_the_time_to_be_answered_where_it_could_add_to_the_end() {
    for (method, half) in [("push", true), ("pushadd", false)] {
        let stage = Stage::new();
        let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
        let gateway = FakeGateway::answering([silence, Answer::RespondOnceAlone]);
        let finished = run_to(gateway.url())
            .args(["--heartbeat", "100ms", "--start-after", "never"])
            .args(["--method", method, "--push-timeout", "4s"])
            .script(format!("cat {} >/dev/null", stage.ready().display()))
            .run();
        finished
            .exits(0)
            .says("")
            .took_at_most(Duration::from_secs(4));
        let waited = finished.elapsed >= Duration::from_secs(2);
        assert_eq!(waited, half, "{finished}");
    }
}

#[test]
fn heartbeats_that_cannot_be_pushed_are_not_passed_over_in_silence() {
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        "https://127.0.0.1:1",
        "--method",
        "none",
    ])
    .args(["--heartbeat", "100ms"])
    .env("PUSHJOB_TLS_CA_FILE", "/")
    .script("sleep 0.4")
    .run()
    .exits(0)
    .says("pushjob: j: cannot push: PUSHJOB_TLS_CA_FILE: CA file / is not a regular file\n");
}

#[test]
fn a_group_is_not_deleted_while_a_heartbeat_could_bring_it_back() {
    let stage = Stage::new();
    let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
    let gateway = FakeGateway::answering([silence, ok()]);
    run_to(gateway.url())
        .args(["--heartbeat", "100ms", "--start-after", "never"])
        .args(["--method", "delete", "--push-timeout", "2s"])
        .script(format!("cat {} >/dev/null", stage.ready().display()))
        .run()
        .exits(0)
        .says(&format!(
            "pushjob: j: cannot delete: {}/metrics/job/j: the last heartbeat had no answer, and would bring \
             the group back\n",
            gateway.url()
        ));
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn a_dry_run_shows_its_heartbeat() {
    let finished = pushjob(["run", "--dry-run", "--job", "j", "--heartbeat", "100ms"])
        .script("sleep 0.5")
        .run();
    finished.exits(0);
    let sample = "\nbatch_job_heartbeat_timestamp_seconds{instance=\"\",job=\"j\"} ";
    assert!(finished.stderr.contains(sample), "{finished}");
    pushjob(["run", "--dry-run", "--job", "j", "--heartbeat", "0s"])
        .job(["true"])
        .run()
        .exits(125)
        .says(
            "pushjob: invalid value '0s' for '--heartbeat <DURATION>': it must be longer than 0\n\
             pushjob: nothing was run; usage: pushjob run [OPTIONS] --job <NAME> -- <COMMAND> [ARGS]...; \
             `pushjob run --help` shows all\n",
        );
}
