//! Signals reach the job, each once, and the run is reported all the same.

use std::path::Path;

use crate::support::{Pushgateway, Stage, pushjob, pushjob_by, unreported};

/// A script that says it is ready and waits for what never comes; without a trap it dies of a signal, with one it
/// waits in a way that the trap can interrupt.
fn waiting(trap: Option<&str>, ready: &Path) -> String {
    let ready = ready.display();
    match trap {
        Some(trap) => {
            format!("exec 2>/dev/null\n{trap}\nsh -c 'echo > {ready}; exec sleep 1000' &\nwait $!")
        }
        // Ready once it waits: a shell that is about to start something may lose an INT.
        None => format!("sh -c 'echo > {ready}; exec sleep 1000'; exit 1"),
    }
}

#[test]
fn int_term_and_hup_reach_the_job_and_its_end_is_reported() {
    let gateway = Pushgateway::start();
    for (name, number) in [("HUP", 1), ("INT", 2), ("TERM", 15)] {
        let stage = Stage::new();
        let job = format!("signal-{name}");
        let script = waiting(
            Some(&format!("trap 'echo {name}; kill $!; exit 40' {name}")),
            &stage.ready(),
        );
        let run = |script: &str| {
            pushjob(["run", "--job", &job, "--gateway", gateway.address()])
                .script(script)
                .start()
        };
        let running = run(&script);
        stage.wait_until_ready();
        running.signal(name);
        running
            .wait()
            .exits(40)
            .prints(format!("{name}\n"))
            .says("");
        // A job that does nothing about it dies of it, and so does its child, which is in its group.
        let running = run(&waiting(None, &stage.ready()));
        stage.wait_until_ready();
        running.signal(name);
        running.wait().exits(128 + number).says("");
        assert_eq!(gateway.reported(&job, "exit_signal"), number.to_string());
    }
}

#[test]
fn a_signal_reaches_the_whole_group_of_the_job() {
    let stage = Stage::new();
    // The job itself goes on after TERM; it ends because its child has died of it.
    let script = format!(
        "trap : TERM\n\
         sh -c 'echo > {}; exec sleep 1000' &\n\
         while kill -0 $! 2>/dev/null; do wait $!; done; echo gone",
        stage.ready().display()
    );
    let running = unreported().script(&script).start();
    stage.wait_until_ready();
    running.signal("TERM");
    running.wait().exits(0).prints("gone\n");
}

#[test]
fn a_supervisor_belongs_in_the_main_thread() {
    let error = pushjob::supervise::Supervisor::new().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "a supervisor belongs in the main thread");
}

/// The signals that a process can catch, but for those that the C library keeps for itself.
fn catchable() -> impl Iterator<Item = i32> {
    (1..=64).filter(|number| ![9, 19, 32, 33].contains(number))
}

#[test]
fn every_signal_reaches_the_job_once() {
    let mut running = unreported().listener().start();
    running.listener_is_ready();
    for number in catchable() {
        running.signal(&number.to_string());
        let line = running.next_line();
        if line != number.to_string() {
            running.signal("64");
            panic!("{line:?} at {number}, in {}", running.wait());
        }
    }
    // Signal 64 has ended it, and nothing came twice.
    running.wait().exits(5).prints("").says("");
}

#[test]
fn realtime_signals_are_all_passed_on_however_fast_they_come() {
    let mut running = unreported().listener().start();
    let pid = running.listener_is_ready().parent;
    let burst = format!("for i in 1 2 3 4 5 6 7 8 9; do kill -s 40 {pid}; done; kill -s 64 {pid}");
    let status = std::process::Command::new("sh")
        .args(["-c", &burst])
        .status();
    assert!(status.unwrap().success());
    let all = ["40\n"; 9].concat() + "64\n";
    running.wait().exits(5).prints(all);
}

#[test]
fn a_second_term_or_int_is_passed_on_too() {
    for number in [15, 2] {
        let mut running = unreported().listener().start();
        running.listener_is_ready();
        for _ in 0..3 {
            running.signal(&number.to_string());
            assert_eq!(running.next_line(), number.to_string());
        }
        running.signal("64");
        running.wait().exits(5).prints("64\n");
    }
}

#[test]
fn a_signal_that_came_before_the_job_was_started_reaches_it() {
    // Blocked and sent before the command begins, so that it is certain to be there first.
    let before = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM)); \
                  kill TERM => $$; exec @ARGV";
    let mut running = pushjob_by(["perl", "-e", before], ["run", "-qq", "--job", "j"])
        .listener()
        .start();
    let mut lines = [running.next_line(), running.next_line()];
    lines.sort();
    assert_eq!(lines[0], "15");
    assert!(lines[1].starts_with("ready "), "{lines:?}");
    running.signal("64");
    running.wait().exits(5).prints("64\n");
}

#[test]
fn a_signal_at_the_very_start_of_the_job_reaches_it() {
    let script = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM)); \
                  $SIG{TERM} = sub { exit 7 }; \
                  kill TERM => getppid; sigsuspend(POSIX::SigSet->new) while 1";
    for _ in 0..50 {
        unreported().job(["perl", "-e", script]).run().exits(7);
    }
}

#[test]
fn an_alarm_that_the_caller_had_set_reaches_the_job() {
    // Blocked, so that it waits for a job that is not ready yet.
    let caller = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGALRM)); \
                  alarm 1; exec @ARGV";
    let mut running = pushjob_by(["perl", "-e", caller], ["run", "-qq", "--job", "j"])
        .listener()
        .start();
    running.listener_is_ready();
    assert_eq!(running.next_line(), "14");
    running.signal("64");
    running.wait().exits(5).prints("64\n");
}

#[test]
fn a_job_that_has_left_its_group_is_reached_all_the_same() {
    // It moves into the group of its child, and a third process stays in the one that it led.
    let script = "setpgrp(0, 0); my $other = fork // die; \
                  if (!$other) { setpgrp 0, 0; sleep 1000; exit } \
                  1 until getpgrp($other) == $other; \
                  my $left = fork // die; \
                  if (!$left) { sleep 1000; exit } \
                  setpgrp 0, $other; \
                  $SIG{TERM} = sub { kill KILL => $other; exit 7 }; \
                  $| = 1; print \"ready\\n\"; sleep 1000 while 1";
    let mut running = unreported().job(["perl", "-e", script]).start();
    assert_eq!(running.next_line(), "ready");
    running.signal("TERM");
    running.wait().exits(7);
}

#[test]
fn the_end_of_a_child_that_the_caller_had_is_not_told_to_the_job() {
    let caller = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD)); \
                  my $child = fork // die; exit 0 unless $child; \
                  my $pending = POSIX::SigSet->new; \
                  sigpending($pending) until $pending->ismember(SIGCHLD); \
                  exec @ARGV";
    let mut running = pushjob_by(["perl", "-e", caller], ["run", "-qq", "--job", "j"])
        .listener()
        .start();
    running.listener_is_ready();
    running.signal("64");
    running.wait().exits(5).prints("64\n");
}
