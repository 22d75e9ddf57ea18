//! The recorder behind a job in this process: destinations of a program's own, spool and heartbeats.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pushjob::batch::Trouble;
use pushjob::chain;
use pushjob::grouping::GroupingKey;
use pushjob::record::{
    DeliveryError, DeliveryFailure, Destination, EndMethod, Progress, RunEnd, RunUpdate, Updates,
};
use pushjob::sink::EmbeddedGateway;

use crate::support::{Answer, FakeGateway, Pushgateway, ok, within};

/// A destination of a program's own.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Destination for Diary {
    fn name(&self, key: &GroupingKey) -> String {
        format!("the diary of {}", key.job())
    }

    fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError> {
        let heartbeat = update
            .families()
            .get("batch_job_heartbeat_timestamp_seconds");
        let entry = heartbeat.map_or("started", |_| "goes on");
        self.0.lock().unwrap().push(entry.to_owned());
        Ok(())
    }

    fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress) {
        progress.updates(updates.finish(end.timeout()));
        self.0.lock().unwrap().push(format!("{:?}", end.verdict()));
        progress.run(Err(DeliveryFailure::lost("the last page is full")));
    }
}

/// The messages of the troubles that a job tells.
fn told(troubles: &Arc<Mutex<Vec<String>>>) -> impl FnMut(&Trouble) + Send + use<> {
    let troubles = Arc::clone(troubles);
    move |trouble| troubles.lock().unwrap().push(chain(trouble))
}

#[test]
fn a_destination_of_a_programs_own_gets_start_heartbeats_and_end() {
    let (diary, troubles) = (Diary::default(), Arc::default());
    pushjob::job("etl")
        .destination(diary.clone())
        .start_after(Some(Duration::ZERO))
        .heartbeat(Duration::from_millis(20))
        .on_trouble(told(&troubles))
        .run(|_| {
            within(Duration::from_secs(60), "no heartbeat came", || {
                diary.0.lock().unwrap().len() > 1
            });
        });
    let entries = diary.0.lock().unwrap();
    assert_eq!(entries[..2], ["started", "goes on"]);
    assert_eq!(entries.last().unwrap(), "Success");
    assert_eq!(
        *troubles.lock().unwrap(),
        ["the result of job etl was not delivered: the last page is full"]
    );
}

#[test]
fn a_program_with_a_spool_loses_nothing_when_its_gateway_is_down() {
    let spool = tempfile::tempdir().unwrap();
    let address = Pushgateway::start().kill();
    let troubles = Arc::default();
    let job = || {
        pushjob::job("etl")
            .gateway(&address)
            .spool(spool.path())
            .push_timeout(Duration::from_secs(2))
            .on_trouble(told(&troubles))
    };
    let lost: Result<(), &str> = job().run(|job| {
        job.registry().gauge("rows", "Rows.").unwrap().set(42.0);
        Err("lost")
    });
    assert_eq!(lost, Err("lost"));
    let kept = std::mem::take(&mut *troubles.lock().unwrap());
    assert!(
        kept.len() == 1
            && kept[0].starts_with(&format!(
                "the result of job etl was not delivered but kept in {}",
                spool.path().display()
            ))
            && kept[0].contains("refused"),
        "{kept:?}"
    );
    let gateway = Pushgateway::start_at(&address);
    job().run(|_| ());
    let late = std::mem::take(&mut *troubles.lock().unwrap());
    assert!(
        late.len() == 1 && late[0].contains("what an earlier run had left"),
        "{late:?}"
    );
    assert_eq!(gateway.reported("etl", "success"), "1");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"etl\"}"], "42");
    assert!(
        gateway
            .group("etl")
            .metrics
            .contains(&"batch_job_last_failure_timestamp_seconds".to_owned())
    );
}

#[test]
fn heartbeats_of_a_program_bring_its_metrics_and_never_come_after_the_end() {
    let gateway = FakeGateway::answering(std::iter::repeat_with(ok).take(8));
    pushjob::job("etl")
        .gateway(gateway.url())
        .start_after(None)
        .heartbeat(Duration::from_millis(50))
        .run(|job| {
            job.registry().gauge("rows", "").unwrap().set(1.0);
            within(Duration::from_secs(60), "no metrics came", || {
                gateway.requests().len() > 1
            });
        });
    let requests = gateway.requests();
    assert!(
        requests[0]
            .body
            .contains("batch_job_heartbeat_timestamp_seconds")
    );
    assert_eq!(
        requests[1].body,
        "# HELP rows \n# TYPE rows gauge\nrows 1\n"
    );
    let end = requests
        .iter()
        .position(|request| request.body.contains("batch_job_success"));
    let after = &requests[end.unwrap() + 1..];
    assert!(
        after.len() == 1 && after[0].body.contains("rows 1\n"),
        "{after:?}"
    );
}

#[test]
fn the_method_of_a_program_is_that_of_the_command() {
    for (method, succeeds, expected) in [
        (EndMethod::Push, true, "PUT"),
        (EndMethod::Push, false, "POST"),
        (EndMethod::Delete, true, "DELETE"),
    ] {
        let gateway = FakeGateway::answering([ok()]);
        let result = pushjob::job("etl")
            .gateway(gateway.url())
            .method(method)
            .run(|_| if succeeds { Ok(()) } else { Err(()) });
        assert_eq!(result.is_ok(), succeeds);
        assert_eq!(gateway.requests()[0].method, expected, "{method:?}");
    }
    let embedded = Arc::new(EmbeddedGateway::new());
    pushjob::job("etl")
        .sink(Arc::clone(&embedded))
        .method(EndMethod::PushAdd)
        .on_success(EndMethod::None)
        .run(|_| ());
    assert_eq!(embedded.page(), "");
}

#[test]
fn a_gateway_that_refuses_heartbeats_is_told_once() {
    let refusal = || Answer::Respond("400 Bad Request", "", "not today");
    let mut answers = vec![ok()];
    answers.extend(std::iter::repeat_with(refusal).take(2));
    answers.push(ok());
    let gateway = FakeGateway::answering(answers);
    let troubles = Arc::default();
    pushjob::job("etl")
        .gateway(gateway.url())
        .start_after(Some(Duration::ZERO))
        .heartbeat(Duration::from_millis(50))
        .on_trouble(told(&troubles))
        .run(|_| {
            within(Duration::from_secs(60), "no heartbeats came", || {
                gateway.requests().len() > 2
            });
        });
    let troubles = troubles.lock().unwrap();
    assert!(
        troubles.len() == 1
            && troubles[0].starts_with("heartbeats of job etl: ")
            && troubles[0].ends_with("answered 400: not today"),
        "{troubles:?}"
    );
}
