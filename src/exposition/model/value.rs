//! Values of series.

use super::metric_type::MetricType;
use super::number::format_float;

/// A histogram or summary that contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A bucket or quantile is not a number.
    #[error("a bucket bound or quantile is NaN")]
    NanBound,
    /// Two buckets or quantiles are the same.
    #[error("bucket or quantile {} occurs twice", format_float(*bound))]
    DuplicateBound {
        /// The bound or quantile.
        bound: f64,
    },
    /// A bucket counts less than the one below it.
    #[error("bucket {} counts less than the one below it", format_float(*bound))]
    NotCumulative {
        /// The bound of the smaller bucket.
        bound: f64,
    },
    /// A bucket does not fit the number of observations.
    #[error("bucket {} does not fit the count {count}", format_float(*bound))]
    CountMismatch {
        /// The bound of the bucket.
        bound: f64,
        /// The number of observations.
        count: u64,
    },
}

/// The value of one series, with the type it belongs to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MetricValue {
    /// A number that only grows.
    Counter(f64),
    /// A number that goes up and down.
    Gauge(f64),
    /// A distribution counted in buckets.
    Histogram(Histogram),
    /// A distribution given by quantiles.
    Summary(Summary),
    /// A number of no declared type.
    Untyped(f64),
}

impl MetricValue {
    /// The type this value belongs to.
    #[must_use]
    pub fn metric_type(&self) -> MetricType {
        match self {
            Self::Counter(_) => MetricType::Counter,
            Self::Gauge(_) => MetricType::Gauge,
            Self::Histogram(_) => MetricType::Histogram,
            Self::Summary(_) => MetricType::Summary,
            Self::Untyped(_) => MetricType::Untyped,
        }
    }
}

/// One bucket of a [`Histogram`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// The inclusive upper bound, the value of the label `le`.
    pub upper_bound: f64,
    /// How many observations were at or below the bound.
    pub cumulative_count: u64,
}

/// A distribution counted in buckets, as [histograms] have it.
///
/// [histograms]: https://prometheus.io/docs/concepts/metric_types/#histogram
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram(Box<Observations<Bucket>>);

/// In a box, so that a value of another type, as nearly all are, takes a third of the room.
#[derive(Clone, Debug, PartialEq)]
struct Observations<P> {
    parts: Vec<P>,
    sum: f64,
    count: u64,
}

impl Histogram {
    /// A histogram from its buckets in any order, the sum and the number of all observations. The bucket `+Inf` may be
    /// left out: it always equals `count`.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when a bound is NaN or occurs twice, a bucket counts less than the one below it, or more than
    /// `count`, or the bucket `+Inf` differs from `count`.
    pub fn new(buckets: Vec<Bucket>, sum: f64, count: u64) -> Result<Self, ValueError> {
        let mut buckets = buckets;
        if buckets.iter().any(|bucket| bucket.upper_bound.is_nan()) {
            return Err(ValueError::NanBound);
        }
        let twice = sort_and_find_twice(&mut buckets);
        match twice.or_else(|| contradiction(&buckets, count)) {
            Some(error) => Err(error),
            None => Ok(Self::unchecked(buckets, sum, count)),
        }
    }

    /// A histogram that may contradict itself, as one in a text may.
    pub(crate) fn unchecked(mut buckets: Vec<Bucket>, sum: f64, count: u64) -> Self {
        buckets.sort_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound));
        while buckets
            .last()
            .is_some_and(|last| last.upper_bound == f64::INFINITY)
        {
            buckets.pop();
        }
        Self(Box::new(Observations {
            parts: buckets,
            sum,
            count,
        }))
    }

    /// The buckets by growing bound, without `+Inf`.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.0.parts
    }

    /// The sum of all observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum
    }

    /// The number of all observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count
    }
}

/// Sorts buckets by their bounds, and finds a bound that occurs twice.
pub(in crate::exposition) fn sort_and_find_twice(buckets: &mut [Bucket]) -> Option<ValueError> {
    buckets.sort_by(|a, b| a.upper_bound.total_cmp(&b.upper_bound));
    let mut pairs = buckets.windows(2);
    let pair = pairs.find(|pair| pair[0].upper_bound.total_cmp(&pair[1].upper_bound).is_eq())?;
    Some(ValueError::DuplicateBound {
        bound: pair[0].upper_bound,
    })
}

/// What is wrong with buckets that are sorted, beside the number of all observations.
pub(in crate::exposition) fn contradiction(buckets: &[Bucket], count: u64) -> Option<ValueError> {
    let mut pairs = buckets.windows(2);
    let falling = pairs.find(|pair| pair[0].cumulative_count > pair[1].cumulative_count);
    if let Some(pair) = falling {
        return Some(ValueError::NotCumulative {
            bound: pair[1].upper_bound,
        });
    }
    let last = buckets.last()?;
    let infinite = last.upper_bound == f64::INFINITY;
    let mismatch = last.cumulative_count > count || (infinite && last.cumulative_count != count);
    mismatch.then_some(ValueError::CountMismatch {
        bound: last.upper_bound,
        count,
    })
}

/// One quantile of a [`Summary`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Which quantile, from 0 to 1: the value of the label `quantile`.
    pub quantile: f64,
    /// Its value.
    pub value: f64,
}

/// A distribution given by quantiles, as [summaries] have it.
///
/// [summaries]: https://prometheus.io/docs/concepts/metric_types/#summary
#[derive(Clone, Debug, PartialEq)]
pub struct Summary(Box<Observations<Quantile>>);

impl Summary {
    /// A summary from its quantiles in any order, the sum and the number of all observations.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when a quantile is NaN or occurs twice.
    pub fn new(quantiles: Vec<Quantile>, sum: f64, count: u64) -> Result<Self, ValueError> {
        let mut quantiles = quantiles;
        if quantiles.iter().any(|entry| entry.quantile.is_nan()) {
            return Err(ValueError::NanBound);
        }
        quantiles.sort_by(|a, b| a.quantile.total_cmp(&b.quantile));
        match quantiles
            .windows(2)
            .find(|pair| pair[0].quantile.total_cmp(&pair[1].quantile).is_eq())
        {
            Some(pair) => Err(ValueError::DuplicateBound {
                bound: pair[0].quantile,
            }),
            None => Ok(Self::unchecked(quantiles, sum, count)),
        }
    }

    /// A summary that may contradict itself, as one in a text may.
    pub(crate) fn unchecked(mut quantiles: Vec<Quantile>, sum: f64, count: u64) -> Self {
        quantiles.sort_by(|a, b| a.quantile.total_cmp(&b.quantile));
        Self(Box::new(Observations {
            parts: quantiles,
            sum,
            count,
        }))
    }

    /// The quantiles, growing.
    #[must_use]
    pub fn quantiles(&self) -> &[Quantile] {
        &self.0.parts
    }

    /// The sum of all observations.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum
    }

    /// The number of all observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count
    }
}
