//! The summary, without quantiles.

use std::sync::Arc;
use std::time::Duration;

use crate::exposition::{MetricType, MetricValue, SummaryValue};

use super::instrument::Instrument;
use super::number::{AtomicCount, AtomicFloat};
use super::timer::{Observer, Timer};

/// The count of observed numbers, and their sum. Clones count together.
///
/// It has no quantiles: they cannot be counted without a lock, nor added up over several programs. They
/// can be computed from a [`Histogram`](super::Histogram).
#[derive(Clone, Debug, Default)]
pub struct Summary(Arc<SummaryState>);

#[derive(Debug, Default)]
struct SummaryState {
    count: AtomicCount,
    sum: AtomicFloat,
}

impl Summary {
    /// Counts a number.
    pub fn observe(&self, number: f64) {
        self.0.count.increment();
        self.0.sum.add(number);
    }

    /// Counts how long `work` takes, in seconds, also when it panics.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let _timer = self.start_timer();
        work()
    }

    /// Counts how long the returned value lives, in seconds.
    pub fn start_timer(&self) -> Timer<Self> {
        Timer::new(self.clone())
    }

    /// Returns how many numbers were observed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.get()
    }

    /// Returns their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }
}

impl Instrument for Summary {
    type Options = ();
    const METRIC_TYPE: MetricType = MetricType::Summary;

    fn with_options((): &()) -> Self {
        Self::default()
    }

    fn value(&self) -> MetricValue {
        let (sum, count) = (self.sum(), self.count());
        MetricValue::Summary(SummaryValue::unchecked(Vec::new(), sum, count))
    }
}

impl Observer for Summary {
    fn elapsed(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }
}
