//! What a job leaves behind: in its group after a time limit, and when `pushjob` is killed.

use std::path::Path;
use std::time::Duration;

use crate::support::{Pushgateway, run_to, within};

/// A job whose child ignores TERM and prints its number.
const STUBBORN: &str =
    "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 60 >/dev/null 2>&1; done' & wait";

fn lives(pid: &str) -> bool {
    Path::new("/proc").join(pid).join("exe").read_link().is_ok()
}

#[test]
fn what_a_time_limit_leaves_in_the_group_is_killed_after_the_result_is_delivered() {
    let gateway = Pushgateway::start();
    let mut running = run_to(gateway.address())
        .args(["--timeout", "500ms", "--kill-after", "3s"])
        .script(STUBBORN)
        .start();
    let child = running.next_line();
    // What a push has stored is shown a moment after its answer.
    let code = "batch_job_exit_code{instance=\"\",job=\"j\"}";
    within(Duration::from_secs(10), "there is no result", || {
        gateway
            .samples()
            .get(code)
            .is_some_and(|code| code == "124")
    });
    assert!(lives(&child), "killed before its time");
    running.wait().exits(124).says("");
    within(Duration::from_secs(5), "it lives on", || !lives(&child));
}

#[test]
fn nobody_is_waited_for_where_nobody_is_left() {
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--timeout", "200ms", "--kill-after", "1000s"])
        .script("exec sleep 60")
        .run()
        .exits(124)
        .took_at_most(Duration::from_secs(5));
}

#[test]
fn who_asks_for_an_end_has_the_rest_killed_at_once() {
    let gateway = Pushgateway::start();
    let mut running = run_to(gateway.address())
        .args(["--timeout", "200ms", "--kill-after", "1000s"])
        .script(STUBBORN)
        .start();
    let child = running.next_line();
    gateway.waits_for_groups(1);
    within(Duration::from_secs(10), "it does not end", || {
        running.signal("TERM");
        !lives(&child)
    });
}

#[test]
fn the_kernel_kills_the_job_with_us_where_that_is_asked() {
    for (flag, dies) in [(Some("--kill-job-with-me"), true), (None, false)] {
        let mut running = run_to("127.0.0.1:1")
            .args(flag)
            .script("echo $$; exec sleep 60 >/dev/null 2>&1")
            .start();
        let job = running.next_line();
        assert!(lives(&job));
        running.kill();
        assert!(running.wait().is_killed());
        if dies {
            within(Duration::from_secs(5), "the job lives on", || !lives(&job));
        } else {
            assert!(lives(&job));
            crate::support::signal("KILL", job.parse().unwrap());
        }
    }
}
