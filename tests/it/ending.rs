//! When the job itself has ended the run is at its end, whatever it leaves behind and whoever listens to us.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Pushgateway, Stage, fifo, write_pipe};

/// The command under test, without a terminal, and for a minute at most.
const BOUNDED: [&str; 7] = [
    "timeout",
    "-s",
    "KILL",
    "60",
    "setsid",
    "--wait",
    env!("CARGO_BIN_EXE_pushjob"),
];

/// `run` in such a way, with its stdout and stderr in pipes.
fn run(args: &[&str]) -> Command {
    let mut command = Command::new(BOUNDED[0]);
    command
        .args(&BOUNDED[1..])
        .arg("run")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A job that is stopped for its time limit, so that there is something to say at the end of the run.
const OVERDUE: [&str; 6] = ["--timeout", "200ms", "--", "sh", "-c", "exec sleep 1000"];

#[test]
fn a_daemon_that_the_job_leaves_behind_lives_on_and_is_not_waited_for() {
    let stage = Stage::new();
    let go = stage.folder.path().join("go");
    fifo(&go);
    // In the group of the job, and with its output.
    let script = format!(
        "sh -c 'echo $$ > {}; cat {}' & exit 3",
        stage.ready().display(),
        go.display()
    );
    let mut child = run(&["-qq", "--job", "j", "--", "sh", "-c", &script])
        .spawn()
        .unwrap();
    let pid = stage.wait_until_ready();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let daemon = format!("/proc/{}", pid.trim());
    assert!(Path::new(&daemon).exists(), "{daemon}");
    // It still does what it was left behind for.
    write_pipe(&go, "of the daemon\n");
    let mut output = String::new();
    let mut stdout = child.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut output).unwrap();
    assert_eq!(output, "of the daemon\n");
}

#[test]
fn a_stderr_that_takes_nothing_changes_neither_the_report_nor_the_code() {
    for (job, redirection) in [("closed", "2>&-"), ("full", "2>/dev/full")] {
        let gateway = Pushgateway::start();
        let status = Command::new("sh")
            .args(["-c", &format!("exec \"$0\" \"$@\" {redirection}")])
            .args(BOUNDED)
            .args(["run", "--job", job, "--gateway", gateway.address()])
            .args(OVERDUE)
            .status();
        assert_eq!(status.unwrap().code(), Some(124), "{redirection}");
        assert_eq!(gateway.reported(job, "exit_code"), "124", "{redirection}");
    }
}

#[test]
fn a_stderr_whose_reader_has_gone_changes_neither_the_report_nor_the_code() {
    let gateway = Pushgateway::start();
    let mut command = run(&["--job", "j", "--gateway", gateway.address()]);
    let mut child = command.args(OVERDUE).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(124));
    assert_eq!(gateway.reported("j", "exit_code"), "124");
}

#[test]
fn stderr_that_nobody_reads_holds_up_neither_the_time_limit_nor_the_report() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("stderr");
    fifo(&pipe);
    let status = Command::new("sh")
        .args(["-c", "exec 9<>\"$0\"; exec \"$@\" 2>&9"])
        .arg(&pipe)
        .args(BOUNDED)
        .args(["run", "--job", "j", "--gateway", gateway.address()])
        .args(["--timeout", "300ms", "--kill-after", "300ms", "--"])
        .args(["sh", "-c"])
        .arg("trap '' TERM; while :; do echo a line that fills the pipe >&2; done")
        .status();
    assert_eq!(status.unwrap().code(), Some(137));
    assert_eq!(gateway.reported("j", "exit_code"), "137");
}
