//! A job in this process.

use std::error::Error;
use std::fmt;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use pushjob::batch::{BatchJob, JobResult, Trouble};
use pushjob::chain;
use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::push::{Change, Delivered};
use pushjob::report::Verdict;
use pushjob::sink::scrape::ScrapeEndpoint;
use pushjob::sink::{EmbeddedGateway, Sink, SinkError};

use crate::support::{Answer, FakeGateway, NodeExporter, Pushgateway, get, logged, ok, within};

/// What a report without a child process has, after a success.
const REPORT: [&str; 6] = [
    "batch_job_completion_timestamp_seconds",
    "batch_job_duration_seconds",
    "batch_job_last_success_duration_seconds",
    "batch_job_last_success_timestamp_seconds",
    "batch_job_start_timestamp_seconds",
    "batch_job_success",
];

/// The troubles that a job has told, with their causes.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn of(&self, job: BatchJob) -> BatchJob {
        let told = self.clone();
        job.on_trouble(move |trouble| told.0.lock().unwrap().push(chain(trouble)))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn unix_now() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}

#[test]
fn a_run_is_recorded_with_the_metrics_of_the_program() {
    let gateway = Pushgateway::start();
    let told = Told::default();
    let before = unix_now();
    let rows = told
        .of(pushjob::job("etl"))
        .gateway(gateway.address())
        .label("zone", "a/b")
        .max_age(Duration::from_secs(90))
        .run(|job| {
            job.registry().gauge("rows", "Rows.")?.set(42.0);
            let since = job.started().duration_since(SystemTime::UNIX_EPOCH)?;
            assert!(before <= since.as_secs_f64());
            Ok::<_, Box<dyn Error>>(42)
        });
    assert_eq!(rows.unwrap(), 42);
    assert_eq!(told.take(), Vec::<String>::new());
    let group = gateway.group("etl");
    assert_eq!(group.labels["zone"], "a/b");
    let mut expected = [&REPORT[..], &["batch_job_max_age_seconds", "rows"]].concat();
    expected.sort_unstable();
    assert_eq!(group.metrics, expected);
    let samples = gateway.samples();
    let value = |name: &str| {
        let series = format!("{name}{{instance=\"\",job=\"etl\",zone=\"a/b\"}}");
        samples[&series].parse::<f64>().unwrap()
    };
    let [
        completion,
        duration,
        last_duration,
        last_success,
        start,
        success,
    ] = REPORT.map(value);
    assert_eq!((success, value("rows")), (1.0, 42.0));
    assert_eq!(value("batch_job_max_age_seconds"), 90.0);
    assert_eq!((last_duration, last_success), (duration, completion));
    assert!(before <= start && start <= completion && completion <= unix_now());
    assert!(duration > 0.0 && duration < 60.0, "{duration}");
}

/// An error that cannot be copied or compared: what comes back is what was returned.
#[derive(Debug)]
struct Lost(Arc<()>);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost")
    }
}

#[test]
fn an_error_is_a_failed_run_and_is_passed_on() {
    let gateway = Pushgateway::start();
    let job = || pushjob::job("etl").gateway(gateway.address());
    job().run(|job| job.registry().gauge("rows", "").unwrap().set(1.0));
    let success = gateway.reported("etl", "last_success_timestamp_seconds");
    let known = Arc::new(());
    let lost = Lost(Arc::clone(&known));
    let result: Result<(), Lost> = job().run(|job| {
        job.registry().gauge("rows", "").unwrap().set(2.0);
        Err(lost)
    });
    assert!(Arc::ptr_eq(&result.unwrap_err().0, &known));
    assert_eq!(gateway.reported("etl", "success"), "0");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"etl\"}"], "2");
    let kept = gateway.reported("etl", "last_success_timestamp_seconds");
    assert_eq!(kept, success);
    assert_eq!(
        gateway.reported("etl", "last_failure_timestamp_seconds"),
        gateway.reported("etl", "completion_timestamp_seconds")
    );
}

#[test]
fn a_panic_is_a_failed_run_and_goes_on() {
    struct Payload(u32);

    let gateway = Pushgateway::start();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        pushjob::job("etl").gateway(gateway.address()).run(|job| {
            job.registry().gauge("rows", "").unwrap().set(3.0);
            if job.started() <= SystemTime::now() {
                panic_any(Payload(7));
            }
        });
    }));
    let payload = panicked.unwrap_err().downcast::<Payload>();
    assert_eq!(payload.unwrap().0, 7);
    assert_eq!(gateway.reported("etl", "success"), "0");
    let metrics = gateway.group("etl").metrics;
    assert!(
        metrics.contains(&"batch_job_last_failure_timestamp_seconds".to_owned())
            && metrics.contains(&"rows".to_owned())
            && metrics.iter().all(|metric| !metric.contains("success_")),
        "{metrics:?}"
    );
}

#[test]
fn the_start_of_a_run_that_goes_on_is_announced() {
    let gateway = Pushgateway::start();
    pushjob::job("etl")
        .gateway(gateway.address())
        .start_after(Some(Duration::ZERO))
        .run(|_| {
            gateway.waits_for_groups(1);
            let metrics = gateway.group("etl").metrics;
            assert_eq!(metrics, ["batch_job_start_timestamp_seconds"]);
        });
    assert_eq!(gateway.group("etl").metrics, REPORT);
}

#[test]
fn a_short_run_costs_one_request_and_one_for_its_own_metrics() {
    let gateway = FakeGateway::answering([ok(), ok(), ok()]);
    pushjob::job("etl").gateway(gateway.url()).run(|_| ());
    assert_eq!(gateway.requests().len(), 1);
    pushjob::job("etl")
        .gateway(gateway.url())
        .run(|job| job.registry().counter("a_total", "").unwrap().inc());
    let bodies: Vec<String> = gateway
        .requests()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(bodies.len(), 3);
    assert_eq!(
        bodies[2],
        "# HELP a_total \n# TYPE a_total counter\na_total 1\n"
    );
}

#[test]
fn what_cannot_be_delivered_is_told_and_changes_nothing() {
    let dead = Pushgateway::start().kill();
    let gateway = Pushgateway::start();
    let told = Told::default();
    let result = told
        .of(pushjob::job("etl"))
        .gateway(&dead)
        .gateway(gateway.address())
        .push_timeout(Duration::from_secs(2))
        .run(|_| Ok::<_, ()>("done"));
    assert_eq!(result, Ok("done"));
    let troubles = told.take();
    assert!(
        troubles.len() == 1
            && troubles[0].starts_with(&format!(
                "the result of job etl was not delivered: http://{dead}/metrics/job/etl: "
            ))
            && troubles[0].contains("refused"),
        "{troubles:?}"
    );
    assert_eq!(gateway.reported("etl", "success"), "1");
}

#[test]
fn a_gateway_that_hangs_costs_no_more_than_the_time_of_a_delivery() {
    let gateway = FakeGateway::answering([Answer::Silence, Answer::Silence, Answer::Silence]);
    let told = Told::default();
    let limit = Duration::from_secs(1);
    let ended = told
        .of(pushjob::job("etl"))
        .gateway(gateway.url())
        .push_timeout(limit)
        .start_after(Some(Duration::ZERO))
        .run(|_| {
            within(Duration::from_secs(60), "no start came", || {
                gateway.requests().len() == 1
            });
            Ok::<_, ()>(Instant::now())
        });
    let took = ended.unwrap().elapsed();
    assert!(took < 2 * limit, "{took:?}");
    let troubles = told.take();
    assert!(
        troubles.len() == 1
            && troubles[0]
                .starts_with("the result of job etl was not delivered: http://127.0.0.1:"),
        "{troubles:?}"
    );
}

#[test]
fn a_start_that_fails_is_told_where_the_end_arrives() {
    let refusal = || Answer::Respond("400 Bad Request", "", "not today");
    let heard = |gateway: &FakeGateway| {
        let told = Told::default();
        told.of(pushjob::job("etl"))
            .gateway(gateway.url())
            .start_after(Some(Duration::ZERO))
            .run(|_| {
                within(Duration::from_secs(60), "no start came", || {
                    gateway.requests().len() == 1
                });
            });
        told.take()
    };
    let gateway = FakeGateway::answering([refusal(), ok()]);
    let url = format!("{}/metrics/job/etl", gateway.url());
    assert_eq!(
        heard(&gateway),
        [format!(
            "the start of job etl was not announced: {url} answered 400: not today"
        )]
    );
    let gateway = FakeGateway::answering([refusal(), refusal()]);
    let url = format!("{}/metrics/job/etl", gateway.url());
    assert_eq!(
        heard(&gateway),
        [format!(
            "the result of job etl was not delivered: {url} answered 400: not today"
        )]
    );
}

#[test]
fn what_one_sink_misses_is_told_whatever_another_does() {
    let refusal = || Answer::Respond("400 Bad Request", "", "not today");
    let started = FakeGateway::answering([refusal(), ok()]);
    let ended = FakeGateway::answering([ok(), refusal()]);
    let told = Told::default();
    told.of(pushjob::job("etl"))
        .gateway(started.url())
        .gateway(ended.url())
        .start_after(Some(Duration::ZERO))
        .run(|_| {
            within(Duration::from_secs(60), "no start came", || {
                started.requests().len() == 1 && ended.requests().len() == 1
            });
        });
    let url = |gateway: &FakeGateway| format!("{}/metrics/job/etl", gateway.url());
    let mut troubles = told.take();
    troubles.sort();
    assert_eq!(
        troubles,
        [
            format!(
                "the result of job etl was not delivered: {} answered 400: not today",
                url(&ended)
            ),
            format!(
                "the start of job etl was not announced: {} answered 400: not today",
                url(&started)
            ),
        ]
    );
}

/// A result whose verdict cannot be had.
struct Undecided;

impl JobResult for Undecided {
    fn verdict(&self) -> Verdict {
        panic!("no verdict");
    }
}

/// A sink that panics when it is dropped.
struct Brittle;

impl Sink for Brittle {
    fn deliver(&self, _: &GroupingKey, _: Change<'_>, _: Duration) -> Result<Delivered, SinkError> {
        Err(SinkError::Other("not today".into()))
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn what_panics_around_a_job_takes_neither_its_result_nor_its_panic() {
    let brittle = || {
        let job = pushjob::job("etl").sink(Brittle);
        job.on_trouble(|trouble| panic!("{trouble}"))
    };
    assert_eq!(brittle().run(|_| Ok::<_, ()>(42)), Ok(42));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        brittle().run(|_| -> () { panic_any(42_u8) });
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&42_u8));
    let gateway = Pushgateway::start();
    pushjob::job("etl")
        .gateway(gateway.url())
        .run(|_| Undecided);
    assert_eq!(gateway.reported("etl", "success"), "0");
}

#[test]
fn a_textfile_that_is_set_aside_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("etl.prom");
    std::fs::write(&file, "nonsense\n").unwrap();
    let told = Told::default();
    told.of(pushjob::job("etl"))
        .textfile(folder.path())
        .run(|_| ());
    let file = file.display();
    assert_eq!(
        told.take(),
        [format!(
            "{file} was not in the text format: line 1, column 9: expected a value after nonsense; set aside as {file}.bad"
        )]
    );
}

/// A sink whose first delivery takes longer than the run.
#[derive(Default)]
struct Slow {
    busy: AtomicBool,
    run_ended: AtomicBool,
    deliveries: AtomicU32,
}

impl Sink for Slow {
    fn deliver(&self, _: &GroupingKey, _: Change<'_>, _: Duration) -> Result<Delivered, SinkError> {
        assert!(!self.busy.swap(true, Ordering::Relaxed), "two at once");
        if self.deliveries.fetch_add(1, Ordering::Relaxed) == 0 {
            within(Duration::from_secs(60), "the run does not end", || {
                self.run_ended.load(Ordering::Relaxed)
            });
            let ended = Instant::now();
            within(Duration::from_secs(60), "no time passes", || {
                ended.elapsed() > Duration::from_millis(100)
            });
        }
        self.busy.store(false, Ordering::Relaxed);
        Ok(Delivered::new(1, Duration::ZERO))
    }
}

#[test]
fn the_end_waits_for_a_start_that_is_under_way() {
    let told = Told::default();
    let sink = Arc::new(Slow::default());
    told.of(pushjob::job("etl"))
        .sink(Arc::clone(&sink))
        .start_after(Some(Duration::ZERO))
        .run(|_| {
            within(Duration::from_secs(60), "no start came", || {
                sink.busy.load(Ordering::Relaxed)
            });
            sink.run_ended.store(true, Ordering::Relaxed);
        });
    assert_eq!(told.take(), Vec::<String>::new());
    assert_eq!(sink.deliveries.load(Ordering::Relaxed), 2);
}

#[test]
fn no_time_is_too_long() {
    let embedded = Arc::new(EmbeddedGateway::new());
    let told = Told::default();
    for start_after in [Duration::ZERO, Duration::MAX] {
        told.of(pushjob::job("etl"))
            .sink(Arc::clone(&embedded))
            .push_timeout(Duration::MAX)
            .max_age(Duration::MAX)
            .start_after(Some(start_after))
            .run(|_| ());
    }
    assert_eq!(told.take(), Vec::<String>::new());
    assert!(embedded.page().contains("batch_job_success{"));
}

#[test]
fn what_a_gateway_cannot_hold_takes_nothing_else_along() {
    let gateway = Pushgateway::start();
    let told = Told::default();
    told.of(pushjob::job("etl"))
        .gateway(gateway.address())
        .run(|job| {
            let rows = job.registry().gauge_vec("rows", "", &["job"]).unwrap();
            rows.with_label_values(&["own"]).unwrap().set(1.0);
        });
    assert_eq!(
        told.take(),
        [
            "the metrics of job etl were not delivered: series rows{job=\"own\"} has the label `job`, which the \
             grouping key sets"
        ]
    );
    assert_eq!(gateway.group("etl").metrics, REPORT);
}

#[test]
fn a_textfile_shows_the_last_success_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    let told = Told::default();
    let job = || {
        let job = pushjob::job("nightly").label("zone", "eu");
        told.of(job.textfile(folder.path()))
    };
    let reported = |name: &str| {
        let series = format!("{name}{{job_name=\"nightly\",zone=\"eu\"}}");
        exporter.samples().get(&series).cloned()
    };
    job().run(|job| job.registry().gauge("rows", "").unwrap().set(42.0));
    let success = reported("batch_job_last_success_timestamp_seconds");
    assert_eq!(reported("rows").unwrap(), "42");
    let failed: Result<(), &str> = job().run(|_| Err("lost"));
    assert_eq!(failed, Err("lost"));
    assert_eq!(reported("batch_job_success").unwrap(), "0");
    assert!(success.is_some());
    assert_eq!(
        reported("batch_job_last_success_timestamp_seconds"),
        success
    );
    assert_eq!(told.take(), Vec::<String>::new());

    let nowhere = folder.path().join("missing/x.prom");
    let error = format!(
        "the result of job nightly was not delivered: {} ",
        nowhere.display()
    );
    told.of(pushjob::job("nightly").textfile(nowhere))
        .run(|_| ());
    let troubles = told.take();
    assert!(
        troubles.len() == 1 && troubles[0].starts_with(&error),
        "{troubles:?}"
    );
}

#[test]
fn a_run_that_goes_on_can_be_scraped_and_one_that_is_over_cannot() {
    // One that is free.
    let address = ScrapeEndpoint::bind("127.0.0.1:0").unwrap().local_addr();
    let gateway = FakeGateway::answering([ok(), ok()]);
    let told = Told::default();
    let job = || {
        told.of(pushjob::job("etl"))
            .label("zone", "eu")
            .max_duration(Duration::from_secs(90))
            .listen(address.to_string())
    };
    job().gateway(gateway.url()).run(|job| {
        let rows = job.registry().gauge("rows", "Rows.").unwrap();
        rows.set(42.0);
        let clash = job.registry().gauge("batch_job_running_seconds", "");
        clash.unwrap().set(-1.0);
        let page = get(address, "/metrics", "");
        let page = page.text();
        for line in [
            "batch_job_max_duration_seconds{job_name=\"etl\",zone=\"eu\"} 90\n",
            "rows{job_name=\"etl\",zone=\"eu\"} 42\n",
            "batch_job_running_seconds{",
            "batch_job_start_timestamp_seconds{",
        ] {
            assert!(page.contains(&format!("\n{line}")), "{line}: {page}");
        }
        assert!(!page.contains("} -1\n"), "{page}");
    });
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(gateway.requests().len(), 2);
    assert_eq!(
        told.take(),
        [
            "metric batch_job_running_seconds of job etl was not delivered: the report has one of this name"
        ]
    );
    // Alone that is enough.
    job().run(|_| assert_eq!(get(address, "/", "").status, "200 OK"));
    assert_eq!(told.take(), Vec::<String>::new());

    let _taken = ScrapeEndpoint::bind(&address.to_string()).unwrap();
    assert_eq!(job().run(|_| Ok::<_, ()>(1)), Ok(1));
    let troubles = told.take();
    let expected = format!("cannot listen on {address}: Address already in use");
    assert!(
        troubles.len() == 1 && troubles[0].starts_with(&expected),
        "{troubles:?}"
    );
}

/// A sink of a program's own.
struct Broken;

impl Sink for Broken {
    fn deliver(&self, _: &GroupingKey, _: Change<'_>, _: Duration) -> Result<Delivered, SinkError> {
        panic!("no more {}", "paper");
    }
}

/// Another.
struct Full;

impl Sink for Full {
    fn deliver(&self, _: &GroupingKey, _: Change<'_>, _: Duration) -> Result<Delivered, SinkError> {
        Err(SinkError::Other("the drawer is full".into()))
    }
}

#[test]
fn sinks_and_collectors_that_panic_are_told_of() {
    let embedded = Arc::new(EmbeddedGateway::new());
    let told = Told::default();
    told.of(pushjob::job("etl"))
        .sink(Arc::clone(&embedded))
        .sink(Broken)
        .sink(Full)
        .run(|job| {
            let registry = job.registry();
            registry.gauge("lost", "").unwrap().set(1.0);
            let asked = Mutex::new(0);
            let collector = move || {
                *asked.lock().unwrap() += 1;
                assert!(*asked.lock().unwrap() < 2, "asked twice");
                Ok(Vec::new())
            };
            registry.register(collector).unwrap();
        });
    assert_eq!(
        told.take(),
        [
            "the metrics of job etl were not delivered: the collector panicked: asked twice",
            "the result of job etl was not delivered: the sink panicked: no more paper",
            "the result of job etl was not delivered: the drawer is full",
        ]
    );
    let page = embedded.page();
    assert!(page.contains("batch_job_success{"), "{page}");
    assert!(!page.contains("lost"), "{page}");
}

#[test]
fn collectors_that_take_too_long_take_nothing_else_along() {
    let gateway = Pushgateway::start();
    let told = Told::default();
    let limit = Duration::from_secs(1);
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let is_registered = AtomicBool::new(false);
    let ended = told
        .of(pushjob::job("etl"))
        .gateway(gateway.address())
        .push_timeout(limit)
        .run(|job| {
            let collector = move || {
                if is_registered.swap(true, Ordering::Relaxed) {
                    // Until the test is over.
                    let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(60));
                }
                Ok(Vec::new())
            };
            job.registry().register(collector).unwrap();
            Ok::<_, ()>(Instant::now())
        });
    let took = ended.unwrap().elapsed();
    assert!(took < 2 * limit, "{took:?}");
    assert_eq!(
        told.take(),
        ["the metrics of job etl were not delivered: the collectors took too long"]
    );
    assert_eq!(gateway.group("etl").metrics, REPORT);
    drop(go_on);
}

#[test]
fn metrics_of_a_program_never_take_the_place_of_the_report() {
    let gateway = Pushgateway::start();
    let told = Told::default();
    let job = || told.of(pushjob::job("etl").gateway(gateway.address()));
    job().run(|job| {
        let registry = job.registry();
        let success = registry.gauge("batch_job_success", "").unwrap();
        success.set(0.0);
        // Another run may have failed.
        let last_failure = "batch_job_last_failure_timestamp_seconds";
        registry.counter(last_failure, "").unwrap().inc();
        registry.gauge("batch_job_rows", "Rows.").unwrap().set(42.0);
    });
    assert_eq!(
        told.take(),
        [
            "metric batch_job_last_failure_timestamp_seconds of job etl was not delivered: the report has one of this name",
            "metric batch_job_success of job etl was not delivered: the report has one of this name",
        ]
    );
    assert_eq!(gateway.reported("etl", "success"), "1");
    let mut expected = [&REPORT[..], &["batch_job_rows"]].concat();
    expected.sort_unstable();
    assert_eq!(gateway.group("etl").metrics, expected);
    assert_eq!(job().run(|_| Err::<(), _>(1)), Err(1));
    assert_eq!(told.take(), Vec::<String>::new());
    assert_eq!(gateway.reported("etl", "success"), "0");
}

#[test]
fn settings_that_are_wrong_say_why_and_keep_no_job_from_running() {
    let job = || pushjob::job("etl").sink(EmbeddedGateway::new());
    for (job, expected) in [
        (
            (|| pushjob::job("")) as fn() -> BatchJob,
            "the job name is empty",
        ),
        (
            || pushjob::job("etl"),
            "job etl has no gateway and no other sink",
        ),
        (
            || pushjob::job("etl").listen("localhost:80"),
            "\"localhost:80\" is not an address to listen on, such as 127.0.0.1:9750, [::1]:9750 or :9750",
        ),
        (
            || pushjob::job("etl").textfile(""),
            "the path of the textfile is empty",
        ),
        (
            || pushjob::job("etl").gateway("ftp://host"),
            "\"ftp://host\" is not the URL of a gateway: the scheme is neither http nor https",
        ),
        (
            || pushjob::job("etl").label("a-b", "c").label("d", "e"),
            "grouping label: \"a-b\" is not a label name: letters, digits and `_`, not beginning with a digit",
        ),
        (
            || pushjob::job("etl").metric_prefix("9"),
            "metric prefix: \"9\" is not a metric name: letters, digits, `_` and `:`, not beginning with a digit",
        ),
    ] {
        let error: Trouble = job().check().unwrap_err();
        assert_eq!(chain(&error), expected);
        let told = Told::default();
        assert_eq!(told.of(job()).run(|_| Ok::<_, ()>(1)), Ok(1));
        assert_eq!(told.take(), [expected]);
    }
    assert!(job().check().is_ok());
    let registry = Registry::new();
    registry.gauge("a", "").unwrap();
    let embedded = Arc::new(EmbeddedGateway::new());
    pushjob::job("etl")
        .sink(Arc::clone(&embedded))
        .metric_prefix("x_")
        .registry(&registry)
        .run(|_| ());
    let page = embedded.page();
    assert!(
        page.contains("\nx_success{instance=\"\",job=\"etl\"} 1\n"),
        "{page}"
    );
    assert!(
        page.contains("\na{instance=\"\",job=\"etl\"} 0\n"),
        "{page}"
    );
}

#[test]
fn trouble_that_nobody_asks_for_is_logged() {
    let logged = logged(|| pushjob::job("etl").gateway("ftp://host").run(|_| ()));
    assert_eq!(
        logged,
        "pushjob \"ftp://host\" is not the URL of a gateway: the scheme is neither http nor https\n"
    );
}
