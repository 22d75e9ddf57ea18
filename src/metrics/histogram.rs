use std::sync::Arc;
use std::time::Duration;

use crate::exposition::{Bucket, Histogram as Distribution, MetricType, MetricValue};

use super::buckets::Buckets;
use super::instrument::Instrument;
use super::number::{Count, Number};
use super::timer::{Observer, Timer};

/// Up to so many bounds are looked at one after the other, which takes less time than a search.
const FEW: usize = 32;

/// How often numbers were seen, in buckets, with their sum. Clones count together.
///
/// What is gathered while a number is being observed may have it in a bucket and not yet in the sum; the buckets and the count
/// always agree.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    buckets: Buckets,
    /// Of each bucket, and of what is above them all, by itself.
    counts: Box<[Count]>,
    sum: Number,
}

impl Histogram {
    /// Counts a number in its bucket. NaN is counted in none but `+Inf`, and makes the sum NaN.
    pub fn observe(&self, number: f64) {
        let Shared {
            buckets,
            counts,
            sum,
        } = &*self.0;
        let bounds = buckets.bounds();
        let index = if number.is_nan() {
            bounds.len()
        } else if bounds.len() <= FEW {
            let above = |bound: &f64| number <= *bound;
            bounds.iter().position(above).unwrap_or(bounds.len())
        } else {
            bounds.partition_point(|bound| *bound < number)
        };
        // There is one more than there are bounds.
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

    /// How many numbers it has seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(Count::get).sum()
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }
}

impl Instrument for Histogram {
    type Options = Buckets;
    const METRIC_TYPE: MetricType = MetricType::Histogram;

    fn with_options(buckets: &Buckets) -> Self {
        let counts = (0..=buckets.bounds().len()).map(|_| Count::default());
        Self(Arc::new(Shared {
            buckets: buckets.clone(),
            counts: counts.collect(),
            sum: Number::default(),
        }))
    }

    fn value(&self) -> MetricValue {
        // The sum first: what is observed meanwhile may be missing in it, but not be in it alone.
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
        let above = self.0.counts.last().map_or(0, Count::get);
        MetricValue::Histogram(Distribution::unchecked(
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
