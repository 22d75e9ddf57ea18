//! The registry and its instruments.

use pushjob::exposition::{MetricFamily, MetricName, encode};
use pushjob::metrics::Registry;

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
            "by has 2 labels, 1 values were given",
            "a counter cannot grow by -1",
            "a counter cannot grow by NaN",
        ]
    );
    assert!(registry.gauge("x", "").is_ok(), "a refused name stays free");
}

#[test]
fn threads_count_together() {
    let registry = Registry::new();
    let counter = registry.counter("n_total", "").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| counter.inc()));
        }
    });
    assert_eq!(counter.get(), 40_000.0);
}
