//! A run that is killed with its job leaves a mark, from which a later run or flush reports it.

use std::time::Duration;

use crate::support::{Place, Pushgateway, Running, Stage, nobody, signal, within, write_pipe};

/// A run whose job waits, and is marked.
fn begun(place: &Place, gateway: &str, stage: &Stage, flags: &[&str]) -> Running {
    let script = format!("echo $$; read line < {}", stage.ready().display());
    let mut running = place.run_to(gateway).args(flags).script(script).start();
    let job: u32 = running.next_line().parse().unwrap();
    assert_ne!(job, 0);
    running
}

#[track_caller]
fn is_marked(place: &Place, count: usize) {
    within(Duration::from_secs(20), "it is not marked", || {
        let is_whole = |path: &std::path::PathBuf| path.metadata().is_ok_and(|it| it.len() > 0);
        place.folder.exists()
            && place
                .files("running")
                .iter()
                .filter(|it| is_whole(it))
                .count()
                == count
    });
}

/// Kills a run first, so that it cannot report that its job was killed.
fn kill_all(running: Running) {
    let job = running.child_pid();
    signal("STOP", running.pid());
    signal("KILL", job);
    let mut running = running;
    running.kill();
    assert!(running.wait().is_killed());
}

#[test]
fn the_next_run_reports_a_run_that_was_killed() {
    let (place, gateway, stage) = (Place::new(), Pushgateway::start(), Stage::new());
    place.succeed(gateway.address());
    let running = begun(&place, gateway.address(), &stage, &[]);
    is_marked(&place, 1);
    kill_all(running);
    let next = place.run_to(gateway.address()).job(["true"]).run();
    next.exits(0)
        .says_one_line_with("was killed before it could report its end; it counts as failed");
    let time = |name: &str| gateway.reported("j", name).parse::<f64>().unwrap();
    assert!(time("last_failure_timestamp_seconds") < time("last_success_timestamp_seconds"));
    assert_eq!(gateway.reported("j", "success"), "1");
    assert_eq!(place.files("running").len(), 0);
    place.succeed(gateway.address());
}

#[test]
fn a_flush_reports_a_run_that_was_killed() {
    let (place, gateway, stage) = (Place::new(), Pushgateway::start(), Stage::new());
    place.succeed(gateway.address());
    let running = begun(&place, gateway.address(), &stage, &["--start-after", "0s"]);
    is_marked(&place, 1);
    kill_all(running);
    let flushed = place.flush().run();
    flushed.exits(0);
    assert!(
        flushed.stderr.contains("was killed before it could report"),
        "{flushed}"
    );
    assert_eq!(gateway.reported("j", "success"), "0");
    assert_eq!(gateway.reported("j", "exit_signal"), "9");
    gateway.reported("j", "last_success_timestamp_seconds");
    let time = |name: &str| gateway.reported("j", name).parse::<f64>().unwrap();
    assert!(time("start_timestamp_seconds") <= time("completion_timestamp_seconds"));
    place.flush().run().exits(0).says("");
}

#[test]
fn a_run_that_goes_on_is_not_reported_by_another() {
    let (place, gateway, stage) = (Place::new(), Pushgateway::start(), Stage::new());
    let first = begun(&place, gateway.address(), &stage, &[]);
    is_marked(&place, 1);
    place.succeed(gateway.address());
    place.flush().run().exits(0).says("");
    is_marked(&place, 1);
    write_pipe(&stage.ready(), "end\n");
    first.wait().exits(0).says("");
    assert_eq!(place.files("running").len(), 0);
    assert!(
        !gateway
            .group("j")
            .metrics
            .contains(&"batch_job_last_failure_timestamp_seconds".to_owned())
    );
}

#[test]
fn a_killed_run_of_a_gateway_that_is_down_is_kept() {
    let (place, address, stage) = (Place::new(), nobody(), Stage::new());
    let running = begun(&place, &address, &stage, &[]);
    is_marked(&place, 1);
    kill_all(running);
    place.flush().run().exits(1);
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    assert_eq!(gateway.reported("j", "exit_code"), "137");
}
