//! Runs that are recorded in a textfile.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use pushjob::exposition::parse;
use rustix::fs::{FlockOperation, flock};

use crate::support::{
    NodeExporter, Pushgateway, Pushjob, Running, appending, fifo, is_root, pushjob, pushjob_by,
    run_to, within, write_pipe,
};

/// A run of the job `j` that writes this textfile.
fn run_in(path: &Path) -> Pushjob {
    pushjob(["run", "--job", "j", "--textfile"]).arg(path)
}

/// The value of a metric of the report of the job `j`, if it is there.
fn value(content: &str, name: &str) -> Option<String> {
    let series = format!("batch_job_{name}{{job_name=\"j\"}} ");
    let value = content
        .lines()
        .find_map(|line| line.strip_prefix(&series))?;
    Some(value.to_owned())
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failed_run_keeps_the_last_success_where_node_exporter_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    let path = folder.path().join("j.prom");
    run_in(folder.path())
        .job(["true"])
        .run()
        .exits(0)
        .says("")
        .prints("");
    let last = value(
        &fs::read_to_string(&path).unwrap(),
        "last_success_timestamp_seconds",
    );
    assert!(last.is_some());
    run_in(folder.path()).job(["false"]).run().exits(1).says("");
    let content = fs::read_to_string(&path).unwrap();
    assert_eq!(value(&content, "last_success_timestamp_seconds"), last);
    assert_eq!(value(&content, "success").unwrap(), "0");
    assert!(value(&content, "last_failure_timestamp_seconds").is_some());
    let samples = exporter.samples();
    assert_eq!(samples["batch_job_exit_code{job_name=\"j\"}"], "1");
    assert_eq!(
        samples.len(),
        content
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count()
    );
    assert!(exporter.is_content());
    assert_eq!(names(folder.path()), ["j.prom"]);
}

#[test]
fn node_exporter_may_read_the_file_whatever_the_umask() {
    for umask in ["077", "777", "000"] {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        pushjob_by(["sh", "-c", &script], ["run", "--job", "j", "--textfile"])
            .arg(folder.path())
            .script("umask")
            .run()
            .exits(0)
            .says("")
            .prints(format!("0{umask}\n"));
        let file = fs::metadata(folder.path().join("j.prom")).unwrap();
        assert_eq!(file.permissions().mode(), 0o100_644, "{umask}");
    }
}

#[test]
fn what_was_written_and_deleted_is_said_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.prom");
    let said = run_in(&path).arg("-v").job(["true"]).run();
    let place = path.display();
    let expected = format!("\npushjob: j: delivered to {place}, try 1, ");
    assert!(said.exits(0).stderr.contains(&expected), "{said}");
    pushjob(["run", "--job", "other", "--textfile"])
        .arg(&path)
        .job(["true"])
        .run()
        .exits(0);
    let deleted = run_in(&path)
        .args(["-v", "--method", "delete"])
        .job(["true"])
        .run();
    let expected = format!("\npushjob: j: deleted the group in {place}, try 1, ");
    assert!(deleted.exits(0).stderr.contains(&expected), "{deleted}");
    let content = fs::read_to_string(&path).unwrap();
    assert!(!content.contains("\"j\"") && content.contains("\"other\""));
    pushjob(["run", "--job", "other", "--method", "delete", "--textfile"])
        .arg(&path)
        .job(["true"])
        .run()
        .exits(0);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn the_methods_do_to_the_group_what_they_do_at_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.prom");
    let run = |args: &[&str], script: String| run_in(&path).args(args).script(script).run();
    run(&[], appending("rows 1\\n")).exits(0);
    let rows = || {
        let content = fs::read_to_string(&path).unwrap();
        content.contains("\nrows{job_name=\"j\"} 1\n")
    };
    assert!(rows());
    // A failure is added: it does not take the last success away.
    run(&["--method", "push"], "exit 3".to_owned()).exits(3);
    assert!(rows());
    assert!(
        value(
            &fs::read_to_string(&path).unwrap(),
            "last_success_timestamp_seconds"
        )
        .is_some()
    );
    run(&["--method", "none"], "exit 4".to_owned()).exits(4);
    assert_eq!(
        value(&fs::read_to_string(&path).unwrap(), "exit_code").unwrap(),
        "3"
    );
    run(&["--method", "push"], String::new()).exits(0);
    assert!(!rows());
    run(&["--on-failure", "delete"], "exit 5".to_owned()).exits(5);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn the_start_and_signs_of_life_are_there_while_the_job_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.prom");
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    let running = run_in(folder.path())
        .args(["--start-after", "0s", "--heartbeat", "100ms"])
        .script(appending("rows 7\\n") + &format!("read line < {}", pipe.display()))
        .start();
    let content = || fs::read_to_string(&path).unwrap_or_default();
    let seen = |part: &str| {
        let missing = format!("no {part}");
        within(Duration::from_secs(60), &missing, || {
            content().contains(part)
        });
    };
    seen("batch_job_start_timestamp_seconds{job_name=\"j\"} ");
    seen("batch_job_heartbeat_timestamp_seconds{job_name=\"j\"} ");
    seen("rows{job_name=\"j\"} 7\n");
    assert_eq!(value(&content(), "completion_timestamp_seconds"), None);
    let first = value(&content(), "heartbeat_timestamp_seconds");
    within(
        Duration::from_secs(60),
        "there is no second heartbeat",
        || value(&content(), "heartbeat_timestamp_seconds") != first,
    );
    write_pipe(&pipe, "go\n");
    running.wait().exits(0).says("");
    assert_eq!(value(&content(), "success").unwrap(), "1");
}

#[test]
fn a_bad_line_of_the_job_takes_nothing_along_and_is_told_of_as_at_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.prom");
    fs::write(&path, "# TYPE rows counter\nrows{job_name=\"other\"} 1\n").unwrap();
    let run = || {
        run_in(&path)
            .arg("--strict")
            .script(appending("# TYPE rows gauge\\nrows 1\\nno line\\n"))
    };
    let place = path.display();
    run().run().exits(123).says(&format!(
        "pushjob: j: cannot push the metrics of the job: {place} cannot hold these metrics: metric rows is a gauge in group \
         {{job=\"j\"}} and a counter in another\n\
         pushjob: j: PUSHJOB_METRICS_FILE line 3, column 4: \"line\" is not a number; left out\n",
    ));
    let content = fs::read_to_string(&path).unwrap();
    assert_eq!(value(&content, "success").unwrap(), "1");
    assert!(
        content.contains("\nrows{job_name=\"other\"} 1\n"),
        "{content}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_the_job_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/x.prom");
    let reason = format!(
        "{} cannot be written: No such file or directory (os error 2)",
        path.display()
    );
    run_in(&path)
        .script(appending("rows 1\\n") + "echo ran; exit 3")
        .run()
        .exits(3)
        .prints("ran\n")
        .says(&format!("pushjob: j: cannot push: {reason}\n"));
    run_in(&path)
        .arg("--strict")
        .script("echo ran")
        .run()
        .exits(125)
        .prints("")
        .says(&format!(
            "pushjob: j: {reason}; nothing was run, as --strict asks\n"
        ));
    // It was right before the job.
    let there = folder.path().join("there");
    fs::create_dir(&there).unwrap();
    let job = run_in(&there.join("x.prom"))
        .args(["--strict", "--start-after", "never"])
        .job(["rmdir".as_ref(), there.as_os_str()])
        .run();
    job.exits(123).says(&format!(
        "pushjob: j: cannot push: {} cannot be written: No such file or directory (os error 2)\n",
        there.join("x.prom").display()
    ));
    for args in [&["--strict"][..], &[]] {
        run_in("/dev/null".as_ref())
            .args(args)
            .job(["true"])
            .run()
            .exits(if args.is_empty() { 0 } else { 125 })
            .says_one_line_with("/dev/null is not a directory and does not end in .prom");
    }
    run_in("".as_ref())
        .job(["echo", "ran"])
        .run()
        .exits(125)
        .prints("")
        .says_somewhere("--textfile");
}

#[test]
fn a_variable_names_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let run = || pushjob(["run", "--job", "j"]).env("PUSHJOB_TEXTFILE", folder.path());
    run().job(["true"]).run().exits(0).says("");
    assert_eq!(names(folder.path()), ["j.prom"]);
    // A flag wins.
    run()
        .arg("--textfile")
        .arg(folder.path().join("x.prom"))
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    assert_eq!(names(folder.path()), ["j.prom", "x.prom"]);
    // An empty one counts as none.
    pushjob(["run", "--job", "j"])
        .env("PUSHJOB_TEXTFILE", "")
        .job(["true"])
        .run()
        .exits(0)
        .starts_by_saying("pushjob: j: no --gateway is given; ");
    // It is the environment that is wrong, and the job runs.
    pushjob(["run", "--job", "j"])
        .env("PUSHJOB_TEXTFILE", folder.path().join("missing"))
        .job(["true"])
        .run()
        .exits(0)
        .says_one_line_with("missing is not a directory and does not end in .prom");
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["--dry-run"][..], &["--dry-run", "--strict"]] {
        let shown = run_in(folder.path()).args(args).job(["true"]).run();
        shown.exits(0).starts_by_saying("pushjob: j: dry run, ");
        assert!(
            shown
                .stderr
                .contains("batch_job_success{instance=\"\",job=\"j\"} 1\n")
        );
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn a_gateway_and_a_textfile_get_every_delivery_and_neither_needs_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Pushgateway::start();
    let path = folder.path().join("x.prom");
    let run = |address: &str, path: &Path| {
        run_to(address)
            .args(["--push-retries", "0", "--strict", "--textfile"])
            .arg(path)
            .script(appending("rows 1\\n"))
            .run()
    };
    run(gateway.address(), &path).exits(0).says("");
    assert_eq!(gateway.reported("j", "success"), "1");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"j\"}"], "1");
    let content = || fs::read_to_string(&path).unwrap();
    assert_eq!(
        value(&content(), "start_timestamp_seconds")
            .unwrap()
            .parse::<f64>(),
        gateway.reported("j", "start_timestamp_seconds").parse()
    );
    fs::remove_file(&path).unwrap();
    let address = gateway.kill();
    run(&address, &path)
        .exits(123)
        .says_one_line_with("Connection refused");
    assert_eq!(value(&content(), "success").unwrap(), "1");
    assert!(content().contains("rows{job_name=\"j\"} 1\n"));
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--textfile", "/dev/null"])
        .job(["true"])
        .run()
        .exits(0)
        .says_one_line_with("/dev/null is not a directory");
    assert_eq!(gateway.reported("j", "success"), "1");
    // A gateway that is wrong is none, and the page in memory is not shown.
    fs::remove_file(&path).unwrap();
    run_in(&path)
        .env("PUSHJOB_GATEWAY", "http://[")
        .job(["true"])
        .run()
        .exits(0)
        .says_one_line_with("nothing is delivered to a gateway");
    assert_eq!(value(&content(), "success").unwrap(), "1");
}

#[test]
fn a_file_that_is_not_in_the_text_format_is_set_aside_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.prom");
    let aside = folder.path().join("j.prom.bad");
    for args in [&[][..], &["--start-after", "0s"]] {
        fs::write(&path, "no metrics\n").unwrap();
        run_in(folder.path())
            .args(args)
            .arg("--strict")
            .job(["true"])
            .run()
            .exits(0)
            .says(&format!(
                "pushjob: j: {} was not in the text format: line 1, column 4: \"metrics\" is not a number; set aside \
                 as {}\n",
                path.display(),
                aside.display()
            ));
        assert_eq!(fs::read_to_string(&aside).unwrap(), "no metrics\n");
        fs::remove_file(&aside).unwrap();
        assert!(value(&fs::read_to_string(&path).unwrap(), "success").is_some());
    }
}

#[test]
fn on_a_full_disk_the_old_file_stays_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "cd {}; mount -t tmpfs -o size=16k none . && cd $PWD || exit 99; \"$0\" \"$@\" -- true; \
         head -c 1M /dev/zero > full 2>/dev/null; \"$0\" \"$@\" -- sh -c 'exit 3'; code=$?; \
         ls -A; grep batch_job_success{{ j.prom; exit $code",
        folder.path().display()
    );
    let namespace = ["unshare", "--mount"];
    let other_user = (!is_root()).then_some("--map-root-user");
    let caller = namespace.into_iter().chain(other_user);
    pushjob_by(
        caller.chain(["sh", "-c", &script]),
        ["run", "--job", "j", "--textfile", "j.prom"],
    )
    .run()
    .exits(3)
    .prints("full\nj.prom\nbatch_job_success{job_name=\"j\"} 1\n")
    .says(
        "pushjob: j: cannot push: j.prom cannot be written: No space left on device (os error 28)\n",
    );
}

#[test]
fn a_limit_for_files_ends_neither_the_run_nor_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let script = "ulimit -f 1; exec \"$0\" \"$@\"";
    for start_after in ["never", "0s"] {
        pushjob_by(["sh", "-c", script], ["run", "--job", "j", "--textfile"])
            .arg(folder.path())
            .args(["--start-after", start_after])
            .script("exit 3")
            .run()
            .exits(3)
            .says_one_line_with("j.prom cannot be written: File too large (os error 27)");
    }
}

#[test]
fn a_run_that_ended_earlier_takes_nothing_of_a_later_one_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.prom");
    let now = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs_f64()
    };
    let value = |name: &str| {
        let text = fs::read_to_string(&path).unwrap();
        let series = format!("{name}{{job_name=\"j\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.map(|number| number.parse::<f64>().unwrap())
    };
    // When the later run ended, seen from when the earlier one had; and whether it is taken for later.
    for (after, is_later) in [(0.0, true), (3600.0, false)] {
        let held = File::create(folder.path().join(".j.prom.new")).unwrap();
        flock(&held, FlockOperation::LockExclusive).unwrap();
        let mut running = run_in(folder.path())
            .script("echo own 1 >> $PUSHJOB_METRICS_FILE; echo ends")
            .start();
        running.next_line();
        let tasks = format!("/proc/{}/task", running.pid());
        within(Duration::from_secs(60), "it does not deliver", || {
            fs::read_dir(&tasks).unwrap().count() >= 3
        });
        let ended = now() + after;
        let gauge = |name: &str, value: f64| {
            format!("# TYPE {name} gauge\n{name}{{job_name=\"j\"}} {value}\n")
        };
        let later = [
            "# pushjob group {job_name=\"j\"}\n",
            &gauge("batch_job_completion_timestamp_seconds", ended),
            &gauge("batch_job_success", 0.0),
            &gauge("batch_job_last_success_timestamp_seconds", 5.0),
            "own{job_name=\"j\"} 2\n",
        ];
        fs::write(&path, later.concat()).unwrap();
        drop(held);
        running.wait().exits(0).says("");
        assert_eq!(value("batch_job_success"), Some(f64::from(!is_later)));
        assert_eq!(value("batch_job_exit_code"), (!is_later).then_some(0.0));
        assert_eq!(value("own"), Some(if is_later { 2.0 } else { 1.0 }));
        // It did succeed, and later than was known.
        assert!(value("batch_job_last_success_timestamp_seconds").unwrap() > 1e9);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_file_that_others_hold_is_waited_for_until_its_time_is_up_or_it_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let held = File::create(folder.path().join(".x.prom.new")).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let place = path.display();
    let begun = run_in(&path)
        .args(["--push-timeout", "200ms", "--start-after", "0s"])
        .script("exit 3")
        .run();
    begun.exits(3).took_at_most(Duration::from_secs(30));
    assert!(
        begun
            .stderr
            .starts_with(&format!("pushjob: j: cannot push: {place} was ")),
        "{begun}"
    );

    let mut running = run_in(&path)
        .args(["--push-timeout", "1h"])
        .script("echo ends; exit 3")
        .start();
    running.next_line();
    let settled = |running: &Running| {
        let tasks = format!("/proc/{}/task", running.pid());
        within(Duration::from_secs(60), "it does not deliver", || {
            fs::read_dir(&tasks).unwrap().count() >= 3
        });
    };
    settled(&running);
    running.signal("TERM");
    running.next_message();
    running.signal("TERM");
    let given_up = running.wait();
    given_up.exits(3);
    let expected = format!("pushjob: j: cannot deliver the result to {place}: ");
    assert!(given_up.stderr.starts_with(&expected), "{given_up}");
    assert!(!path.exists());
}

#[test]
fn fifty_runs_at_once_share_a_file_and_a_reader_always_sees_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.prom");
    run_in(&path).job(["true"]).run().exits(0);
    let done = AtomicBool::new(false);
    let groups = |content: &str| {
        let families = parse(content.as_bytes()).unwrap();
        families.get("batch_job_success").unwrap().metrics().count()
    };
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 1;
            while !done.load(Ordering::Relaxed) {
                let count = groups(&fs::read_to_string(&path).unwrap());
                assert!(count >= last, "{count} after {last}");
                last = count;
            }
        });
        let run = |number: usize| {
            pushjob(["run", "--push-timeout", "60s", "--job"])
                .arg(format!("job {number}"))
                .arg("--textfile")
                .arg(&path)
                .args(["--start-after", "0s", "--heartbeat", "100ms"])
                .job(["sleep", "0.1"])
                .start()
        };
        let running: Vec<_> = (0..50).map(run).collect();
        for run in running {
            run.wait().exits(0).says("");
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(groups(&fs::read_to_string(&path).unwrap()), 51);
    assert_eq!(names(folder.path()), ["all.prom"]);
}

#[test]
fn no_push_timeout_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("j.prom");
    pushjob([
        "run",
        "--job",
        "j",
        "--push-timeout",
        "18446744073709551615s",
        "--textfile",
    ])
    .arg(&file)
    .job(["true"])
    .run()
    .exits(0)
    .says("");
    assert!(file.exists());
}
