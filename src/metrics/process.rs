//! The collector of the process itself.

use procfs::process::{LimitValue, Process};

use crate::exposition::{MetricFamily, MetricName, MetricType};

use super::collector::{CollectError, Collector};
use super::number::float;

/// Metrics of this process, under the [names] that client libraries agree on: `process_cpu_seconds_total`,
/// `process_open_fds`, `process_max_fds`, `process_resident_memory_bytes`, `process_virtual_memory_bytes`,
/// `process_virtual_memory_max_bytes` and `process_start_time_seconds`.
///
/// Absent limits are omitted. It reads `/proc` on each request, and fails without one. Linux, with the
/// feature `process`.
///
/// ```
/// use pushjob::exposition::encode;
/// use pushjob::metrics::{ProcessCollector, Registry};
///
/// let registry = Registry::new();
/// registry.register(ProcessCollector::new())?;
/// assert!(encode(&registry.gather()?).contains("\nprocess_resident_memory_bytes "));
/// # Ok::<(), pushjob::metrics::MetricsError>(())
/// ```
///
/// [names]: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessCollector(());

impl ProcessCollector {
    /// A collector of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Collector for ProcessCollector {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        let process = Process::myself()?;
        let stat = process.stat()?;
        let limits = process.limits()?;
        let seconds = |ticks: u64| float(ticks) / float(procfs::ticks_per_second());
        let started = float(procfs::boot_time_secs()?) + seconds(stat.starttime);
        let facts = [
            (
                "process_cpu_seconds_total",
                "Processor time that the process has used, in user mode and in the kernel.",
                Some(seconds(stat.utime + stat.stime)),
            ),
            (
                "process_open_fds",
                "File descriptors that are open.",
                Some(float(process.fd_count()? as u64)),
            ),
            (
                "process_max_fds",
                "File descriptors that may be open.",
                limit(limits.max_open_files.soft_limit),
            ),
            (
                "process_resident_memory_bytes",
                "Memory that is held.",
                Some(float(stat.rss * procfs::page_size())),
            ),
            (
                "process_virtual_memory_bytes",
                "Memory that is mapped.",
                Some(float(stat.vsize)),
            ),
            (
                "process_virtual_memory_max_bytes",
                "Memory that may be mapped.",
                limit(limits.max_address_space.soft_limit),
            ),
            (
                "process_start_time_seconds",
                "When the process was started, in Unix seconds.",
                Some(started),
            ),
        ];
        let known = facts
            .into_iter()
            .filter_map(|(name, help, value)| Some((name, help, value?)));
        known
            .map(|(name, help, value)| Ok(family(MetricName::new(name)?, value)?.with_help(help)))
            .collect()
    }
}

/// A counter where the name ends in `_total`, else a gauge.
fn family(name: MetricName, value: f64) -> Result<MetricFamily, CollectError> {
    let metric_type = if name.as_str().ends_with("_total") {
        MetricType::Counter
    } else {
        MetricType::Gauge
    };
    let mut family = MetricFamily::new(name, metric_type);
    family.add(&[], value)?;
    Ok(family)
}

/// None where it is unlimited.
fn limit(limit: LimitValue) -> Option<f64> {
    match limit {
        LimitValue::Unlimited => None,
        LimitValue::Value(most) => Some(float(most)),
    }
}
