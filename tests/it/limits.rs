//! Time limits hold for the whole group of the job, whatever it and the wall clock do.

use std::time::Duration;

use crate::support::{Pushgateway, Pushjob, pushjob};

/// A run of which only the code and the output of the job matter.
fn unreported() -> Pushjob {
    pushjob(["run", "-qq", "--job", "j"])
}

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
        .says("pushjob: the job's time was up, TERM was sent\n")
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
    .says("pushjob: the job's time was up, INT was sent\n");
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
        .says(
            "pushjob: the job's time was up, TERM was sent\n\
             pushjob: the job did not end, KILL was sent\n",
        )
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
