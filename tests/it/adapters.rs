//! Registries of other crates, pushed to a real gateway and read back.

use std::collections::BTreeMap;

use pushjob::chain;
use pushjob::exposition::{Gather, encode};
use pushjob::push::Pushgateway as Client;

use crate::support::{Pushgateway, key};

/// What a gateway shows of the group of the job `j`: HELP and TYPE of each family, and its samples, without the labels of the
/// group.
#[track_caller]
fn pushed<G: Gather>(metrics: &G) -> BTreeMap<String, Vec<String>> {
    let gateway = Pushgateway::start();
    let client = Client::new(&gateway.url()).unwrap();
    client.push(&key(), metrics).unwrap();
    let mut families = BTreeMap::new();
    let mut family = String::new();
    let mut lines: Vec<String> = Vec::new();
    for line in gateway.get("/metrics").lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            families.insert(std::mem::take(&mut family), std::mem::take(&mut lines));
            let (name, help) = help.split_once(' ').unwrap();
            name.clone_into(&mut family);
            lines.push(help.to_owned());
        } else if let Some(declared) = line.strip_prefix("# TYPE ") {
            lines.push(declared.rsplit_once(' ').unwrap().1.to_owned());
        } else if line.contains("job=\"j\"") {
            let own = ["instance=\"\"", "job=\"j\""];
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
            let labels: Vec<&str> = labels
                .split(',')
                .filter(|label| !own.contains(label))
                .collect();
            lines.push(format!("{name}{{{}}} {value}", labels.join(",")));
        }
    }
    families.insert(family, lines);
    let own = ["go_", "process_", "promhttp_", "push"];
    families
        .retain(|name, _| !name.is_empty() && !own.iter().any(|prefix| name.starts_with(prefix)));
    families
}

#[track_caller]
fn are<const N: usize>(families: &BTreeMap<String, Vec<String>>, expected: [(&str, &[&str]); N]) {
    let families: Vec<(&str, Vec<&str>)> = families
        .iter()
        .map(|(name, lines)| {
            let lines = lines.iter().map(String::as_str);
            (name.as_str(), lines.collect())
        })
        .collect();
    let expected = expected.map(|(name, lines)| (name, lines.to_vec()));
    assert_eq!(families, expected);
}

/// Why its metrics cannot be had.
#[track_caller]
fn refusal(metrics: &dyn Gather) -> String {
    let error = metrics.families().unwrap_err();
    chain(&*error)
}

mod prometheus {
    use std::collections::HashMap;

    use prometheus::core::{Collector, Desc};
    use prometheus::proto::{MetricFamily, MetricType};
    use prometheus::{
        Counter, Gauge, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts,
        Registry, proto,
    };
    use pushjob::exposition::{Gather, encode};
    use pushjob::push::Pushgateway as Client;

    use crate::support::key;

    use super::{are, pushed, refusal};

    #[test]
    fn each_type_of_the_crate_prometheus_arrives_as_what_it_is() {
        let registry = Registry::new_custom(
            Some("app".to_owned()),
            Some([("zone".to_owned(), "eu".to_owned())].into()),
        )
        .unwrap();
        let files = Counter::new("files_total", "Files\nread.").unwrap();
        let rows = IntCounterVec::new(Opts::new("rows", "Rows."), &["table"]).unwrap();
        let speed = Gauge::new("speed", "Speed.").unwrap();
        let queue = IntGauge::new("queue", "Queue.").unwrap();
        let buckets = HistogramOpts::new("size", "Sizes.").buckets(vec![0.5, 2.0]);
        let sizes = Histogram::with_opts(buckets).unwrap();
        registry.register(Box::new(files.clone())).unwrap();
        registry.register(Box::new(rows.clone())).unwrap();
        registry.register(Box::new(speed.clone())).unwrap();
        registry.register(Box::new(queue.clone())).unwrap();
        registry.register(Box::new(sizes.clone())).unwrap();
        registry.register(Box::new(Waits(desc("waits")))).unwrap();
        files.inc_by(1.5);
        rows.with_label_values(&["a\"b\\c"]).inc_by(3);
        speed.set(f64::INFINITY);
        queue.set(-4);
        for size in [0.5, 1.0, 9.0] {
            sizes.observe(size);
        }
        are(
            &pushed(&registry),
            [
                (
                    "app_files_total",
                    &[
                        "Files\\nread.",
                        "counter",
                        "app_files_total{zone=\"eu\"} 1.5",
                    ],
                ),
                (
                    "app_queue",
                    &["Queue.", "gauge", "app_queue{zone=\"eu\"} -4"],
                ),
                (
                    "app_rows",
                    &[
                        "Rows.",
                        "counter",
                        "app_rows{table=\"a\\\"b\\\\c\",zone=\"eu\"} 3",
                    ],
                ),
                (
                    "app_size",
                    &[
                        "Sizes.",
                        "histogram",
                        "app_size_bucket{zone=\"eu\",le=\"0.5\"} 1",
                        "app_size_bucket{zone=\"eu\",le=\"2\"} 2",
                        "app_size_bucket{zone=\"eu\",le=\"+Inf\"} 3",
                        "app_size_sum{zone=\"eu\"} 10.5",
                        "app_size_count{zone=\"eu\"} 3",
                    ],
                ),
                (
                    "app_speed",
                    &["Speed.", "gauge", "app_speed{zone=\"eu\"} +Inf"],
                ),
                (
                    "app_waits",
                    &[
                        "Help.",
                        "summary",
                        "app_waits{zone=\"eu\",quantile=\"0.5\"} 0.25",
                        "app_waits_sum{zone=\"eu\"} 2.5",
                        "app_waits_count{zone=\"eu\"} 4",
                    ],
                ),
            ],
        );
    }

    fn desc(name: &str) -> Desc {
        Desc::new(
            name.to_owned(),
            "Help.".to_owned(),
            vec![],
            HashMap::default(),
        )
        .unwrap()
    }

    fn family(name: &str, metric_type: MetricType, metric: proto::Metric) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help("Help.".to_owned());
        family.set_field_type(metric_type);
        family.set_metric(vec![metric]);
        family
    }

    /// A summary, which that crate has no instrument for, with a time of its own.
    struct Waits(Desc);

    impl Collector for Waits {
        fn desc(&self) -> Vec<&Desc> {
            vec![&self.0]
        }

        fn collect(&self) -> Vec<MetricFamily> {
            let mut quantile = proto::Quantile::default();
            quantile.set_quantile(0.5);
            quantile.set_value(0.25);
            let mut summary = proto::Summary::default();
            summary.set_quantile(vec![quantile]);
            summary.set_sample_sum(2.5);
            summary.set_sample_count(4);
            let mut metric = proto::Metric::default();
            metric.set_summary(summary);
            metric.set_timestamp_ms(1_700_000_000_000);
            vec![family("waits", MetricType::SUMMARY, metric)]
        }
    }

    /// What the registry takes and nothing else does.
    struct Wrong(Desc, &'static str, MetricType);

    impl Collector for Wrong {
        fn desc(&self) -> Vec<&Desc> {
            vec![&self.0]
        }

        fn collect(&self) -> Vec<MetricFamily> {
            vec![family(self.1, self.2, proto::Metric::default())]
        }
    }

    #[test]
    fn what_the_crate_prometheus_cannot_write_or_writes_wrongly_is_named() {
        for (name, metric_type, expected) in [
            (
                "odd",
                MetricType::UNTYPED,
                "the crate prometheus does not write its metrics: odd is UNTYPED",
            ),
            (
                "a-b",
                MetricType::GAUGE,
                "the crate prometheus writes \"# HELP a-b Help.\": line 1, column 8: expected a metric name in the HELP line",
            ),
        ] {
            let registry = Registry::new();
            let wrong = Wrong(desc("fine"), name, metric_type);
            registry.register(Box::new(wrong)).unwrap();
            assert_eq!(refusal(&registry), expected);
        }
    }

    #[test]
    fn labels_that_a_gateway_sets_are_for_other_sinks_of_the_crate_prometheus() {
        let registry = Registry::new();
        let workers = IntGaugeVec::new(Opts::new("workers", "Workers."), &["job"]).unwrap();
        registry.register(Box::new(workers.clone())).unwrap();
        workers.with_label_values(&["a"]).set(1);
        workers.with_label_values(&["b"]).set(2);
        assert_eq!(
            encode(&registry.families().unwrap()),
            "# HELP workers Workers.\n# TYPE workers gauge\n\
             workers{job=\"a\"} 1\nworkers{job=\"b\"} 2\n"
        );
        let client = Client::new("http://localhost:1").unwrap();
        let error = client.push(&key(), &registry).unwrap_err();
        assert_eq!(
            error.to_string(),
            "series workers{job=\"a\"} has the label `job`, which the grouping key sets"
        );
    }

    #[test]
    fn an_empty_registry_of_the_crate_prometheus_is_an_empty_push() {
        are(&pushed(&Registry::new()), []);
    }
}

mod prometheus_client {
    use prometheus_client::encoding::EncodeLabelSet;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::exemplar::{CounterWithExemplar, HistogramWithExemplars};
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::metrics::info::Info;
    use prometheus_client::registry::{Registry, Unit};

    use super::{are, pushed, refusal};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Table {
        table: String,
    }

    #[test]
    fn each_type_of_the_crate_prometheus_client_arrives_as_what_it_is() {
        let mut registry = Registry::with_prefix("app");
        let labelled = registry.sub_registry_with_label(("zone".into(), "eu".into()));
        let rows = Family::<Table, Counter>::default();
        labelled.register("rows", "Rows \\ loaded\nby table", rows.clone());
        let table = "a\"b\\c\nd".to_owned();
        rows.get_or_create(&Table { table }).inc_by(3);
        let seconds: Counter<f64, std::sync::atomic::AtomicU64> = Counter::default();
        registry.register_with_unit("busy", "Busy", Unit::Seconds, seconds.clone());
        seconds.inc_by(0.5);
        let queue: Gauge = Gauge::default();
        registry.register("queue", "Queue", queue.clone());
        queue.set(-4);
        let speed = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        registry.register("speed", "Speed", speed.clone());
        speed.set(f64::NEG_INFINITY);
        let sizes = Histogram::new([0.5, 2.0]);
        registry.register_with_unit("size", "Sizes", Unit::Bytes, sizes.clone());
        for size in [0.5, 1.0, 9.0] {
            sizes.observe(size);
        }
        let traced = CounterWithExemplar::<Vec<(String, String)>>::default();
        registry.register("traced", "Traced", traced.clone());
        traced.inc_by(2, Some(vec![("trace".into(), "x".into())]), None);
        let spans = HistogramWithExemplars::<Vec<(String, String)>>::new([1.0].into_iter());
        registry.register("spans", "Spans", spans.clone());
        spans.observe(0.5, Some(vec![("trace".into(), "y".into())]), None);
        registry.register("build", "Build", Info::new([("version", "1.2")]));
        are(
            &pushed(&registry),
            [
                (
                    "app_build_info",
                    &["Build.", "gauge", "app_build_info{version=\"1.2\"} 1"],
                ),
                (
                    "app_busy_seconds_total",
                    &["Busy.", "counter", "app_busy_seconds_total{} 0.5"],
                ),
                ("app_queue", &["Queue.", "gauge", "app_queue{} -4"]),
                (
                    "app_rows_total",
                    &[
                        "Rows \\\\ loaded\\nby table.",
                        "counter",
                        "app_rows_total{table=\"a\\\"b\\\\c\\nd\",zone=\"eu\"} 3",
                    ],
                ),
                (
                    "app_size_bytes",
                    &[
                        "Sizes.",
                        "histogram",
                        "app_size_bytes_bucket{le=\"0.5\"} 1",
                        "app_size_bytes_bucket{le=\"2\"} 2",
                        "app_size_bytes_bucket{le=\"+Inf\"} 3",
                        "app_size_bytes_sum{} 10.5",
                        "app_size_bytes_count{} 3",
                    ],
                ),
                (
                    "app_spans",
                    &[
                        "Spans.",
                        "histogram",
                        "app_spans_bucket{le=\"1\"} 1",
                        "app_spans_bucket{le=\"+Inf\"} 1",
                        "app_spans_sum{} 0.5",
                        "app_spans_count{} 1",
                    ],
                ),
                ("app_speed", &["Speed.", "gauge", "app_speed{} -Inf"]),
                (
                    "app_traced_total",
                    &["Traced.", "counter", "app_traced_total{} 2"],
                ),
            ],
        );
    }

    #[test]
    fn names_that_the_crate_prometheus_client_does_not_check_are_refused() {
        let mut registry = Registry::default();
        registry.register("rows-loaded", "Rows", Gauge::<i64>::default());
        let expected = "the crate prometheus_client writes \"# HELP rows-loaded Rows.\": line 1, column 8: expected a metric name in the HELP line";
        assert_eq!(refusal(&registry), expected);
    }

    #[test]
    fn an_empty_registry_of_the_crate_prometheus_client_is_an_empty_push() {
        are(&pushed(&Registry::default()), []);
    }
}

#[test]
fn a_registry_of_ours_can_have_that_of_another_crate_in_it() {
    let foreign = ::prometheus::Registry::new();
    let counter = ::prometheus::IntCounter::new("foreign_total", "Foreign.").unwrap();
    foreign.register(Box::new(counter.clone())).unwrap();
    let registry = pushjob::metrics::Registry::new();
    registry.gauge("own", "Own.").unwrap();
    registry
        .register(move || Ok(foreign.families()?.iter().cloned().collect()))
        .unwrap();
    counter.inc();
    assert_eq!(
        encode(&registry.gather().unwrap()),
        "# HELP foreign_total Foreign.\n# TYPE foreign_total counter\nforeign_total 1\n\
         # HELP own Own.\n# TYPE own gauge\nown 0\n"
    );
}
