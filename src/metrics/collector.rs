//! Collectors: what yields metric families on request.

use std::error::Error;

use crate::exposition::MetricFamily;

/// The error of a collector: whatever went wrong in it.
pub type CollectError = Box<dyn Error + Send + Sync>;

/// A source of metric families that are looked up on request, and need not be kept up to date.
///
/// A closure is one, and so is a [`MetricFamily`] that does not change.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use pushjob::exposition::{MetricFamily, MetricName, MetricType, encode};
/// use pushjob::metrics::{CollectError, Collector, Registry};
///
/// /// The lengths of the queues, as the files in their folders.
/// struct Queues(Vec<(&'static str, Arc<AtomicU32>)>);
///
/// impl Collector for Queues {
///     fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
///         let mut lengths = MetricFamily::new(MetricName::new("queue_length")?, MetricType::Gauge)
///             .with_help("How many letters wait.");
///         for (queue, length) in &self.0 {
///             lengths.add(&[("queue", queue)], length.load(Ordering::Relaxed).into())?;
///         }
///         Ok(vec![lengths])
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Queues(vec![("mail", Arc::new(AtomicU32::new(3)))]))?;
/// registry.register(|| Ok(vec![MetricFamily::gauge(MetricName::new("workers")?, 4.0)]))?;
/// let page = encode(&registry.gather()?);
/// assert!(page.contains("queue_length{queue=\"mail\"} 3\n") && page.contains("workers 4\n"));
/// # Ok::<(), pushjob::metrics::MetricsError>(())
/// ```
pub trait Collector: Send + Sync {
    /// Returns the families as they are now. Names and types should be the same each time: those of the
    /// first time, when it is registered, are reserved for it.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from collecting. Then nothing is gathered from the registry at all: half of the
    /// metrics would be taken for all.
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError>;
}

impl<F> Collector for F
where
    F: Fn() -> Result<Vec<MetricFamily>, CollectError> + Send + Sync,
{
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        self()
    }
}

/// A family that does not change is its own collector.
impl Collector for MetricFamily {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        Ok(vec![self.clone()])
    }
}
