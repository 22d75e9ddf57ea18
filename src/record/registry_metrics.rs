//! Metrics that a program has in its registry.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::exposition::{MetricFamilies, MetricFamily};
use crate::metrics::Registry;
use crate::report::Report;

use super::delivery_error::DeliveryError;
use super::metrics::RunMetrics;
use super::panic::Panicked;

/// The longest that a result waits for the metrics that could be kept with it. Collectors that take longer
/// are delivered after it, and not kept.
const TIME_TO_KEEP: Duration = Duration::from_millis(100);

/// Maximum number of series that are kept in a spool: they are read and written several times there.
const MAX_SERIES_KEPT: usize = 10_000;

/// The metrics of a [`Registry`], gathered once for all destinations and on a thread of their own: a
/// collector is foreign code, and may take longer than there is time, or panic.
#[derive(Debug)]
pub struct RegistryMetrics {
    registry: Registry,
    report: Report,
    under_way: OnceLock<Mutex<Receiver<Gathered>>>,
    gathered: OnceLock<Gathered>,
}

/// The metrics of a run, or the reason why there are none.
type Gathered = Result<Metrics, SharedError>;

/// An error of which each destination, and the program, may need one.
type SharedError = Arc<dyn Error + Send + Sync>;

#[derive(Debug)]
struct Metrics {
    families: MetricFamilies,
    /// Those that were skipped, because their names are the report's.
    skipped: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the collectors took too long")]
struct SlowCollectors;

#[derive(Debug, thiserror::Error)]
#[error("the collector {0}")]
struct CollectorPanicked(Panicked);

impl RegistryMetrics {
    /// The metrics of this registry, without those that have the name of a metric of the report.
    #[must_use]
    pub fn new(registry: Registry, report: Report) -> Self {
        Self {
            registry,
            report,
            under_way: OnceLock::new(),
            gathered: OnceLock::new(),
        }
    }

    /// Waits for the metrics. Whoever waits until the end of its time first, waits for all.
    fn wait(&self, timeout: Duration, then: impl FnOnce() -> Option<Gathered>) -> Option<&Metrics> {
        if self.gathered.get().is_none() {
            let under_way = self.under_way.get_or_init(|| Mutex::new(self.begin()));
            let under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
            if self.gathered.get().is_none() {
                let gathered = match under_way.recv_timeout(timeout) {
                    Ok(gathered) => Some(gathered),
                    Err(RecvTimeoutError::Timeout) => then(),
                    // There was no thread for it.
                    Err(RecvTimeoutError::Disconnected) => {
                        Some(gather(&self.registry, &self.report))
                    }
                };
                let _ = gathered.map(|gathered| self.gathered.set(gathered));
            }
        }
        self.gathered.get()?.as_ref().ok()
    }

    fn begin(&self) -> Receiver<Gathered> {
        let (send, gathered) = sync_channel(1);
        let (registry, report) = (self.registry.clone(), self.report.clone());
        // Where no thread can be had, nobody sends anything.
        let _ = thread::Builder::new().spawn(move || send.send(gather(&registry, &report)));
        gathered
    }

    /// The names of the metrics that were skipped because the report has one of the name.
    ///
    /// # Errors
    ///
    /// The reason why there were no metrics at all, if a destination has asked for them.
    pub fn skipped(&self) -> Result<&[String], DeliveryError> {
        match self.gathered.get() {
            Some(Ok(metrics)) => Ok(&metrics.skipped),
            Some(Err(error)) => Err(Box::new(Arc::clone(error))),
            None => Ok(&[]),
        }
    }
}

/// Gathers a registry, whose collectors may panic, without what would take the place of a metric of the
/// report.
fn gather(registry: &Registry, report: &Report) -> Gathered {
    let gathered = catch_unwind(AssertUnwindSafe(|| registry.gather()));
    let mut families: MetricFamilies = match gathered {
        Ok(families) => families.map_err(|error| Arc::new(error) as SharedError)?,
        Err(payload) => return Err(Arc::new(CollectorPanicked(Panicked::of(payload)))),
    };
    let names = families.iter().map(MetricFamily::name);
    let skipped = names.filter(|name| report.owns(name.as_str()));
    let skipped: Vec<_> = skipped.cloned().collect();
    for name in &skipped {
        families.remove(name);
    }
    let skipped = skipped.iter().map(ToString::to_string).collect();
    Ok(Metrics { families, skipped })
}

impl RunMetrics for RegistryMetrics {
    fn so_far(&self) -> Result<MetricFamilies, DeliveryError> {
        match gather(&self.registry, &self.report) {
            Ok(metrics) => Ok(metrics.families),
            Err(error) => Err(Box::new(error)),
        }
    }

    fn at_end(&self, timeout: Duration) -> Option<&MetricFamilies> {
        let metrics = self.wait(timeout, || Some(Err(Arc::new(SlowCollectors))));
        metrics.map(|metrics| &metrics.families)
    }

    fn to_keep(&self) -> Option<&MetricFamilies> {
        let families = &self.wait(TIME_TO_KEEP, || None)?.families;
        let series: usize = families.iter().map(|family| family.metrics().count()).sum();
        (series <= MAX_SERIES_KEPT).then_some(families)
    }

    fn has_any(&self) -> bool {
        true
    }
}
