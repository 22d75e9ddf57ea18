//! What is looked up when metrics are gathered.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pushjob::exposition::{MetricFamily, MetricName, encode};
use pushjob::metrics::Registry;

/// A gauge of a name that is right.
fn family(name: &str) -> MetricFamily {
    MetricFamily::gauge(MetricName::new(name.to_owned()).unwrap(), 1.0)
}

#[test]
fn a_collector_is_asked_whenever_metrics_are_gathered() {
    let registry = Registry::new();
    let asked = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&asked);
    let collector = move || {
        let times = counting.fetch_add(1, Ordering::Relaxed);
        if times == 2 {
            return Err("the queue is gone".into());
        }
        let name = MetricName::new("times")?;
        Ok(vec![
            MetricFamily::gauge(name, times.into()),
            family("other"),
        ])
    };
    registry.register(collector).unwrap();
    let page = encode(&registry.gather().unwrap());
    assert!(page.contains("\ntimes 1\n"), "{page}");
    let error = registry.gather().unwrap_err();
    assert_eq!(error.to_string(), "the collector of times failed");
    assert_eq!(error.source().unwrap().to_string(), "the queue is gone");
    assert!(encode(&registry.gather().unwrap()).contains("\ntimes 3\n"));
}

#[test]
fn a_collector_that_gets_in_the_way_is_not_registered() {
    let registry = Registry::new();
    registry.summary("taken", "").unwrap();
    let clash = || Ok(vec![family("free"), family("taken_sum")]);
    let error = registry.register(clash).unwrap_err();
    assert_eq!(
        error.to_string(),
        "metric family taken_sum has the name of a series of taken"
    );
    assert!(registry.gauge("free", "").is_ok(), "all or none");
    let error = registry.register(|| Err("not today".into())).unwrap_err();
    assert_eq!(error.to_string(), "the collector failed");
    assert_eq!(error.source().unwrap().to_string(), "not today");

    // One that comes with another name later on.
    let asked = AtomicU32::new(0);
    registry
        .register(move || {
            let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            Ok(vec![family(if first { "own" } else { "free" })])
        })
        .unwrap();
    let error = registry.gather().unwrap_err();
    assert_eq!(error.to_string(), "metric family free occurs twice");
}

#[test]
fn a_collector_may_use_the_registry_that_it_is_in() {
    let registry = Registry::new();
    let inner = registry.clone();
    registry
        .register(move || {
            let _ = inner.counter("made_by_a_collector_total", "");
            Ok(vec![family("outer")])
        })
        .unwrap();
    assert!(registry.gather().unwrap().get("outer").is_some());
}

#[cfg(feature = "process")]
#[test]
fn what_the_system_knows_of_the_process_is_pushed_as_other_clients_name_it() {
    use std::time::{Duration, SystemTime};

    use pushjob::metrics::ProcessCollector;
    use pushjob::push::Pushgateway;

    use crate::support::{self, key, within};

    let registry = Registry::new();
    registry.register(ProcessCollector::new()).unwrap();
    let value = |name: &str| {
        let page = encode(&registry.gather().unwrap());
        let line = page.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse::<f64>().unwrap()
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.unwrap().trim().trim_end_matches(" kB");
        number.parse::<f64>().unwrap() * 1024.0
    };
    // Other tests run meanwhile.
    let about = |name: &str, expected: f64| {
        let value = value(name);
        assert!(
            (expected / 2.0..expected * 2.0).contains(&value),
            "{name}: {value}, not {expected}"
        );
    };
    about("process_resident_memory_bytes", kilobytes("VmRSS:"));
    about("process_virtual_memory_bytes", kilobytes("VmSize:"));
    let begin = value("process_cpu_seconds_total");
    within(Duration::from_secs(60), "no processor time", || {
        value("process_cpu_seconds_total") > begin
    });
    let files: Vec<_> = (0..500)
        .map(|_| std::fs::File::open("/dev/null").unwrap())
        .collect();
    assert!(value("process_open_fds") >= 500.0);
    assert!(value("process_max_fds") >= value("process_open_fds"));
    drop(files);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let age = now.as_secs_f64() - value("process_start_time_seconds");
    assert!((-2.0..3600.0).contains(&age), "{age}");

    let gateway = support::Pushgateway::start();
    let client = Pushgateway::new(&gateway.url()).unwrap();
    client.push(&key(), &registry).unwrap();
    let metrics = gateway.group("j").metrics;
    for name in [
        "process_cpu_seconds_total",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_virtual_memory_bytes",
    ] {
        assert!(
            metrics.iter().any(|metric| metric == name),
            "{name}: {metrics:?}"
        );
    }
}
