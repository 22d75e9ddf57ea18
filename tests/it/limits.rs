//! Time limits hold for the whole group of the job, whatever it and the wall clock do.

use std::time::Duration;

use crate::support::{FakeClock, Pushgateway, pushjob, pushjob_as_pid_1, signal, unreported};

#[test]
fn a_job_that_takes_too_long_is_stopped_with_124() {
    let gateway = Pushgateway::start();
    let run = |job: &str, args: &[&str], script: &str| {
        pushjob(["run", "--gateway", gateway.address(), "--job", job])
            .args(["--timeout", "1s"])
            .args(args)
            .script(script)
            .run()
    };
    run("plain", &[], "sleep 1000")
        .exits(124)
        .says("")
        .ends_with_the_line("pushjob: plain: timed out after 1s, killed by TERM\n")
        .took_at_most(Duration::from_secs(5));
    assert_eq!(gateway.reported("plain", "timed_out"), "1");
    assert_eq!(gateway.reported("plain", "exit_code"), "124");
    assert_eq!(gateway.reported("plain", "exit_signal"), "15");
    assert_eq!(gateway.reported("plain", "success"), "0");
    run("graceful", &[], "trap 'exit 0' TERM; sleep 1000 & wait")
        .exits(124)
        .took_at_most(Duration::from_secs(5));
    assert_eq!(gateway.reported("graceful", "success"), "0");
    assert_eq!(gateway.reported("graceful", "exit_signal"), "0");
    run(
        "int",
        &["--stop-signal", "INT"],
        "trap 'echo INT; kill $!; exit 0' INT; sleep 1000 & wait",
    )
    .exits(124)
    .prints("INT\n")
    .ends_with_the_line("pushjob: int: timed out after 1s, it exited with 0\n");
    run("in-time", &["--timeout", "1000s"], "exit 3").exits(125);
}

#[test]
fn a_job_that_ignores_its_stop_is_killed_with_137() {
    let gateway = Pushgateway::start();
    pushjob(["run", "--gateway", gateway.address(), "--job", "j"])
        .args(["--timeout", "1s", "--kill-after", "100ms"])
        .script("trap '' TERM; while :; do sleep 1000; done")
        .run()
        .exits(137)
        .ends_with_the_line("pushjob: j: timed out after 1s, killed by KILL\n")
        .took_at_most(Duration::from_secs(5));
    let value = |name: &str| gateway.reported("j", name);
    assert_eq!(value("exit_code"), "137");
    assert_eq!(value("exit_signal"), "9");
    assert_eq!(value("timed_out"), "1");
}

#[test]
fn a_stopped_job_is_woken_to_be_stopped_for_good() {
    unreported()
        .args(["--timeout", "100ms", "--kill-after", "1000s"])
        .script("kill -STOP $$")
        .run()
        .exits(124)
        .took_at_most(Duration::from_secs(5));
}

#[test]
fn a_job_within_its_time_is_left_alone() {
    unreported()
        .args(["--timeout", "1000s"])
        .script("exit 3")
        .run()
        .exits(3);
}

#[test]
fn the_time_limit_holds_for_the_group_of_the_job() {
    // The job goes on after TERM; it ends because its child has died of it.
    unreported()
        .args(["--timeout", "300ms", "--kill-after", "1000s"])
        .script(
            "trap : TERM; sleep 1000 & while kill -0 $! 2>/dev/null; do wait $!; done; echo gone",
        )
        .run()
        .exits(124)
        .prints("gone\n");
    // KILL reaches the child too: it holds stdout, whose end this waits for.
    unreported()
        .args(["--timeout", "300ms", "--kill-after", "100ms"])
        .script("trap '' TERM; sleep 1000 & while :; do wait; done")
        .run()
        .exits(137)
        .took_at_most(Duration::from_secs(10));
}

#[test]
fn kill_follows_a_term_from_outside_where_that_is_asked() {
    let gateway = Pushgateway::start();
    let mut running = pushjob_as_pid_1(["run", "--job", "j", "--gateway", gateway.address()])
        .args(["--kill-after", "300ms"])
        .script("trap 'echo TERM' TERM; echo ready; while :; do sleep 1000 & wait; done")
        .start();
    assert_eq!(running.next_line(), "ready");
    signal("TERM", running.child_pid());
    assert_eq!(running.next_line(), "TERM");
    running.wait().exits(137).says("");
    assert_eq!(gateway.reported("j", "exit_signal"), "9");
    assert_eq!(gateway.reported("j", "timed_out"), "0");
}

#[test]
fn a_job_has_all_the_time_it_takes_after_a_term_where_nothing_else_is_asked() {
    let mut running = unreported().listener().start();
    running.listener_is_ready();
    running.signal("TERM");
    assert_eq!(running.next_line(), "15");
    running.waits_without_a_timer();
    running.signal("64");
    running.wait().exits(5).prints("64\n");
}

#[test]
fn a_run_without_limits_wakes_up_for_nothing() {
    let mut running = unreported()
        .args(["--start-after", "never"])
        .listener()
        .start();
    running.listener_is_ready();
    running.waits_without_a_timer();
    let pid = running.pid();
    let switches = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("voluntary_ctxt_switches:"));
        line.unwrap().to_owned()
    };
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    assert_eq!(threads.unwrap().count(), 1);
    let before = switches();
    // The job does something, and we have no part in it.
    let job = running.child_pid().to_string();
    for number in 34..64 {
        signal(&number.to_string(), job.parse().unwrap());
        assert_eq!(running.next_line(), number.to_string());
    }
    assert_eq!(switches(), before);
    running.signal("64");
    running.wait().exits(5);
}

#[test]
fn a_wall_clock_that_is_set_changes_no_limit_and_no_duration() {
    // Forward by a day: a limit of hours is not reached.
    let clock = FakeClock::new();
    let finished = clock
        .under(pushjob([
            "run",
            "--dry-run",
            "--job",
            "j",
            "--timeout",
            "10h",
        ]))
        .script(clock.set_to("+1d") + "; exit 3")
        .run();
    finished.exits(3);
    let value = |name: &str| sample(&finished.stderr, name);
    assert!(value("duration_seconds") < 60.0, "{finished}");
    let elapsed = value("completion_timestamp_seconds") - value("start_timestamp_seconds");
    assert!((86400.0..86460.0).contains(&elapsed), "{finished}");
    assert_eq!(value("timed_out"), 0.0);
    // Back by a day: a limit of less than a second is.
    let clock = FakeClock::new();
    let finished = clock
        .under(pushjob([
            "run",
            "--dry-run",
            "--job",
            "j",
            "--timeout",
            "500ms",
        ]))
        .script(clock.set_to("-1d") + "; exec sleep 1000")
        .run();
    finished.exits(124).took_at_most(Duration::from_secs(10));
    let value = |name: &str| sample(&finished.stderr, name);
    assert!(
        (0.5..10.0).contains(&value("duration_seconds")),
        "{finished}"
    );
    assert!(value("completion_timestamp_seconds") > value("start_timestamp_seconds"));
}

/// A sample of the page that a dry run prints.
#[track_caller]
fn sample(page: &str, name: &str) -> f64 {
    let beginning = format!("batch_job_{name}{{");
    let line = page.lines().find(|line| line.starts_with(&beginning));
    let value = line.and_then(|line| line.rsplit_once(' ')).unwrap().1;
    value.parse().unwrap()
}
