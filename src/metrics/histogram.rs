//! The histogram.

use std::sync::Arc;
use std::time::Duration;

use crate::exposition::{Bucket, HistogramValue, MetricType, MetricValue};

use super::buckets::Buckets;
use super::instrument::Instrument;
use super::number::{AtomicCount, AtomicFloat};
use super::timer::{Observer, Timer};

/// Maximum number of bounds to look at one after the other, which is faster than a search for few.
const LINEAR_SEARCH_BOUNDS: usize = 32;

/// Observed numbers, counted in buckets, and their sum. Clones count together.
///
/// A number that is being observed while the histogram is gathered may be in a bucket and not yet in the
/// sum; the buckets and the count always agree.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<HistogramState>);

#[derive(Debug)]
struct HistogramState {
    buckets: Buckets,
    /// Numbers in each bucket alone, and at the end those above all bounds.
    counts: Box<[AtomicCount]>,
    sum: AtomicFloat,
}

impl Histogram {
    /// Counts a number in its bucket. NaN is counted in none but `+Inf`, and makes the sum NaN.
    pub fn observe(&self, number: f64) {
        let HistogramState {
            buckets,
            counts,
            sum,
        } = &*self.0;
        let bounds = buckets.bounds();
        let index = if number.is_nan() {
            bounds.len()
        } else if bounds.len() <= LINEAR_SEARCH_BOUNDS {
            let above = |bound: &f64| number <= *bound;
            bounds.iter().position(above).unwrap_or(bounds.len())
        } else {
            bounds.partition_point(|bound| *bound < number)
        };
        // There is one more count than bounds.
        if let Some(count) = counts.get(index) {
            count.increment();
        }
        sum.add(number);
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
        self.0.counts.iter().map(AtomicCount::get).sum()
    }

    /// Returns their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }
}

impl Instrument for Histogram {
    type Options = Buckets;
    const METRIC_TYPE: MetricType = MetricType::Histogram;

    fn with_options(buckets: &Buckets) -> Self {
        let counts = (0..=buckets.bounds().len()).map(|_| AtomicCount::default());
        Self(Arc::new(HistogramState {
            buckets: buckets.clone(),
            counts: counts.collect(),
            sum: AtomicFloat::default(),
        }))
    }

    fn value(&self) -> MetricValue {
        // The sum first: a number that is observed meanwhile may be missing in it, but is never in it alone.
        let sum = self.sum();
        let mut cumulative_count = 0;
        let bounds = self.0.buckets.bounds().iter();
        let buckets = bounds.zip(&self.0.counts).map(|(bound, count)| {
            cumulative_count += count.get();
            Bucket {
                upper_bound: *bound,
                cumulative_count,
            }
        });
        let buckets = buckets.collect();
        let above = self.0.counts.last().map_or(0, AtomicCount::get);
        MetricValue::Histogram(HistogramValue::unchecked(
            buckets,
            sum,
            cumulative_count + above,
        ))
    }
}

impl Observer for Histogram {
    fn elapsed(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }
}
