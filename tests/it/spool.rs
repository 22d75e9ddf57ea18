//! A spool: what could not be delivered is kept, and nothing old takes the place of something newer.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::support::{
    Answer, FakeClock, FakeGateway, Place, Pushgateway, Stage, is_root, nobody, ok, pushjob,
    pushjob_by, run_to, within, write_pipe,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_did_not_arrive_is_kept_and_goes_with_the_next_run() {
    let (place, address) = (Place::new(), nobody());
    let run = place.run_to(&address).script("exit 3").run();
    run.exits(3).says("");
    let kept = place.noting_run_to(&address).script("exit 3").run();
    kept.exits(3);
    let entry = place.entry();
    kept.says_among_others(&format!(
        "pushjob: j: cannot push: http://{address}/metrics/job/j: Connection refused (os error 111); kept in {}",
        entry.display()
    ));
    assert_eq!(mode(&place.folder), 0o700);
    for extension in ["waiting", "lock", "turn"] {
        assert_eq!(
            place
                .files(extension)
                .iter()
                .map(|file| mode(file))
                .collect::<Vec<_>>(),
            [0o600]
        );
    }
    let gateway = Pushgateway::start_at(&address);
    let delivered = place.run_to(&address).job(["true"]).run();
    delivered.exits(0).says_one_line_with(&format!(
        "pushjob: j: delivered to http://{address}/metrics/job/j what 2 earlier runs had left, the first "
    ));
    assert_eq!(gateway.reported("j", "exit_code"), "0");
    // That of the run that had failed, which the second has not touched.
    gateway.reported("j", "last_failure_timestamp_seconds");
    let quiet = place.run_to(&address).job(["true"]).run();
    quiet.exits(0).says("");
    place
        .flush()
        .arg("--list")
        .run()
        .exits(0)
        .prints("")
        .says("");
}

#[test]
fn flush_delivers_what_waits_with_the_times_of_the_run() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).job(["true"]).run().exits(0);
    place
        .run_to(&address)
        .args(["--instance", "a"])
        .script("echo rows 42 >> $PUSHJOB_METRICS_FILE; exit 1")
        .run()
        .exits(1);
    let waiting = fs::read_to_string(place.files("waiting").remove(0)).unwrap();
    let listed = place.flush().arg("--list").run();
    listed.exits(0).says("");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut lines: Vec<_> = listed.lines().collect();
    lines.sort_unstable();
    let group = |labels: &str| format!("http://{address} {{job=\"j\"{labels}}}: 1 run, ");
    assert!(lines[0].starts_with(&group(",instance=\"a\"")), "{listed}");
    assert!(lines[1].starts_with(&group("")), "{listed}");
    assert!(
        lines.iter().all(|line| line.ends_with(".waiting: waits")),
        "{listed}"
    );

    let failed = place.flush().run();
    failed
        .exits(1)
        .says_one_line_with("cannot push what was kept: http://");
    let gateway = Pushgateway::start_at(&address);
    let flushed = place.flush().run();
    flushed.exits(0);
    assert_eq!(flushed.stderr.lines().count(), 2, "{flushed}");
    let samples = gateway.samples();
    assert_eq!(samples["rows{instance=\"a\",job=\"j\"}"], "42");
    assert_eq!(samples["batch_job_success{instance=\"\",job=\"j\"}"], "1");
    // The time is that of the run.
    let (_, time) = waiting
        .lines()
        .find_map(|line| {
            line.strip_prefix("batch_job_completion_timestamp_seconds")
                .map(|line| line.split_at(1))
        })
        .unwrap();
    let time: f64 = time.parse().unwrap();
    let completed = samples
        .iter()
        .filter(|(series, _)| series.starts_with("batch_job_completion_timestamp_seconds"));
    let completed: Vec<f64> = completed.map(|(_, value)| value.parse().unwrap()).collect();
    assert!(completed.contains(&time), "{completed:?} {time}");
    place.flush().run().exits(0).says("");
}

#[test]
fn flush_waits_for_a_gateway_that_is_to_come() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).job(["true"]).run().exits(0);
    let mut flushing = place
        .flush()
        .args(["--wait", "50s", "-v", "--gateway", &address])
        .start();
    // It has seen that nobody is there.
    let refused = flushing.next_message();
    assert!(
        refused.starts_with("pushjob: cannot push what was kept: "),
        "{refused}"
    );
    let gateway = Pushgateway::start_at(&address);
    flushing.wait().exits(0);
    assert_eq!(gateway.reported("j", "success"), "1");
}

#[test]
fn what_waits_for_another_gateway_stays() {
    let (place, address, gateway) = (Place::new(), nobody(), Pushgateway::start());
    place.run_to(&address).job(["true"]).run().exits(0);
    // What is kept is not for whoever else is named, and our password is not for who else it was kept for.
    let other = place
        .run_to(gateway.address())
        .args(["--label", "a=b"])
        .job(["true"])
        .run();
    other.exits(0).says("");
    let flushed = place.flush().args(["--gateway", gateway.address()]).run();
    flushed.exits(1).says(&format!(
        "pushjob: {{job=\"j\"}} waits for http://{address}, which --gateway does not name\n"
    ));
    let listed = place.flush().arg("--list").run();
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 1);
    assert_eq!(gateway.groups().len(), 1);
}

#[test]
fn a_result_that_the_gateway_refuses_is_set_aside_with_the_reason() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    pushjob([
        "push",
        "--job",
        "other",
        "--counter",
        "rows=1",
        "--gateway",
        gateway.address(),
    ])
    .run()
    .exits(0);
    let script =
        "echo '# TYPE rows gauge' >> $PUSHJOB_METRICS_FILE; echo rows 2 >> $PUSHJOB_METRICS_FILE";
    let refused = place.run_to(gateway.address()).script(script).run();
    let aside = place.files("refused");
    assert_eq!(aside.len(), 1);
    refused
        .exits(0)
        .says_one_line_with(&format!("; set aside in {}", aside[0].display()));
    assert_eq!(gateway.reported("j", "success"), "1");
    let text = fs::read_to_string(&aside[0]).unwrap();
    assert!(
        text.contains("\nrows 2\n") && !text.contains("batch_job"),
        "{text}"
    );
    // It is not sent for ever.
    place.succeed(gateway.address());
    let listed = place.flush().arg("--list").run();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains(": refused: http://") && listed.lines().count() == 1,
        "{listed}"
    );
    // But it is not forgotten until somebody has removed it.
    place
        .flush()
        .run()
        .exits(1)
        .says_one_line_with(".refused was set aside earlier");
    fs::remove_file(&aside[0]).unwrap();
    place.flush().run().exits(0).says("");
}

#[test]
fn what_is_no_entry_is_set_aside_and_stops_no_run() {
    let gateway = Pushgateway::start();
    let place = Place::new();
    place.succeed(gateway.address());
    let entry = place.entry();
    let whole = fs::read_to_string(&entry).unwrap();
    for (content, reason) in [
        ("", "it begins with"),
        (&whole[..whole.len() / 2], "its end is missing"),
        (
            "# pushjob spool 3\n",
            "another version of pushjob has written it",
        ),
        ("#!/bin/sh\n", "it begins with \"#!/bin/sh\""),
    ] {
        fs::write(&entry, content).unwrap();
        let aside = format!("unreadable{}", place.files("unreadable1").len() + 1);
        let finished = place.run_to(gateway.address()).script("exit 5").run();
        finished.exits(5).says_one_line_with(reason);
        let kept = entry.with_extension(aside);
        assert!(
            finished.stderr.contains("; it was set aside as "),
            "{finished}"
        );
        assert_eq!(fs::read_to_string(&kept).unwrap(), content);
        fs::remove_file(kept).unwrap();
        place.succeed(gateway.address());
    }
}

#[test]
fn a_spool_that_cannot_be_used_is_a_warning() {
    let gateway = Pushgateway::start();
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    for (folder, reason) in [
        ("none/such", "No such file or directory (os error 2)"),
        ("file", "not a directory"),
        ("file/below", "Not a directory (os error 20)"),
    ] {
        let folder = root.path().join(folder);
        let run = || run_to(gateway.address()).env("PUSHJOB_SPOOL", &folder);
        let warning = format!("cannot use the spool {}: {reason}", folder.display());
        let finished = run().script("exit 4").run();
        finished.exits(4).says(&format!(
            "pushjob: j: {warning}; what cannot be delivered is lost\n"
        ));
        assert_eq!(gateway.reported("j", "exit_code"), "4");
        let strict = run().arg("--strict").job(["true"]).run();
        strict.exits(125).says(&format!(
            "pushjob: j: {warning}; nothing was run, as --strict asks\n"
        ));
        let flush = pushjob(["flush"]).env("PUSHJOB_SPOOL", &folder).run();
        if folder.ends_with("none/such") {
            let missing = format!("pushjob: {}: no such directory\n", folder.display());
            flush.exits(1).says(&missing);
        } else {
            flush.exits(2).says(&format!("pushjob: {warning}\n"));
        }
    }
    pushjob(["flush"])
        .run()
        .exits(2)
        .says("pushjob: --spool is missing: the folder in which results are kept\n");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_a_warning() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    fs::create_dir(&place.folder).unwrap();
    // Also root cannot write to what is mounted for reading only.
    let script = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@""#;
    let mut caller = vec!["unshare", "--mount"];
    caller.extend((!is_root()).then_some("--map-root-user"));
    caller.extend(["sh", "-c", script, place.folder.to_str().unwrap()]);
    let finished = pushjob_by(
        caller,
        [
            "run",
            "--job",
            "j",
            "--gateway",
            gateway.address(),
            "--spool",
        ],
    )
    .arg(&place.folder)
    .script("exit 6")
    .run();
    finished
        .exits(6)
        .says_one_line_with("Read-only file system (os error 30)");
    assert_eq!(gateway.reported("j", "exit_code"), "6");
}

#[test]
fn a_gateway_that_has_forgotten_hears_of_the_last_success_again() {
    let place = Place::new();
    let gateway = Pushgateway::start();
    place.run_to(gateway.address()).job(["true"]).run().exits(0);
    let success = gateway.reported("j", "last_success_timestamp_seconds");
    let address = gateway.kill();
    let gateway = Pushgateway::start_at(&address);
    place
        .run_to(&address)
        .job(["false"])
        .run()
        .exits(1)
        .says("");
    assert_eq!(
        gateway.reported("j", "last_success_timestamp_seconds"),
        success
    );
    let failure = gateway.reported("j", "last_failure_timestamp_seconds");
    let address = gateway.kill();
    let gateway = Pushgateway::start_at(&address);
    place.succeed(&address);
    assert_eq!(
        gateway.reported("j", "last_failure_timestamp_seconds"),
        failure
    );
    assert_ne!(
        gateway.reported("j", "last_success_timestamp_seconds"),
        success
    );
}

#[test]
fn what_replaces_a_group_still_does_when_it_comes_late() {
    let place = Place::new();
    let gateway = Pushgateway::start();
    let own = ["--metric-prefix", "own_"];
    run_to(gateway.address())
        .args(own)
        .job(["true"])
        .run()
        .exits(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("persisted");
    let address = gateway.kill();
    let gateway = Pushgateway::start_again(&address, &file);
    run_to(&address).args(own).job(["true"]).run().exits(0);
    let address = gateway.stop();
    // A success that replaces, and a failure that adds.
    place
        .run_to(&address)
        .args(["--method", "push"])
        .job(["true"])
        .run()
        .exits(0);
    place
        .run_to(&address)
        .args(["--method", "push"])
        .job(["false"])
        .run()
        .exits(1);
    let gateway = Pushgateway::start_again(&address, &file);
    assert_eq!(
        gateway.samples()["own_success{instance=\"\",job=\"j\"}"],
        "1"
    );
    place.flush().run().exits(0);
    assert!(
        !gateway
            .samples()
            .contains_key("own_success{instance=\"\",job=\"j\"}")
    );
    assert_eq!(gateway.reported("j", "success"), "0");
    gateway.reported("j", "last_success_timestamp_seconds");

    let address = gateway.stop();
    place
        .run_to(&address)
        .args(["--method", "delete"])
        .job(["true"])
        .run()
        .exits(0);
    let gateway = Pushgateway::start_again(&address, &file);
    assert_eq!(gateway.groups().len(), 1);
    place.flush().run().exits(0);
    gateway.waits_for_groups(0);
}

#[test]
fn a_clock_that_is_set_back_does_not_make_a_run_older() {
    let (place, address, clock) = (Place::new(), nobody(), FakeClock::new());
    let set = clock.set_to("+1d");
    clock
        .under(place.run_to(&address))
        .script(format!("{set}; exit 1"))
        .run()
        .exits(1);
    let set = clock.set_to("+0");
    clock
        .under(place.run_to(&address))
        .script(format!("{set}; exit 0"))
        .run()
        .exits(0);
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    assert_eq!(gateway.reported("j", "success"), "1");
    let time = |name: &str| gateway.reported("j", name).parse::<f64>().unwrap();
    // A run ends no earlier than it has begun, whatever is done to the clock meanwhile.
    assert!(time("completion_timestamp_seconds") >= time("start_timestamp_seconds"));
}

#[test]
fn one_gateway_that_is_down_keeps_nothing_from_another() {
    let (place, address, gateway) = (Place::new(), nobody(), Pushgateway::start());
    let run = || {
        place
            .run_to(&address)
            .args(["--gateway", gateway.address()])
    };
    run()
        .arg("-v")
        .job(["false"])
        .run()
        .exits(1)
        .says_among_others("; kept in ");
    assert_eq!(gateway.reported("j", "success"), "0");
    let late = Pushgateway::start_at(&address);
    run()
        .job(["true"])
        .run()
        .exits(0)
        .says_one_line_with("what an earlier run had left");
    for gateway in [&gateway, &late] {
        assert_eq!(gateway.reported("j", "success"), "1");
        gateway.reported("j", "last_failure_timestamp_seconds");
    }
}

#[test]
fn no_credentials_are_kept() {
    let (place, address) = (Place::new(), nobody());
    place
        .run_to(&format!("http://user:hunter2@{address}"))
        .args(["--header", "X-Token: hunter3"])
        .job(["true"])
        .run()
        .exits(0);
    let text = fs::read_to_string(place.entry()).unwrap();
    assert!(
        !text.contains("hunter") && !text.contains("user:"),
        "{text}"
    );
}

#[test]
fn a_delivery_that_is_given_up_is_kept() {
    let place = Place::new();
    let silent = FakeGateway::answering([Answer::Silence]);
    let mut running = place
        .run_to(&silent.url())
        .arg("--push-timeout=50s")
        .job(["true"])
        .start();
    within(Duration::from_secs(50), "there was no request", || {
        silent.requests().len() == 1
    });
    running.signal("TERM");
    let insisting = running.next_message();
    assert!(
        insisting.contains("one more TERM, INT or QUIT gives it up"),
        "{insisting}"
    );
    running.signal("TERM");
    let finished = running.wait();
    finished
        .exits(0)
        .says_one_line_with(&format!(" (kept in {}): given up", place.folder.display()));
    let gateway = Pushgateway::start();
    let text = fs::read_to_string(place.entry()).unwrap();
    assert!(text.contains("# backlog "), "{text}");
    drop(gateway);
}

#[test]
fn without_a_gateway_there_is_no_spool() {
    let place = Place::new();
    pushjob(["run", "--job", "j", "--spool"])
        .arg(&place.folder)
        .job(["true"])
        .run()
        .exits(0);
    place
        .run_to("localhost:1")
        .arg("--dry-run")
        .job(["true"])
        .run()
        .exits(0);
    assert!(!place.folder.exists());
}

#[test]
fn a_file_for_everyone_is_not_made_of_one_that_was_there() {
    let (place, address) = (Place::new(), nobody());
    fs::create_dir(&place.folder).unwrap();
    fs::set_permissions(&place.folder, Permissions::from_mode(0o755)).unwrap();
    place.run_to(&address).job(["true"]).run().exits(0);
    assert_eq!(mode(&place.entry()), 0o600);
    // Nobody leads it elsewhere.
    let target = place.folder.join("target");
    let entry = place.entry();
    fs::rename(&entry, &target).unwrap();
    std::os::unix::fs::symlink(&target, &entry).unwrap();
    let before = fs::read(&target).unwrap();
    let finished = place.run_to(&address).script("exit 7").run();
    finished.exits(7);
    assert!(finished.stderr.contains("cannot read "), "{finished}");
    assert_eq!(fs::read(&target).unwrap(), before);
}

#[test]
fn two_runs_of_a_group_take_turns_and_the_first_sends_what_the_second_has_left() {
    let (place, stage) = (Place::new(), Stage::new());
    let go_on = stage.ready();
    let gateway = FakeGateway::answering([Answer::Hearing(go_on.clone(), Box::new(ok())), ok()]);
    let first = place
        .run_to(&gateway.url())
        .arg("--push-timeout=50s")
        .job(["true"])
        .start();
    within(Duration::from_secs(50), "there was no request", || {
        gateway.requests().len() == 1
    });
    let second = place
        .noting_run_to(&gateway.url())
        .arg("--push-timeout=100ms")
        .script("exit 9")
        .run();
    second.exits(9).says_among_others(
        "/metrics/job/j: others were delivering to this group for 0.1 s; kept in ",
    );
    assert_eq!(gateway.requests().len(), 1);
    write_pipe(&go_on, "now\n");
    first.wait().exits(0);
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[1].body.contains("\nbatch_job_exit_code 9\n"),
        "{}",
        requests[1].body
    );
    place.flush().arg("--list").run().exits(0).prints("");
}

#[test]
fn what_is_pushed_and_deleted_by_hand_goes_through_it_too() {
    let (place, address) = (Place::new(), nobody());
    let command = |verb: &str| {
        pushjob([
            verb,
            "--push-retries",
            "0",
            "--job",
            "j",
            "--gateway",
            &address,
            "--spool",
        ])
        .arg(&place.folder)
    };
    place.run_to(&address).job(["true"]).run().exits(0);
    let kept = format!("; kept in {}\n", place.entry().display());
    let pushed = command("push").input("# TYPE rows gauge\nrows 42\n").run();
    pushed.exits(1);
    assert!(pushed.stderr.ends_with(&kept), "{pushed}");
    command("pushadd")
        .args(["--gauge", "files=7"])
        .run()
        .exits(1)
        .says_one_line_with(&kept);
    let gateway = Pushgateway::start_at(&address);
    place
        .flush()
        .run()
        .exits(0)
        .says_one_line_with("what 3 earlier runs had left");
    // The PUT has taken away what the run had left.
    assert_eq!(gateway.group("j").metrics, ["files", "rows"]);

    let address = gateway.kill();
    command("pushadd")
        .args(["--gauge", "files=8"])
        .run()
        .exits(1);
    let gateway = Pushgateway::start_at(&address);
    // What is too long to be kept does not come before what waits.
    let long = format!("{}files 9\n", "# a comment\n".repeat(100_000));
    command("pushadd")
        .input(long)
        .run()
        .exits(0)
        .says_one_line_with("what an earlier run had left");
    assert_eq!(gateway.samples()["files{instance=\"\",job=\"j\"}"], "9");

    let address = gateway.kill();
    command("pushadd")
        .args(["--gauge", "files=10"])
        .run()
        .exits(1);
    command("delete")
        .run()
        .exits(1)
        .says_one_line_with("cannot delete: ");
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    gateway.waits_for_groups(0);
}

#[test]
fn what_waits_is_delivered_before_a_start_that_is_newer() {
    let (place, stage, address) = (Place::new(), Stage::new(), nobody());
    place.run_to(&address).job(["true"]).run().exits(0);
    let gateway = Pushgateway::start_at(&address);
    let running = place
        .run_to(&address)
        .args(["--start-after", "0s"])
        .script(format!("read line < {}; exit 2", stage.ready().display()))
        .start();
    // All that there was of the first run, and the start of the second.
    within(Duration::from_secs(50), "the start is not there", || {
        let samples = gateway.samples();
        let of = |name: &str| {
            let value = samples.get(&format!("batch_job_{name}{{instance=\"\",job=\"j\"}}"))?;
            value.parse::<f64>().ok()
        };
        let completed = of("completion_timestamp_seconds");
        completed.is_some() && of("start_timestamp_seconds") > completed
    });
    // A flush has nothing older to bring.
    place.flush().run().exits(0).says("");
    write_pipe(&stage.ready(), "now\n");
    running
        .wait()
        .exits(2)
        .says_one_line_with("what an earlier run had left");
    assert_eq!(gateway.reported("j", "exit_code"), "2");
}

#[test]
fn only_what_will_be_refused_again_is_set_aside() {
    for (status, is_kept) in [
        ("400 Bad Request", false),
        ("401 Unauthorized", true),
        ("403 Forbidden", true),
        ("404 Not Found", true),
        ("408 Request Timeout", true),
        ("413 Payload Too Large", false),
        ("429 Too Many Requests", true),
        ("500 Internal Server Error", true),
        ("503 Service Unavailable", true),
    ] {
        let place = Place::new();
        let gateway = FakeGateway::answering([Answer::Respond(status, "", "no\n")]);
        let finished = place.noting_run_to(&gateway.url()).job(["true"]).run();
        let (extension, said) = if is_kept {
            ("waiting", "; kept in ")
        } else {
            ("refused", "; set aside in ")
        };
        finished.exits(0).says_among_others(said);
        assert_eq!(place.files(extension).len(), 1, "{status}");
        assert_eq!(
            place.files("waiting").len(),
            usize::from(is_kept),
            "{status}"
        );
    }
}

#[test]
fn a_ca_file_that_cannot_be_read_costs_no_result() {
    let place = Place::new();
    let missing = place.folder.with_extension("pem");
    let finished = place
        .noting_run_to("https://127.0.0.1:1")
        .arg("--tls-ca-file")
        .arg(&missing)
        .job(["true"])
        .run();
    finished.exits(0);
    let kept = format!("; kept in {}\n", place.entry().display());
    assert!(finished.stderr.ends_with(&kept), "{finished}");
}

#[test]
fn what_an_earlier_run_has_left_wrong_takes_no_later_result_along() {
    let (place, address) = (Place::new(), nobody());
    pushjob([
        "pushadd",
        "--push-retries",
        "0",
        "--job",
        "j",
        "--gauge",
        "x=5",
        "--gateway",
        &address,
        "--spool",
    ])
    .arg(&place.folder)
    .run()
    .exits(1);
    let gateway = Pushgateway::start_at(&address);
    pushjob([
        "push",
        "--job",
        "other",
        "--counter",
        "x=1",
        "--gateway",
        &address,
    ])
    .run()
    .exits(0);
    let finished = place.run_to(&address).script("exit 3").run();
    finished
        .exits(3)
        .says_one_line_with("pushjob: j: cannot push what an earlier run had left: http://");
    let aside = place.files("refused");
    assert!(
        finished
            .stderr
            .ends_with(&format!("; set aside in {}\n", aside[0].display())),
        "{finished}"
    );
    let text = fs::read_to_string(&aside[0]).unwrap();
    assert!(
        text.contains("\nx 5\n") && !text.contains("batch_job"),
        "{text}"
    );
    assert_eq!(gateway.reported("j", "exit_code"), "3");
    place.succeed(&address);
}

#[test]
fn files_that_another_process_holds_delay_a_result_and_no_more() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    place.run_to(gateway.address()).job(["true"]).run().exits(0);
    let lock = fs::File::open(&place.files("lock")[0]).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let finished = place.run_to(gateway.address()).script("exit 4").run();
    finished
        .exits(4)
        .says_one_line_with("is held by another process for 2.0 s\n");
    assert_eq!(gateway.reported("j", "exit_code"), "4");
    drop(lock);
    // What is remembered is not older than that.
    place
        .run_to(gateway.address())
        .script("exit 5")
        .run()
        .exits(5)
        .says("");
    assert_eq!(gateway.reported("j", "exit_code"), "5");
}

#[test]
fn one_group_that_the_gateway_is_in_trouble_with_keeps_no_other_from_being_delivered() {
    let place = Place::new();
    let trouble = || Answer::Respond("503 Service Unavailable", "", "");
    let gateway = FakeGateway::answering([trouble(), trouble(), trouble(), ok(), ok()]);
    for instance in ["a", "b"] {
        let run = place.noting_run_to(&gateway.url());
        run.args(["--instance", instance])
            .job(["true"])
            .run()
            .exits(0)
            .says_among_others("; kept in ");
    }
    place.flush().run().exits(1);
    assert_eq!(gateway.requests().len(), 4);
    place.flush().run().exits(0);
    assert_eq!(place.files("waiting").len(), 0);
}

#[test]
fn credentials_only_go_to_a_gateway_that_is_named() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).job(["true"]).run().exits(0);
    let flush = || place.flush().env("PUSHJOB_USERNAME", "u");
    flush().run().exits(2).says(
        "pushjob: --gateway is missing: credentials, as from PUSHJOB_USERNAME, only go to one that is named\n",
    );
    let gateway = Pushgateway::start_at(&address);
    flush().args(["--gateway", &address]).run().exits(0);
    assert_eq!(gateway.reported("j", "success"), "1");
}

#[test]
fn metrics_of_a_job_that_are_too_many_to_be_kept_are_delivered_all_the_same() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    let script = "seq 60000 | sed 's/.*/rows{n=\"&\"} 1/' >> $PUSHJOB_METRICS_FILE";
    place
        .run_to(gateway.address())
        .script(script)
        .run()
        .exits(0)
        .says("");
    assert_eq!(
        gateway.samples()["rows{instance=\"\",job=\"j\",n=\"60000\"}"],
        "1"
    );
    assert!(fs::metadata(place.entry()).unwrap().len() < 10_000);
}

#[test]
fn who_gives_up_what_others_have_left_has_delivered_the_result() {
    let place = Place::new();
    let gateway = FakeGateway::answering([
        Answer::Respond("503 Service Unavailable", "", ""),
        ok(),
        Answer::Silence,
    ]);
    let other = place.run_to(&gateway.url()).args(["--instance", "a"]);
    other.job(["true"]).run().exits(0);
    let mut running = place
        .run_to(&gateway.url())
        .args(["--strict", "--push-timeout=50s"])
        .job(["true"])
        .start();
    within(Duration::from_secs(50), "it is not flushed", || {
        gateway.requests().len() == 3
    });
    running.signal("TERM");
    running.next_message();
    running.signal("TERM");
    let finished = running.wait();
    finished.exits(0).says(
        "pushjob: j: what other runs had left goes on waiting: given up, as TERM was the second signal to ask for an end\n",
    );
}
