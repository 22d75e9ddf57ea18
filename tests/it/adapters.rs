//! Registries of other crates, pushed to a real gateway and read back.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

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
    assert_eq!(promtool(&encode(&metrics.families().unwrap())), "");
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

/// What promtool says of a page, when it takes it, but for what it thinks of names.
#[track_caller]
fn promtool(page: &str) -> String {
    crate::support::needs("promtool");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is missing: tests/run installs it");
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // It exits with 3 for its opinions.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{said}{page}");
    let opinion = "counter metrics should have \"_total\" suffix";
    let said = said.lines().filter(|line| !line.ends_with(opinion));
    said.collect::<Vec<_>>().join("\n")
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
    use std::fmt;

    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{
        DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder,
    };
    use prometheus_client::metrics::MetricType;
    use prometheus_client::metrics::counter::{ConstCounter, Counter};
    use prometheus_client::metrics::exemplar::{CounterWithExemplar, HistogramWithExemplars};
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::{Histogram, NativeHistogramConfig};
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

    /// A metric of no type.
    #[derive(Debug)]
    struct Odd;

    impl EncodeMetric for Odd {
        fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
            encoder.encode_gauge(&7_i64)
        }

        fn metric_type(&self) -> MetricType {
            MetricType::Unknown
        }
    }

    /// Writes the family anew for each series.
    #[derive(Debug)]
    struct Each;

    impl Collector for Each {
        fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
            for (table, count) in [("b", u64::MAX), ("a", 1)] {
                let counter = ConstCounter::new(count);
                let table = [("table", table)];
                let metric_type = counter.metric_type();
                let mut metric = encoder.encode_descriptor("each", "Each.", None, metric_type)?;
                counter.encode(metric.encode_family(&table)?)?;
            }
            Ok(())
        }
    }

    #[test]
    fn what_programs_add_to_the_crate_prometheus_client_arrives_too() {
        let mut registry = Registry::default();
        registry.register("odd", "Odd", Odd);
        registry.register_collector(Box::new(Each));
        registry.register("nothing", "Nothing", Family::<Table, Counter>::default());
        let new = || Histogram::new([1.0]);
        let sizes = Family::<Table, Histogram, _>::new_with_constructor(new);
        registry.register("size", "Sizes", sizes.clone());
        let table = "a".to_owned();
        sizes.get_or_create(&Table { table }).observe(2.0);
        let both = NativeHistogramConfig::default();
        let both = Histogram::new_classic_and_native([1.0], both);
        registry.register("both", "Both", both.clone());
        both.observe(0.5);
        are(
            &pushed(&registry),
            [
                (
                    "both",
                    &[
                        "Both.",
                        "histogram",
                        "both_bucket{le=\"1\"} 1",
                        "both_bucket{le=\"+Inf\"} 1",
                        "both_sum{} 0.5",
                        "both_count{} 1",
                    ],
                ),
                (
                    "each_total",
                    &[
                        "Each.",
                        "counter",
                        "each_total{table=\"a\"} 1",
                        "each_total{table=\"b\"} 1.8446744073709552e+19",
                    ],
                ),
                ("odd", &["Odd.", "untyped", "odd{} 7"]),
                (
                    "size",
                    &[
                        "Sizes.",
                        "histogram",
                        "size_bucket{table=\"a\",le=\"1\"} 0",
                        "size_bucket{table=\"a\",le=\"+Inf\"} 1",
                        "size_sum{table=\"a\"} 2",
                        "size_count{table=\"a\"} 1",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn sub_registries_with_labels_of_their_own_share_a_family() {
        let mut registry = Registry::default();
        for (shard, rows) in [("b", 2), ("a", 1)] {
            let shard = registry.sub_registry_with_label(("shard".into(), shard.into()));
            let counter: Counter = Counter::default();
            shard.register_with_unit("rows", "Rows", Unit::Bytes, counter.clone());
            counter.inc_by(rows);
        }
        are(
            &pushed(&registry),
            [(
                "rows_bytes_total",
                &[
                    "Rows.",
                    "counter",
                    "rows_bytes_total{shard=\"a\"} 1",
                    "rows_bytes_total{shard=\"b\"} 2",
                ],
            )],
        );
    }

    #[test]
    fn metrics_of_the_crate_prometheus_client_that_cannot_be_had_are_named() {
        let mut twice = Registry::default();
        twice.register("rows", "Rows", Gauge::<i64>::default());
        twice.register("rows", "Rows", Gauge::<i64>::default());
        let mut two_types = Registry::default();
        two_types.register("rows", "Rows", Gauge::<i64>::default());
        two_types.register("rows", "Rows", Counter::<u64>::default());
        let mut native = Registry::default();
        native.register("fine", "Fine", Gauge::<i64>::default());
        let config = NativeHistogramConfig::default();
        native.register("exact", "Exact", Histogram::new_native(config));
        for (registry, expected) in [
            (
                twice,
                "the crate prometheus_client writes \"rows 0\": line 4, column 1: series rows occurs twice",
            ),
            (
                two_types,
                "the crate prometheus_client writes \"# HELP rows Rows.\": line 4, column 8: the metadata of rows comes after its first sample",
            ),
            (
                native,
                "the crate prometheus_client does not write its metrics: it stops at exact",
            ),
        ] {
            assert_eq!(refusal(&registry), expected);
        }
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

#[test]
fn a_job_in_process_pushes_what_other_crates_have_counted() {
    let gateway = Pushgateway::start();
    let theirs = ::prometheus::Registry::new();
    let rows = ::prometheus::IntCounter::new("rows_total", "Rows.").unwrap();
    theirs.register(Box::new(rows.clone())).unwrap();
    let mut client = ::prometheus_client::registry::Registry::default();
    let files = ::prometheus_client::metrics::counter::Counter::<u64>::default();
    client.register("files", "Files", files.clone());
    let client = std::sync::Arc::new(client);
    pushjob::job("etl")
        .gateway(gateway.url())
        .run(|job| {
            job.registry().include(theirs.clone())?;
            job.registry().include(client.clone())?;
            rows.inc_by(42);
            files.inc_by(3);
            Ok::<_, pushjob::metrics::MetricsError>(())
        })
        .unwrap();
    let samples = gateway.samples();
    for (name, value) in [("rows_total", "42"), ("files_total", "3")] {
        assert_eq!(
            samples[&format!("{name}{{instance=\"\",job=\"etl\"}}")],
            value
        );
        let page = gateway.get("/metrics");
        let declared = format!("# TYPE {name} counter");
        assert!(page.lines().any(|line| line == declared), "{page}");
    }
}
