//! What the end of a job means: success, failure or skip, and what the group shows of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Pushgateway, pushjob, run_to};

/// A job that exits with 0 when it is told to stop by any of the signals that it is asked to.
const OBEDIENT: &str = "exec 2>/dev/null; trap 'exit 0' TERM INT QUIT HUP USR1; echo ready; while :; do sleep 0.05; done";

/// Whether the group of the job `j` has a metric.
fn has(gateway: &Pushgateway, name: &str) -> bool {
    let series = format!("batch_job_{name}{{instance=\"\",job=\"j\"}}");
    gateway
        .samples()
        .into_iter()
        .any(|(known, _)| known == series)
}

#[test]
fn an_exit_with_0_after_a_signal_that_asks_for_an_end_is_no_success() {
    let more: &[&str] = &["--stop-signal", "USR1"];
    for (signal, args, interrupted) in [
        ("TERM", &[][..], true),
        ("INT", &[], true),
        ("QUIT", &[], true),
        ("HUP", &[], false),
        ("USR1", &[], false),
        ("USR1", more, true),
        ("TERM", more, true),
    ] {
        let gateway = Pushgateway::start();
        run_to(gateway.address()).job(["true"]).run().exits(0);
        let before = gateway.reported("j", "last_success_timestamp_seconds");
        let mut running = run_to(gateway.address())
            .args(args)
            .script(OBEDIENT)
            .start();
        assert_eq!(running.next_line(), "ready");
        running.signal(signal);
        let finished = running.wait();
        finished.exits(0).says("");
        assert_eq!(
            finished
                .outcome
                .contains(&format!(": interrupted by {signal}, ")),
            interrupted,
            "{finished}"
        );
        let flag = |is_set: bool| if is_set { "1" } else { "0" };
        assert_eq!(
            gateway.reported("j", "interrupted"),
            flag(interrupted),
            "{signal}"
        );
        assert_eq!(
            gateway.reported("j", "success"),
            flag(!interrupted),
            "{signal}"
        );
        assert_eq!(gateway.reported("j", "exit_code"), "0");
        let after = gateway.reported("j", "last_success_timestamp_seconds");
        assert_eq!(before == after, interrupted, "{signal}");
    }
}

#[test]
fn an_interruption_can_be_a_success() {
    let gateway = Pushgateway::start();
    let mut running = run_to(gateway.address())
        .arg("--interrupted-is-success")
        .script(OBEDIENT)
        .start();
    assert_eq!(running.next_line(), "ready");
    running.signal("TERM");
    running.wait().exits(0).says("").ends_with_the_line("");
    assert_eq!(gateway.reported("j", "interrupted"), "1");
    assert_eq!(gateway.reported("j", "success"), "1");
}

#[test]
fn codes_can_be_a_success_and_keep_their_number() {
    for (list, code, success) in [
        ("0,24", 24, "1"),
        ("0,24", 23, "0"),
        ("3-5", 4, "1"),
        ("24", 0, "1"),
    ] {
        let gateway = Pushgateway::start();
        run_to(gateway.address())
            .args(["--success-codes", list])
            .script(format!("exit {code}"))
            .run()
            .exits(code)
            .says("");
        assert_eq!(gateway.reported("j", "success"), success, "{list} {code}");
        assert_eq!(gateway.reported("j", "exit_code"), code.to_string());
    }
    // The code that a time limit makes is ours.
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--success-codes", "124", "--timeout", "200ms"])
        .script("trap 'exit 124' TERM; sleep 60 & wait")
        .run()
        .exits(124);
    assert_eq!(gateway.reported("j", "success"), "0");
}

#[test]
fn a_skip_changes_nothing_but_its_time() {
    let gateway = Pushgateway::start();
    let skip = |args: &[&str], script: &str| {
        run_to(gateway.address())
            .args(["--skip-codes", "75"])
            .args(args)
            .script(script)
            .run()
            .exits(75)
            .says("")
            .ends_with_the_line("");
    };
    skip(
        &["--method", "push"],
        "echo 'a 1' >> $PUSHJOB_METRICS_FILE; exit 75",
    );
    let names = gateway.samples().into_keys();
    let names: Vec<String> = names
        .filter(|name| name.contains("{instance=\"\",job=\"j\"}"))
        .collect();
    assert_eq!(
        names
            .iter()
            .filter(|name| !name.starts_with("push_"))
            .count(),
        1,
        "{names:?}"
    );
    assert!(has(&gateway, "last_skip_timestamp_seconds"));
    run_to(gateway.address()).job(["false"]).run().exits(1);
    let before = gateway.reported("j", "completion_timestamp_seconds");
    skip(&[], "exit 75");
    assert_eq!(
        gateway.reported("j", "completion_timestamp_seconds"),
        before
    );
    assert_eq!(gateway.reported("j", "exit_code"), "1");
    assert_eq!(gateway.reported("j", "success"), "0");
}

#[test]
fn a_skip_leaves_no_start_that_shows_a_job_which_runs() {
    for args in [
        &["--start-after", "0s"][..],
        &["--start-after", "never", "--heartbeat", "100ms"],
    ] {
        let gateway = Pushgateway::start();
        run_to(gateway.address())
            .args(["--skip-codes", "75"])
            .args(args)
            .script("sleep 0.5; exit 75")
            .run()
            .exits(75);
        let time = |name: &str| gateway.reported("j", name).parse::<f64>().unwrap();
        assert!(time("start_timestamp_seconds") < time("completion_timestamp_seconds"));
        assert_eq!(
            time("last_skip_timestamp_seconds"),
            time("completion_timestamp_seconds")
        );
        assert!(!has(&gateway, "success") && !has(&gateway, "last_failure_timestamp_seconds"));
    }
}

#[test]
fn lists_of_codes_that_contradict_each_other_are_wrong_usage() {
    for (args, message) in [
        (
            ["--success-codes", "1-5", "--skip-codes", "4"],
            "--skip-codes: 4 is one of --success-codes, too",
        ),
        (
            ["--success-codes", "1", "--skip-codes", "0"],
            "--skip-codes: 0 is always a success",
        ),
    ] {
        pushjob(["run", "--job", "j"])
            .args(args)
            .job(["true"])
            .run()
            .exits(125)
            .says(&format!("pushjob: {message}\n"));
    }
}

#[test]
fn a_failed_job_is_one_line_that_names_it() {
    let gateway = Pushgateway::start();
    let run = |args: &[&str], script: &str| {
        let run = pushjob(["run", "--job", "backup", "--gateway", gateway.address()]);
        run.args(args).script(script).run()
    };
    let failed = run(&[], "exit 3");
    failed.exits(3).says("");
    assert!(
        failed
            .outcome
            .starts_with("pushjob: backup: failed with code 3 after "),
        "{failed}"
    );
    let killed = run(&[], "kill -KILL $$");
    assert!(
        killed
            .outcome
            .starts_with("pushjob: backup: killed by KILL after "),
        "{killed}"
    );
    run(&["-q"], "exit 3")
        .exits(3)
        .says("")
        .ends_with_the_line("");
}

#[test]
fn a_command_for_a_shell_is_told_to_use_one() {
    for (command, hint) in [
        (
            &["echo hi | wc"][..],
            "looks like a line for a shell: use --shell",
        ),
        (
            &["cd", "/tmp"],
            "a command of the shell itself: use --shell",
        ),
        (&["X=1", "cmd"], "sets a variable of a shell: use --shell"),
    ] {
        pushjob(["run", "-q", "--job", "j"])
            .job(command)
            .run()
            .exits(127)
            .says_one_line_with(hint);
    }
}

#[test]
fn without_a_destination_strict_runs_nothing_and_quiet_prints_no_page() {
    let run = |args: &[&str]| pushjob(["run", "--job", "j"]).args(args).script("echo ran");
    run(&["--strict"]).run().exits(125).prints("").says(
        "pushjob: --strict, but there is no destination: set --gateway, --textfile or --listen\n",
    );
    let empty = "pushjob: j: PUSHJOB_GATEWAY is set and names no gateway; ";
    run(&["--strict"])
        .env("PUSHJOB_GATEWAY", "")
        .run()
        .exits(125)
        .prints("")
        .says(&format!("{empty}nothing was run, as --strict asks\n"));
    run(&[])
        .env("PUSHJOB_GATEWAY", ",")
        .run()
        .exits(0)
        .says(&format!("{empty}the run is not recorded\n"));
    run(&["-q"]).run().exits(0).prints("ran\n").says("");
    run(&["--strict", "--dry-run"])
        .run()
        .exits(0)
        .prints("ran\n");
}

#[test]
fn a_limit_of_none_is_infinite() {
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--max-age", "none"])
        .job(["true"])
        .run()
        .exits(0);
    assert_eq!(gateway.reported("j", "max_age_seconds"), "+Inf");
}

/// A directory in the place of the one with the control groups, in which the job counts.
#[test]
fn a_kill_for_memory_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["memory.events", "memory/memory.oom_control"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "low 0\noom_kill 3\n").unwrap();
    }
    let run = |script: &str| {
        let line = format!(
            "mount --bind {} /sys/fs/cgroup && exec {} run --dry-run --job j -- sh -c '{script}'",
            folder.path().display(),
            env!("CARGO_BIN_EXE_pushjob"),
        );
        let other_user = (!crate::support::is_root()).then_some("--map-root-user");
        let output = Command::new("unshare")
            .args(["--mount"].into_iter().chain(other_user))
            .args(["sh", "-c", &line])
            .output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    let page = run("exit 1");
    assert!(
        page.contains("batch_job_oom_killed{instance=\"\",job=\"j\"} 0\n"),
        "{page}"
    );
    assert!(!page.contains("out of memory"), "{page}");
    let kill = "for f in memory.events memory/memory.oom_control; do echo oom_kill 4 > /sys/fs/cgroup/$f; done; exit 1";
    let page = run(kill);
    assert!(
        page.contains("batch_job_oom_killed{instance=\"\",job=\"j\"} 1\n"),
        "{page}"
    );
    assert!(page.contains("; out of memory: "), "{page}");
    fs::remove_dir_all(folder.path()).unwrap();
    fs::create_dir_all(folder.path()).unwrap();
    assert!(!run("true").contains("batch_job_oom_killed"));
}

#[test]
fn a_limit_on_the_size_of_files_kills_the_job_alone() {
    let gateway = Pushgateway::start();
    let limited = |args: &[&str]| {
        let status = Command::new("sh")
            .args([
                "-c",
                "ulimit -f 0; exec \"$@\"",
                "sh",
                env!("CARGO_BIN_EXE_pushjob"),
            ])
            .args(args)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        status.unwrap().code()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let script = format!(
        "exec perl -e 'open F, \">\", \"{}\"; syswrite F, \"x\"'",
        file.display()
    );
    let run = [
        "run",
        "--job",
        "j",
        "--gateway",
        gateway.address(),
        "--",
        "sh",
        "-c",
        &script,
    ];
    // 25 is XFSZ, which the job has with its default action.
    assert_eq!(limited(&run), Some(128 + 25));
    assert_eq!(gateway.reported("j", "exit_signal"), "25");
    let metrics = folder.path().join("metrics");
    fs::write(&metrics, "").unwrap();
    let metrics = metrics.to_str().unwrap();
    assert_eq!(
        limited(&["metric", "gauge", "a", "1", "--metrics-file", metrics]),
        Some(1)
    );
    assert!(Path::new(&metrics).exists());
}
