//! The end of a run is the last write, also where earlier results have to be delivered first or the clock was set
//! back.

use std::fs;
use std::time::Duration;

use crate::support::{
    Answer, FakeClock, FakeGateway, Place, Pushgateway, Stage, nobody, ok, within, write_pipe,
};

#[test]
fn no_start_or_heartbeat_follows_the_end_where_earlier_results_go_first() {
    for flags in [
        &["--on-success", "delete", "--start-after", "0s"][..],
        &["--method", "push", "--start-after", "0s"],
        &["--start-after", "0s"],
        &["--on-success", "delete", "--heartbeat", "100ms"],
    ] {
        let (place, stage) = (Place::new(), Stage::new());
        let go_on = stage.folder.path().join("go_on");
        crate::support::fifo(&go_on);
        let down = || Answer::Respond("503 Service Unavailable", "", "");
        let slow = Answer::Hearing(go_on.clone(), Box::new(ok()));
        let gateway = FakeGateway::answering([down(), slow, ok(), ok(), ok(), ok()]);
        place.run_to(&gateway.url()).script("exit 3").run().exits(3);
        let run = place.run_to(&gateway.url()).args(flags);
        let script = format!("read line < {}", stage.ready().display());
        let running = run.arg("--push-timeout=50s").script(script).start();
        // What the first run had left is under way when the job ends.
        within(Duration::from_secs(50), "no request", || {
            gateway.requests().len() == 2
        });
        write_pipe(&stage.ready(), "end\n");
        within(Duration::from_secs(50), "the end is not kept", || {
            let kept = fs::read_to_string(place.entry()).unwrap_or_default();
            kept.contains("\nbatch_job_success 1\n") || kept.contains("# cleared DELETE")
        });
        write_pipe(&go_on, "now\n");
        running.wait().exits(0);
        let requests = gateway.requests();
        let is_end = |method: &str, body: &str| {
            method == "DELETE" || body.contains("\nbatch_job_success 1\n")
        };
        let first_end = requests.iter().position(|it| is_end(&it.method, &it.body));
        let after = &requests[first_end.unwrap()..];
        assert!(
            after.iter().all(|it| is_end(&it.method, &it.body)),
            "{flags:?}: {requests:#?}"
        );
    }
}

#[test]
fn the_run_that_ended_last_counts_although_its_clock_says_a_day_earlier() {
    let (place, address, clock) = (Place::new(), nobody(), FakeClock::new());
    clock.set("+1d");
    let first = clock.under(place.run_to(&address));
    first.job(["false"]).run().exits(1);
    clock.set("+0");
    let second = clock.under(place.run_to(&address));
    second.job(["true"]).run().exits(0);
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    assert_eq!(gateway.reported("j", "success"), "1");
    let time = |name: &str| gateway.reported("j", name).parse::<f64>().unwrap();
    assert!(time("last_failure_timestamp_seconds") > time("completion_timestamp_seconds") + 3600.0);
}
