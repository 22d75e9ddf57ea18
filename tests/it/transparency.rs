//! The job is what it would be without us.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::{Pushgateway, pushjob, pushjob_by};

/// What stands before a command to run it as a job.
const WRAPPED: [&str; 7] = [
    "setsid",
    env!("CARGO_BIN_EXE_pushjob"),
    "run",
    "-qq",
    "--job",
    "x",
    "--",
];

#[test]
fn the_output_of_the_job_is_its_own_byte_for_byte() {
    let gateway = Pushgateway::start();
    // 200 MB that any dropped, doubled or changed byte would show in.
    let script = "yes 'a line that is not of a power of two' | head -c 200000000";
    let mut child = Command::new(env!("CARGO_BIN_EXE_pushjob"))
        .args(["run", "--job", "big", "--gateway", gateway.address()])
        .args(["--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let line = b"a line that is not of a power of two\n";
    let mut buffer = vec![0; 1 << 20];
    let mut position = 0;
    loop {
        let read = stdout.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        for &byte in &buffer[..read] {
            assert_eq!(byte, line[position % line.len()], "at {position}");
            position += 1;
        }
    }
    assert_eq!(position, 200_000_000);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(gateway.group("big").labels["job"], "big");
}

#[test]
fn input_arguments_and_stderr_pass_through() {
    use std::os::unix::ffi::OsStrExt;
    let gateway = Pushgateway::start();
    pushjob(["run", "--job", "x", "--gateway", gateway.address(), "--"])
        .args([
            "sh",
            "-c",
            "cat; printf '<%s>' \"$@\"; echo of the job >&2",
            "sh",
        ])
        .args(["", "a b", "--job", "*"])
        .arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"))
        .input(*b"in\0put")
        .run()
        .exits(0)
        .prints(b"in\0put<><a b><--job><*><\xff\xfe>")
        .says("of the job\n");
}

#[test]
fn the_environment_passes_but_for_our_secrets() {
    let gateway = Pushgateway::start();
    // Both ways to start a job: with CHLD ignored it goes by fork.
    for trap in ["", "trap '' CHLD; "] {
        let caller = format!("{trap}exec \"$0\" \"$@\"");
        let run = ["run", "--job", "x", "--gateway", gateway.address()];
        pushjob_by(["sh", "-c", &caller], run)
            .args(["--username", "u"])
            .env("PUSHJOB_PASSWORD", "secret")
            .env("PUSHJOB_BEARER_TOKEN", "secret")
            .env("PUSHJOB_PUSH_TIMEOUT", "9s")
            .env("SOMETHING_ELSE", "kept")
            .job(["sh", "-c"])
            .arg("echo ${PUSHJOB_PASSWORD-gone} ${PUSHJOB_BEARER_TOKEN-gone} $PUSHJOB_PUSH_TIMEOUT $SOMETHING_ELSE")
            .run()
            .exits(0)
            .prints("gone gone 9s kept\n");
    }
}

#[test]
fn the_environment_keeps_its_order_and_what_is_odd_in_it() {
    // No program passes on a name twice, none and no equals sign, so the system call does. The number is that of execve.
    let number = if cfg!(target_arch = "x86_64") {
        59
    } else {
        221
    };
    let caller = format!(
        "my @env = ('Z=1', 'A=2', 'Z=3', '=4', 'odd', 'PUSHJOB_PASSWORD=x', 'PUSHJOB_PASSWORD2=y', \
         'PUSHJOB_METRICS_FILE=of another run', \"PATH=$ENV{{PATH}}\"); \
         my $null = pack('Q', 0); \
         syscall({number}, $ARGV[0], pack('p*', @ARGV) . $null, pack('p*', @env) . $null)"
    );
    let run = |prefix: &[&str]| {
        let mut command = Command::new("perl");
        let command = command.args(["-e", &caller]).args(prefix);
        let output = command.args(["/bin/cat", "/proc/self/environ"]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let path = std::env::var("PATH").unwrap();
    let same = format!("Z=1\0A=2\0Z=3\0=4\0odd\0PUSHJOB_PASSWORD2=y\0PATH={path}\0");
    let plain = run(&[]).replace("PUSHJOB_PASSWORD=x\0", "");
    assert_eq!(
        plain.replace("PUSHJOB_METRICS_FILE=of another run\0", ""),
        same
    );
    let ours = run(&WRAPPED[1..]);
    let added = ours.strip_prefix(&same).unwrap();
    assert!(
        added.starts_with("PUSHJOB_METRICS_FILE=/proc/") && added.matches('\0').count() == 1,
        "{ours}"
    );
}

#[test]
fn descriptors_of_the_caller_pass_and_none_of_ours_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let list =
        "for fd in /proc/self/fd/*; do [ -e \"$fd\" ] && echo \"${fd##*/}\"; done; echo end >&7";
    let side = folder.path().join("side");
    let wrapped = format!("exec 7>{}; exec \"$0\" \"$@\"", side.display());
    let run = |prefix: &[&str]| {
        let output = Command::new("sh")
            .args(["-c", &wrapped])
            .args(prefix)
            .args(["sh", "-c", list])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read_to_string(&side).unwrap(), "end\n");
        output.stdout
    };
    let (plain, ours) = (run(&["env"]), run(&WRAPPED));
    assert_eq!(
        String::from_utf8_lossy(&ours),
        String::from_utf8_lossy(&plain)
    );
}

/// The lines of `/proc/self/status` that tell of signals, as a job sees them; no shell, which would clear the mask.
const SIGNAL_STATE: [&str; 4] = ["grep", "-E", "^Sig(Blk|Ign|Cgt):", "/proc/self/status"];

#[test]
fn signal_mask_and_child_disposition_are_those_of_the_caller() {
    // SIGCHLD ignored by the caller, which would cost us the status if we left it so.
    let caller = "use POSIX; $SIG{CHLD} = 'IGNORE'; \
                  $SIG{PIPE} = 'IGNORE'; \
                  sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1, SIGTERM)); \
                  exec @ARGV";
    let run = |prefix: &[&str], job: &[&str]| {
        let mut command = Command::new("perl");
        let command = command.args(["-e", caller]).args(prefix).args(job);
        command.output().unwrap()
    };
    let state = |prefix: &[&str]| String::from_utf8(run(prefix, &SIGNAL_STATE).stdout).unwrap();
    let (plain, ours) = (state(&["env"]), state(&WRAPPED));
    assert_eq!(ours, plain);
    assert!(plain.contains("SigBlk:\t0000000000004200\n"), "{plain}");
    let ignored = plain.lines().find(|line| line.starts_with("SigIgn:"));
    assert!(ignored.unwrap().ends_with("11000"), "{plain}");
    let output = run(&WRAPPED, &["sh", "-c", "exit 6"]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
}

#[test]
fn signal_mask_and_dispositions_are_those_of_an_ordinary_caller() {
    let run = |prefix: &[&str]| {
        let output = Command::new("sh")
            .args(["-c", "trap '' USR1 HUP PIPE; exec \"$@\"", "sh"])
            .args(prefix)
            .args(SIGNAL_STATE)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (plain, ours) = (run(&["env"]), run(&WRAPPED));
    // The library that starts this test's children has them ignore signals 32 and 33, which no program uses itself.
    let plain = plain.replace("SigIgn:\t0000000180001201", "SigIgn:\t0000000000001201");
    assert_eq!(ours, plain);
    assert!(ours.contains("SigIgn:\t0000000000001201\n"), "{ours}");
}

#[test]
fn streams_that_the_caller_had_closed_are_closed_for_the_job() {
    // Both ways to start a job: with CHLD ignored it goes by fork.
    for trap in ["", "trap '' CHLD; "] {
        for (redirection, job) in [
            (">&-", "echo hello"),
            ("<&-", "cat"),
            ("2>&-", "echo hello >&2"),
            ("", "exit 0"),
        ] {
            let code = |prefix: &[&str]| {
                let output = Command::new("sh")
                    .args(["-c", &format!("{trap}exec \"$@\" {redirection}"), "sh"])
                    .args(prefix)
                    .args(["sh", "-c", job])
                    .output()
                    .unwrap();
                output.status.code()
            };
            let (plain, ours) = (code(&["env"]), code(&WRAPPED));
            assert_eq!(ours, plain, "{job} {redirection}");
            assert_eq!(
                plain == Some(0),
                redirection.is_empty(),
                "{job} {redirection}"
            );
        }
    }
}
