//! The registry and its instruments.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{MetricFamily, MetricName, encode};
use pushjob::metrics::{Buckets, MetricsError, Registry, build_info};

use crate::support::within;

#[test]
fn instruments_are_gathered_as_they_stand() {
    let registry = Registry::new();
    let runs = registry.counter("runs_total", "Runs.").unwrap();
    let rows = registry
        .gauge_vec("rows", "Rows \\ of\na table.", &["table", "kind"])
        .unwrap();
    let temperature = registry.gauge("temperature", "").unwrap();
    let finished = MetricFamily::gauge(MetricName::new("finished").unwrap(), 1.0);
    registry.register(finished).unwrap();
    assert!(!encode(&registry.gather().unwrap()).contains("rows{"));
    runs.inc();
    runs.inc_by(1.5).unwrap();
    temperature.add(-3.0);
    rows.with_label_values(&["b", "x"]).unwrap().set(2.0);
    rows.with_label_values(&["a", "\"q\""]).unwrap().set(1.0);
    let again = rows.with_label_values(&["b", "x"]).unwrap();
    again.add(0.5);
    assert_eq!((runs.get(), again.get()), (2.5, 2.5));
    assert_eq!(
        encode(&registry.gather().unwrap()),
        "# TYPE finished gauge\n\
         finished 1\n\
         # HELP rows Rows \\\\ of\\na table.\n\
         # TYPE rows gauge\n\
         rows{kind=\"\\\"q\\\"\",table=\"a\"} 1\n\
         rows{kind=\"x\",table=\"b\"} 2.5\n\
         # HELP runs_total Runs.\n\
         # TYPE runs_total counter\n\
         runs_total 2.5\n\
         # HELP temperature \n\
         # TYPE temperature gauge\n\
         temperature -3\n"
    );
}

#[test]
fn what_cannot_be_registered_says_why() {
    let registry = Registry::new();
    registry.counter("taken", "").unwrap();
    let vector = registry.counter_vec("by", "", &["a", "b"]).unwrap();
    let errors = [
        registry.gauge("taken", "").unwrap_err().to_string(),
        registry.gauge("9", "").unwrap_err().to_string(),
        registry
            .gauge_vec("x", "", &["a-b"])
            .unwrap_err()
            .to_string(),
        registry
            .gauge_vec("x", "", &["a", "a"])
            .unwrap_err()
            .to_string(),
        vector.with_label_values(&["1"]).unwrap_err().to_string(),
        registry
            .counter("down", "")
            .unwrap()
            .inc_by(-1.0)
            .unwrap_err()
            .to_string(),
        registry
            .counter("nan", "")
            .unwrap()
            .inc_by(f64::NAN)
            .unwrap_err()
            .to_string(),
    ];
    assert_eq!(
        errors,
        [
            "metric family taken occurs twice",
            "\"9\" is not a metric name: letters, digits, `_` and `:`, not beginning with a digit",
            "\"a-b\" is not a label name: letters, digits and `_`, not beginning with a digit",
            "label `a` occurs twice",
            "by takes 2 label values, not 1",
            "a counter cannot grow by -1",
            "a counter cannot grow by NaN",
        ]
    );
    assert!(registry.gauge("x", "").is_ok(), "a refused name stays free");
}

/// Does something with eight threads at once.
fn by_eight(work: impl Fn() + Sync) {
    let begin = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                begin.wait();
                work();
            });
        }
    });
}

/// Counts with eight threads at once, each this often.
fn counted_by_eight(count: impl Fn() + Sync) {
    by_eight(|| (0..EACH).for_each(|_| count()));
}

const EACH: u32 = 100_000;

#[test]
fn no_instrument_loses_what_eight_threads_count() {
    let all = f64::from(8 * EACH);
    let registry = Registry::new();
    let counter = registry.counter("a_total", "").unwrap();
    counted_by_eight(|| counter.inc());
    assert_eq!(counter.get(), all);
    counted_by_eight(|| counter.inc_by(0.5).unwrap());
    counted_by_eight(|| counter.inc_by(3.0).unwrap());
    assert_eq!(counter.get(), 4.5 * all);

    let gauge = registry.gauge("b", "").unwrap();
    counted_by_eight(|| gauge.inc());
    counted_by_eight(|| gauge.sub(0.25));
    assert_eq!(gauge.get(), 0.75 * all);
    counted_by_eight(|| drop(gauge.track_in_progress()));
    counted_by_eight(|| gauge.dec());
    assert_eq!(gauge.get(), -0.25 * all);

    let buckets = Buckets::new([0.5, 1.0]).unwrap();
    let histogram = registry.histogram("c", "", buckets).unwrap();
    counted_by_eight(|| {
        for number in [0.25, 1.0, 4.0] {
            histogram.observe(number);
        }
    });
    assert_eq!(histogram.count(), 24 * u64::from(EACH));
    assert_eq!(histogram.sum(), 5.25 * all);

    let summary = registry.summary("d", "").unwrap();
    counted_by_eight(|| summary.observe(0.5));
    assert_eq!((summary.count(), summary.sum()), (800_000, 0.5 * all));

    let vector = registry.counter_vec("e_total", "", &["x"]).unwrap();
    counted_by_eight(|| {
        for value in ["1", "2"] {
            vector.with_label_values(&[value]).unwrap().inc();
        }
    });
    let page = encode(&registry.gather().unwrap());
    for line in [
        "a_total 3600000",
        "b -200000",
        "c_bucket{le=\"0.5\"} 800000",
        "c_bucket{le=\"1\"} 1600000",
        "c_bucket{le=\"+Inf\"} 2400000",
        "c_count 2400000",
        "d_count 800000",
        "e_total{x=\"1\"} 800000",
        "e_total{x=\"2\"} 800000",
    ] {
        assert!(page.lines().any(|known| known == line), "{line}: {page}");
    }
}

#[test]
fn series_that_eight_threads_ask_for_first_are_made_once() {
    let registry = Registry::new();
    let vector = registry.counter_vec("a_total", "", &["x"]).unwrap();
    by_eight(|| {
        for number in 0..1000 {
            let value = number.to_string();
            vector.with_label_values(&[&value]).unwrap().inc();
        }
    });
    let page = encode(&registry.gather().unwrap());
    let (whole, others): (Vec<_>, Vec<_>) = page
        .lines()
        .filter(|line| !line.starts_with('#'))
        .partition(|line| line.ends_with(" 8"));
    assert_eq!((whole.len(), others), (1000, Vec::new()));
}

#[test]
fn distributions_and_facts_are_gathered_as_they_stand() {
    let registry = Registry::new();
    let buckets = Buckets::new([0.1, 1.0, f64::INFINITY]).unwrap();
    let sizes = registry
        .histogram_vec("size", "Sizes.", &["kind"], buckets)
        .unwrap();
    let small = sizes.with_label_values(&["small"]).unwrap();
    for number in [0.1, 0.25, 1.5] {
        small.observe(number);
    }
    let buckets = Buckets::new([2.0]).unwrap();
    let ages = registry.histogram("age_days", "Ages.", buckets).unwrap();
    ages.observe(2.0);
    let waits = registry.summary("wait_seconds", "Waits.").unwrap();
    waits.observe(0.5);
    waits.observe(1.0);
    let source = registry
        .info("source", "Where from.", &[("database", "x")])
        .unwrap();
    source
        .set(&[("database", "orders"), ("shard", "1")])
        .unwrap();
    let build = build_info("my-etl", "1.2.3", &[("revision", "abc")]).unwrap();
    registry.register(build).unwrap();
    assert_eq!(
        encode(&registry.gather().unwrap()),
        "# HELP age_days Ages.\n\
         # TYPE age_days histogram\n\
         age_days_bucket{le=\"2\"} 1\n\
         age_days_bucket{le=\"+Inf\"} 1\n\
         age_days_sum 2\n\
         age_days_count 1\n\
         # HELP my_etl_build_info Which build of the program this is.\n\
         # TYPE my_etl_build_info gauge\n\
         my_etl_build_info{revision=\"abc\",version=\"1.2.3\"} 1\n\
         # HELP size Sizes.\n\
         # TYPE size histogram\n\
         size_bucket{kind=\"small\",le=\"0.1\"} 1\n\
         size_bucket{kind=\"small\",le=\"1\"} 2\n\
         size_bucket{kind=\"small\",le=\"+Inf\"} 3\n\
         size_sum{kind=\"small\"} 1.85\n\
         size_count{kind=\"small\"} 3\n\
         # HELP source_info Where from.\n\
         # TYPE source_info gauge\n\
         source_info{database=\"orders\",shard=\"1\"} 1\n\
         # HELP wait_seconds Waits.\n\
         # TYPE wait_seconds summary\n\
         wait_seconds_sum 1.5\n\
         wait_seconds_count 2\n"
    );
}

#[test]
fn numbers_fall_into_the_bucket_whose_bound_they_do_not_exceed() {
    let registry = Registry::new();
    let few = Buckets::new([-1.0, 0.0, 1.0]).unwrap();
    let many = Buckets::linear(-1.0, 1.0, 100).unwrap();
    for (name, buckets) in [("few", few), ("many", many)] {
        let histogram = registry.histogram(name, "", buckets).unwrap();
        for number in [f64::NEG_INFINITY, -1.0, -0.5, 0.0, 0.5, 1.0] {
            histogram.observe(number);
        }
        histogram.observe(f64::NAN);
        let page = encode(&registry.gather().unwrap());
        for (bound, count) in [("-1", 2), ("0", 4), ("1", 6), ("+Inf", 7)] {
            let line = format!("{name}_bucket{{le=\"{bound}\"}} {count}\n");
            assert!(page.contains(&line), "{line}: {page}");
        }
        assert!(page.contains(&format!("{name}_sum NaN\n")), "{page}");
    }
}

#[test]
fn buckets_that_cannot_be_say_why() {
    for (buckets, expected) in [
        (
            Buckets::new([1.0, 1.0]),
            "bucket bound 1 does not come after 1",
        ),
        (
            Buckets::new([1.0, f64::INFINITY, 2.0]),
            "bucket bound 2 does not come after +Inf",
        ),
        (Buckets::new([f64::NAN]), "the bound of a bucket is NaN"),
        (
            Buckets::new((0..).map(f64::from)),
            "there are more than 1000 buckets",
        ),
        (
            Buckets::linear(0.0, 1.0, usize::MAX),
            "there are more than 1000 buckets",
        ),
        (
            Buckets::linear(0.0, -1.0, 1),
            "the width of the buckets is -1, which is not above 0",
        ),
        (
            Buckets::exponential(-1.0, 0.5, 3),
            "the first bound of the buckets is -1, which is not above 0",
        ),
        (
            Buckets::exponential(1.0, 1.0, 1),
            "the factor between buckets is 1, which is not above 1",
        ),
        (
            Buckets::exponential_range(8.0, 2.0, 1),
            "the last bound of the buckets is 2, which is not above 8",
        ),
        (
            Buckets::exponential_range(-100.0, -1.0, 3),
            "the first bound of the buckets is -100, which is not above 0",
        ),
        (
            Buckets::exponential(1e308, 10.0, 2),
            "the bounds of the buckets grow beyond the greatest number",
        ),
        (
            Buckets::linear(f64::NAN, 1.0, 2),
            "the bound of a bucket is NaN",
        ),
        (
            Buckets::new([1.0, f64::INFINITY, f64::INFINITY]),
            "bucket bound +Inf does not come after +Inf",
        ),
    ] {
        let error = MetricsError::from(buckets.unwrap_err());
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(
        Buckets::linear(0.0, 1.0, 1000).unwrap().bounds().len(),
        1000
    );
    let registry = Registry::new();
    let none = Buckets::new([]).unwrap();
    registry.histogram("none", "", none).unwrap().observe(1.0);
    let page = encode(&registry.gather().unwrap());
    assert!(page.contains("none_bucket{le=\"+Inf\"} 1\n"), "{page}");
}

#[test]
fn what_takes_time_is_counted_once_also_when_it_panics() {
    let registry = Registry::new();
    let histogram = registry
        .histogram("a_seconds", "", Buckets::default())
        .unwrap();
    let summary = registry.summary("b_seconds", "").unwrap();
    let gauge = registry.gauge("c_seconds", "").unwrap();
    let work = || {
        let begin = Instant::now();
        within(Duration::from_secs(60), "no time passes", || {
            begin.elapsed() >= Duration::from_millis(1)
        });
        42
    };
    assert_eq!(histogram.time(|| summary.time(|| gauge.time(work))), 42);
    let lasted = gauge.get();
    assert!(lasted >= 0.001 && lasted <= summary.sum() && summary.sum() <= histogram.sum());
    let uploads = registry.gauge("uploads_in_progress", "").unwrap();
    let panicked = std::panic::catch_unwind(|| {
        let _under_way = uploads.track_in_progress();
        histogram.time(|| summary.time(|| panic!("on purpose")))
    });
    assert!(panicked.is_err());
    assert_eq!((histogram.count(), summary.count()), (2, 2));
    assert_eq!(uploads.get(), 0.0);
    let timer = summary.start_timer();
    let before = summary.sum();
    let told = timer.stop();
    assert_eq!(summary.sum(), before + told.as_secs_f64());
    histogram.start_timer().discard();
    assert_eq!((histogram.count(), summary.count()), (2, 3));

    let seconds = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs_f64()
    };
    let before = seconds();
    gauge.set_to_current_time();
    assert!(before <= gauge.get() && gauge.get() <= seconds());
}

#[test]
fn series_can_be_taken_away() {
    let registry = Registry::new();
    let vector = registry.gauge_vec("rows", "", &["a", "b"]).unwrap();
    let kept = vector.with_label_values(&["1", "2"]).unwrap();
    for (a, b) in [("1", "2"), ("12", ""), ("", "12"), ("2", "1")] {
        vector.with_label_values(&[a, b]).unwrap().inc();
    }
    let series = || encode(&registry.gather().unwrap()).lines().skip(1).count();
    assert_eq!(series(), 5);
    assert!(vector.remove_label_values(&["1", "2"]).unwrap());
    assert!(!vector.remove_label_values(&["1", "2"]).unwrap());
    assert_eq!(series(), 4);
    kept.inc();
    let new = vector.with_label_values(&["1", "2"]).unwrap();
    assert_eq!((kept.get(), new.get()), (2.0, 0.0));
    vector.clear();
    assert_eq!(encode(&registry.gather().unwrap()), "");
    let error = vector.remove_label_values(&["1"]).unwrap_err();
    assert_eq!(error.to_string(), "rows takes 2 label values, not 1");
}
