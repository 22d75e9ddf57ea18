//! Signals and time limits reach the job, and the run is reported all the same.

use std::path::Path;
use std::time::Duration;

use crate::support::{Answer, FakeGateway, Pushgateway, Pushjob, fifo, pushjob, run_to};

/// A run of which only the code and the output of the job matter.
fn unreported() -> Pushjob {
    pushjob(["run", "-qq", "--job", "j"])
}

/// A folder with two named pipes: the job says that it is ready on one, and is told to go on by the other.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fifo(&folder.path().join("ready"));
        Self { folder }
    }

    fn ready(&self) -> std::path::PathBuf {
        self.folder.path().join("ready")
    }

    /// Waits until the job has written to the pipe `ready`.
    fn wait_until_ready(&self) -> String {
        std::fs::read_to_string(self.ready()).unwrap()
    }
}

/// A script that says it is ready and waits for what never comes; without a trap it dies of a signal, with one it
/// waits in a way that the trap can interrupt.
fn waiting(trap: Option<&str>, ready: &Path) -> String {
    let ready = ready.display();
    match trap {
        Some(trap) => {
            format!("exec 2>/dev/null\n{trap}\nsh -c 'echo > {ready}; exec sleep 1000' &\nwait $!")
        }
        None => format!("echo > {ready}; sleep 1000; exit 1"),
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
fn a_signal_during_the_final_push_loses_neither_the_push_nor_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let pushing = folder.path().join("pushing");
    fifo(&pushing);
    // The gateway says that it has the request, and answers when pushjob has been sent a signal.
    let go = folder.path().join("go");
    fifo(&go);
    let answer = Answer::Hearing(go.clone(), Box::new(Answer::Respond("200 OK", "", "")));
    let gateway = FakeGateway::answering([Answer::Telling(pushing.clone(), Box::new(answer))]);
    let running = run_to(gateway.url()).script("exit 3").start();
    std::fs::read(&pushing).unwrap();
    running.signal("TERM");
    std::fs::write(&go, "").unwrap();
    running.wait().exits(3).says("");
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn stderr_that_nobody_reads_holds_up_neither_the_time_limit_nor_the_report() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("stderr");
    fifo(&pipe);
    let pushjob = env!("CARGO_BIN_EXE_pushjob");
    // QUIT ends what hangs, with 124.
    let status = std::process::Command::new("timeout")
        .args([
            "-s",
            "QUIT",
            "30",
            "sh",
            "-c",
            "exec 9<>\"$0\"; exec setsid \"$@\" 2>&9",
        ])
        .arg(&pipe)
        .args([pushjob, "run", "--job", "j", "--gateway", gateway.address()])
        .args([
            "--timeout",
            "300ms",
            "--kill-after",
            "300ms",
            "--",
            "sh",
            "-c",
        ])
        .arg("trap '' TERM; while :; do echo a line that fills the pipe >&2; done")
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(137));
    assert_eq!(gateway.reported("j", "exit_code"), "137");
}

#[test]
fn a_job_hears_that_its_terminal_has_hung_up() {
    let stage = Stage::new();
    let heard = stage.folder.path().join("heard");
    fifo(&heard);
    let script = format!(
        "trap 'echo HUP > {}; exit 0' HUP; echo > {}; while :; do sleep 1000 & wait; done",
        heard.display(),
        stage.ready().display()
    );
    let job = stage.folder.path().join("job");
    crate::support::script(&job, &format!("#!/bin/sh\n{script}\n"));
    // In a terminal of its own, as the first process of its session.
    let command = format!(
        "exec {} run -qq --job j -- {}",
        env!("CARGO_BIN_EXE_pushjob"),
        job.display()
    );
    let mut terminal = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    stage.wait_until_ready();
    // The end of the program that holds the other side is the end of the terminal.
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::read_to_string(heard)));
    let heard = receiver.recv_timeout(Duration::from_secs(30));
    assert_eq!(heard.unwrap().unwrap(), "HUP\n");
}

#[test]
fn there_is_one_supervisor_at_a_time() {
    let first = pushjob::job::Supervisor::new().unwrap();
    let error = pushjob::job::Supervisor::new().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(
        error.to_string(),
        "there is a supervisor in this process already"
    );
    drop(first);
    assert!(pushjob::job::Supervisor::new().is_ok());
}
