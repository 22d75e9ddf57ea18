use std::sync::Arc;
use std::time::Duration;

use crate::exposition::{MetricType, MetricValue, Summary as Distribution};

use super::instrument::{Instrument, NoOptions};
use super::number::{Count, Number};
use super::timer::{Observer, Timer};

/// How many numbers were seen, and their sum. Clones count together.
///
/// It has no quantiles: they cannot be counted without a lock, nor added up over several programs. A
/// [`Histogram`](super::Histogram) can give them.
#[derive(Clone, Debug, Default)]
pub struct Summary(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    count: Count,
    sum: Number,
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

    /// How many numbers it has seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.get()
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }
}

impl Instrument for Summary {
    type Options = NoOptions;
    const METRIC_TYPE: MetricType = MetricType::Summary;

    fn with_options(_: &NoOptions) -> Self {
        Self::default()
    }

    fn value(&self) -> MetricValue {
        let (sum, count) = (self.sum(), self.count());
        MetricValue::Summary(Distribution::unchecked(Vec::new(), sum, count))
    }
}

impl Observer for Summary {
    fn elapsed(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }
}
