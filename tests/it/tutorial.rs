//! What a well-known introduction to the Python client shows, in Rust: one registry, scraped, written as a textfile, and pushed.

use std::collections::BTreeMap;

use pushjob::exposition::{MetricFamily, MetricName, MetricType};
use pushjob::grouping::GroupingKey;
use pushjob::metrics::{CollectError, Collector, Registry, Summary};
use pushjob::push::Pushgateway as Client;
use pushjob::sink::Textfile;
use pushjob::sink::scrape::ScrapeEndpoint;
use serde_json::{Value, json};

use crate::support::{NodeExporter, Prometheus, Pushgateway};

/// Something looked up when it is asked for: how much is stored on each shelf.
struct Stock;

impl Collector for Stock {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        let mut stock = MetricFamily::new(MetricName::new("stock_items")?, MetricType::Gauge)
            .with_help("Items on a shelf.");
        stock.add(&[("shelf", "apples")], 5.0)?;
        stock.add(&[("shelf", "pears")], 2.5)?;
        Ok(vec![stock])
    }
}

/// The registry, and the summary in it that has taken the time of three calls.
fn registry() -> (Registry, Summary) {
    let registry = Registry::new();
    let calls = registry
        .summary("request_processing_seconds", "Time spent on a request.")
        .unwrap();
    for request in 1..=3 {
        assert_eq!(calls.time(|| process(request)), request * request);
    }
    registry.register(Stock).unwrap();
    (registry, calls)
}

fn process(request: u32) -> u32 {
    request * request
}

#[test]
fn the_registry_is_scraped_by_prometheus() {
    let (registry, calls) = registry();
    let serving = ScrapeEndpoint::bind("127.0.0.1:0").unwrap();
    let serving = serving.serve(registry).unwrap();
    let prometheus = Prometheus::scraping(&serving.local_addr().to_string());
    let target = json!({"job": "batch", "instance": serving.local_addr().to_string()});
    let labels = |name: &str, own: Value| {
        let mut labels = target.as_object().unwrap().clone();
        labels.insert("__name__".to_owned(), name.into());
        labels.extend(own.as_object().unwrap().clone());
        Value::Object(labels)
    };
    let count = prometheus.waits_for("request_processing_seconds_count");
    let name = "request_processing_seconds_count";
    assert_eq!(count, (labels(name, json!({})), "3".to_owned()));
    let (_, sum) = prometheus.waits_for("request_processing_seconds_sum");
    assert_eq!(sum.parse::<f64>().unwrap(), calls.sum());
    for (shelf, items) in [("apples", "5"), ("pears", "2.5")] {
        let stock = prometheus.waits_for(&format!("stock_items{{shelf=\"{shelf}\"}}"));
        let expected = labels("stock_items", json!({"shelf": shelf}));
        assert_eq!(stock, (expected, items.to_owned()));
    }
    let calls = calls.clone();
    calls.time(|| process(4));
    prometheus.waits_for("request_processing_seconds_count == 4");
}

#[test]
fn the_registry_is_read_by_node_exporter_from_a_textfile() {
    let (registry, calls) = registry();
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    let textfile = Textfile::new(folder.path()).unwrap();
    let key = GroupingKey::new("batchA").unwrap();
    let written = textfile.push(&key, &registry).unwrap();
    assert_eq!(written.path, folder.path().join("batchA.prom"));
    assert_eq!(
        numbers(&exporter.samples()),
        series(&calls, |labels| format!("job_name=\"batchA\"{labels}"))
    );
    let page = exporter.page();
    declares(&page);
    assert!(exporter.is_content(), "{page}");
}

#[test]
fn the_registry_is_pushed_to_a_gateway() {
    let (registry, calls) = registry();
    let gateway = Pushgateway::start();
    let key = GroupingKey::new("batchA").unwrap();
    let client = Client::new(&gateway.url()).unwrap();
    client.push(&key, &registry).unwrap();
    let mut samples = gateway.samples();
    samples.retain(|series, _| !series.starts_with("push_"));
    assert_eq!(
        numbers(&samples),
        series(&calls, |labels| format!(
            "instance=\"\",job=\"batchA\"{labels}"
        ))
    );
    declares(&gateway.get("/metrics"));
    let groups: Value = serde_json::from_str(&gateway.get("/api/v1/metrics")).unwrap();
    let group = &groups["data"][0];
    assert_eq!(group["labels"], json!({"job": "batchA"}));
    assert_eq!(group["request_processing_seconds"]["type"], "SUMMARY");
    assert_eq!(group["stock_items"]["type"], "GAUGE");
}

/// The series that there are to be, with labels of the group before their own.
fn series(calls: &Summary, with: impl Fn(&str) -> String) -> BTreeMap<String, f64> {
    [
        ("request_processing_seconds_sum", "", calls.sum()),
        ("request_processing_seconds_count", "", 3.0),
        ("stock_items", ",shelf=\"apples\"", 5.0),
        ("stock_items", ",shelf=\"pears\"", 2.5),
    ]
    .map(|(name, own, value)| (format!("{name}{{{}}}", with(own)), value))
    .into()
}

fn numbers(samples: &BTreeMap<String, String>) -> BTreeMap<String, f64> {
    let numbers = samples
        .iter()
        .map(|(series, value)| (series.clone(), value.parse().unwrap()));
    numbers.collect()
}

/// Whether a page declares both families as they were registered.
#[track_caller]
fn declares(page: &str) {
    for line in [
        "# HELP request_processing_seconds Time spent on a request.",
        "# TYPE request_processing_seconds summary",
        "# HELP stock_items Items on a shelf.",
        "# TYPE stock_items gauge",
    ] {
        assert!(page.lines().any(|known| known == line), "{line}: {page}");
    }
}
