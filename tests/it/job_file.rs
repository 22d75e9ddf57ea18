//! The file that a job finds in its environment, wherever it runs and however that ends.

use std::fs;
use std::time::Duration;

use crate::support::{
    Answer, FakeGateway, Pushgateway, Pushjob, Stage, appending, fifo, is_root, ok, pushjob,
    pushjob_by, run_to, within, write_pipe,
};

#[test]
fn runs_inside_runs_have_a_file_each() {
    let gateway = Pushgateway::start();
    let script = format!(
        "{} run --job inner --gateway {} -- sh -c '{}'\n{}",
        env!("CARGO_BIN_EXE_pushjob"),
        gateway.address(),
        "echo inner_rows 1 >> $PUSHJOB_METRICS_FILE",
        appending("outer_rows 2\\n"),
    );
    run_to(gateway.address())
        .script(script)
        .run()
        .exits(0)
        .says("");
    let of = |job: &str| {
        let mut metrics = gateway.group(job).metrics;
        metrics.retain(|name| !name.starts_with("batch_job_"));
        metrics
    };
    assert_eq!(
        (of("inner"), of("j")),
        (vec!["inner_rows".to_owned()], vec!["outer_rows".to_owned()])
    );
}

/// The command in a mount namespace of its own, after a script has changed what is mounted there.
fn pushjob_after_mounting(script: &str, args: &[&str]) -> Pushjob {
    let script = format!("set -e; {script}; exec \"$0\" \"$@\"");
    let namespace = ["unshare", "--mount"];
    let other_user = (!is_root()).then_some("--map-root-user");
    let caller = namespace.into_iter().chain(other_user);
    pushjob_by(caller.chain(["sh", "-c", &script]), args)
}

#[test]
fn a_root_that_cannot_be_written_to_is_no_hindrance() {
    let gateway = Pushgateway::start();
    let read_only = "mount -o remount,bind,ro /; for folder in /tmp /var/tmp /dev/shm; do \
                     mount --bind $folder $folder; mount -o remount,bind,ro $folder; done";
    let run = [
        "run",
        "--strict",
        "--job",
        "j",
        "--gateway",
        gateway.address(),
    ];
    pushjob_after_mounting(read_only, &run)
        .env("TMPDIR", "/nowhere")
        .script(format!(
            "for folder in / /tmp /var/tmp /dev/shm; do touch $folder/x 2>/dev/null && exit 9; done\n\
             readlink $PUSHJOB_METRICS_FILE\n{}",
            appending("rows 7\\n")
        ))
        .run()
        .exits(0)
        .says("")
        .prints("/memfd:pushjob-metrics (deleted)\n");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"j\"}"], "7");
}

#[test]
fn without_proc_the_job_runs_all_the_same() {
    let gateway = Pushgateway::start();
    let script = "echo ${PUSHJOB_METRICS_FILE-none}";
    let reason = "cannot take metrics from the job: there is no /proc, through which a job finds its file: \
                  No such file or directory (os error 2)";
    let run = |strict: &[&str]| {
        let run = ["run", "--job", "j", "--gateway", gateway.address()];
        pushjob_after_mounting("mount -t tmpfs none /proc", &run)
            .env("PUSHJOB_METRICS_FILE", "/of/another/run")
            .args(strict)
            .script(script)
            .run()
    };
    run(&[])
        .exits(0)
        .prints("none\n")
        .says(&format!("pushjob: j: {reason}\n"));
    assert_eq!(gateway.reported("j", "success"), "1");
    run(&["--strict"]).exits(125).prints("").says(&format!(
        "pushjob: j: {reason}; nothing was run, as --strict asks\n"
    ));
}

#[test]
fn nothing_is_left_behind() {
    let stage = Stage::new();
    let folder = stage.folder.path().join("tmp");
    let go = stage.folder.path().join("go");
    fs::create_dir(&folder).unwrap();
    fifo(&go);
    let running = pushjob(["run", "-qq", "--job", "j"])
        .env("TMPDIR", &folder)
        .script(format!(
            "{}readlink $PUSHJOB_METRICS_FILE > {}\nread -r go < {}",
            appending("rows 7\\n"),
            stage.ready().display(),
            go.display(),
        ))
        .start();
    let file = stage.wait_until_ready();
    assert!(file.starts_with(folder.to_str().unwrap()), "{file}");
    let left = || fs::read_dir(&folder).unwrap().count();
    assert_eq!(left(), 0);
    let process = running.pid();
    running.signal("KILL");
    within(Duration::from_secs(60), "it lives", || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    });
    write_pipe(&go, "go\n");
    assert_eq!(left(), 0);
}

#[test]
fn a_large_file_takes_little_memory_and_time() {
    let stage = Stage::new();
    let go = stage.folder.path().join("go");
    fifo(&go);
    let waiting = Answer::Hearing(go.clone(), Box::new(ok()));
    let gateway = FakeGateway::answering([ok(), Answer::Telling(stage.ready(), Box::new(waiting))]);
    // 24 MB of a thousand series, each of them set again and again.
    let writer = "open my $file, '>>', $ENV{PUSHJOB_METRICS_FILE}; for my $round (1..500) { \
                  print $file map { qq(rows{part=\"$_\",table=\"users of the shop\"} $round\\n) } 1000..1999 }";
    // A build that is not optimised takes seconds to read that, and more beside other tests.
    let running = run_to(gateway.url())
        .args(["--push-timeout", "60s"])
        .job(["perl", "-e", writer])
        .start();
    stage.wait_until_ready();
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak_kb = peak
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse::<u64>()
        .unwrap();
    assert!(peak_kb < 16 << 10, "{peak_kb} kB");
    write_pipe(&go, "");
    running
        .wait()
        .exits(0)
        .says("")
        .took_at_most(Duration::from_secs(40));
    let body = &gateway.requests()[1].body;
    assert_eq!(body.lines().count(), 1001);
    assert!(body.contains("\nrows{part=\"1999\",table=\"users of the shop\"} 500\n"));
}

#[test]
fn what_the_job_has_left_running_is_not_waited_for() {
    let stage = Stage::new();
    let gateway = Pushgateway::start();
    let script = format!(
        "(exec 3>> $PUSHJOB_METRICS_FILE; echo rows 1 >&3; echo half >&3; printf 'incomp' >&3; \
         exec >/dev/null 2>&1; echo ready > {0}; read -r go < {0}) &\nread -r ready < {0}",
        stage.ready().display()
    );
    run_to(gateway.address()).script(script).run().exits(0).says(
        "pushjob: j: PUSHJOB_METRICS_FILE line 2, column 5: expected a value after half; left out\n\
         pushjob: j: PUSHJOB_METRICS_FILE line 3, column 1: the last line has no newline at its end: it is \
         incomplete; left out\n",
    );
    write_pipe(&stage.ready(), "go\n");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"j\"}"], "1");
}
