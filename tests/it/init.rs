//! As the first process of a container, and wherever else orphans come to us.

use std::time::Duration;

use crate::support::{
    Answer, FakeGateway, Pushgateway, Pushjob, Stage, fifo, ok, pushjob_as_pid_1, pushjob_by,
    signal, within, write_pipe,
};

/// Runs a job that leaves a thousand orphans which end at once, and waits until none is left, not even as a zombie.
#[track_caller]
fn reaps_a_thousand_orphans(run: Pushjob) {
    run.fixture("orphans.pl")
        .run()
        .exits(0)
        .prints("none is left\n")
        .says("");
}

#[test]
fn a_thousand_orphans_that_end_at_once_are_reaped() {
    reaps_a_thousand_orphans(pushjob_as_pid_1(["run", "-qq", "--job", "j"]));
}

#[test]
fn a_subreaper_reaps_orphans_too() {
    // The numbers of prctl and PR_SET_CHILD_SUBREAPER.
    let subreaper = if cfg!(target_arch = "x86_64") {
        "syscall(157, 36, 1, 0, 0, 0); exec @ARGV"
    } else {
        "syscall(167, 36, 1, 0, 0, 0); exec @ARGV"
    };
    let caller = ["perl", "-e", subreaper];
    reaps_a_thousand_orphans(pushjob_by(caller, ["run", "-qq", "--job", "j"]));
}

#[test]
fn the_end_of_an_orphan_is_not_taken_for_that_of_the_job() {
    // The orphan says that it is one by its parent being the first process, and has been reaped when it is gone.
    let script = "(sh -c 'while [ \"$(cut -d\" \" -f4 /proc/$$/stat)\" != 1 ]; do :; done; echo $$; exit 9' &) | {\n\
                  read -r orphan; while [ -e \"/proc/$orphan\" ]; do :; done; }; exit 3";
    for ours in [3, 0] {
        let script = script.replace("exit 3", &format!("exit {ours}"));
        pushjob_as_pid_1(["run", "-qq", "--job", "j"])
            .script(&script)
            .run()
            .exits(ours);
    }
}

#[test]
fn term_ends_a_job_without_a_handler_and_is_reported() {
    let gateway = Pushgateway::start();
    let mut running = pushjob_as_pid_1(["run", "--job", "j", "--gateway", gateway.address()])
        .script("echo ready; exec sleep 1000")
        .start();
    assert_eq!(running.next_line(), "ready");
    signal("TERM", running.child_pid());
    running.wait().exits(143).says("");
    assert_eq!(gateway.reported("j", "exit_code"), "143");
    assert_eq!(gateway.reported("j", "exit_signal"), "15");
}

#[test]
fn every_signal_reaches_the_job_from_the_first_process_too() {
    let mut running = pushjob_as_pid_1(["run", "-qq", "--job", "j"])
        .listener()
        .start();
    running.listener_is_ready();
    let pid_1 = running.child_pid();
    for number in [1, 2, 3, 10, 12, 14, 15, 15, 17, 18, 20, 28, 34, 63] {
        signal(&number.to_string(), pid_1);
        assert_eq!(running.next_line(), number.to_string());
    }
    signal("64", pid_1);
    running.wait().exits(5).prints("64\n");
}

#[test]
fn the_time_limit_holds_in_a_container() {
    pushjob_as_pid_1(["run", "--job", "j", "-qq", "--timeout", "300ms"])
        .script("trap 'exit 0' TERM; sleep 1000 & wait")
        .run()
        .exits(124);
}

#[test]
fn orphans_are_reaped_while_the_result_is_delivered() {
    let stage = Stage::new();
    let [orphan, go] = ["orphan", "go"].map(|name| stage.folder.path().join(name));
    fifo(&orphan);
    fifo(&go);
    let answer = Answer::Hearing(go.clone(), Box::new(ok()));
    let gateway = FakeGateway::answering([Answer::Telling(stage.ready(), Box::new(answer))]);
    let running = pushjob_as_pid_1(["run", "--job", "j", "--gateway"])
        .arg(gateway.url())
        .script(format!("cat {} >/dev/null & exit 3", orphan.display()))
        .start();
    stage.wait_until_ready();
    let pid_1 = running.child_pid();
    let children = format!("/proc/{pid_1}/task/{pid_1}/children");
    let children = || std::fs::read_to_string(&children).unwrap();
    assert_ne!(children(), "");
    write_pipe(&orphan, "");
    within(Duration::from_secs(60), "the orphan is left", || {
        children().is_empty()
    });
    write_pipe(&go, "");
    running.wait().exits(3).says("");
}
