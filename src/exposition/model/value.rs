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
    Histogram(HistogramValue),
    /// A distribution given by quantiles.
    Summary(SummaryValue),
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

/// One bucket of a [`HistogramValue`].
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
pub struct HistogramValue(Box<Observations<Bucket>>);

/// In a box, so that a value of another type, as nearly all are, takes a third of the room.
#[derive(Clone, Debug, PartialEq)]
struct Observations<P> {
    parts: Vec<P>,
    sum: f64,
    count: u64,
}

impl HistogramValue {
    /// A histogram from its buckets in any order, the sum and the number of all observations. The
    /// bucket `+Inf` may be left out: it always equals `count`.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when a bound is NaN or occurs twice, a bucket counts less than the one below it, or more than
    /// `count`, or the bucket `+Inf` differs from `count`.
    pub fn new(buckets: Vec<Bucket>, sum: f64, count: u64) -> Result<Self, ValueError> {
        let mut buckets = buckets;
        sort_by_bound(&mut buckets, |bucket| bucket.upper_bound)?;
        check_counts(&buckets, count)?;
        Ok(Self::unchecked(buckets, sum, count))
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

/// Sorts buckets or quantiles, of which each must have a bound of its own.
pub(in crate::exposition) fn sort_by_bound<P>(
    parts: &mut [P],
    bound: impl Fn(&P) -> f64,
) -> Result<(), ValueError> {
    if parts.iter().any(|part| bound(part).is_nan()) {
        return Err(ValueError::NanBound);
    }
    parts.sort_by(|a, b| bound(a).total_cmp(&bound(b)));
    let mut pairs = parts.windows(2);
    let twice = pairs.find(|pair| bound(&pair[0]).total_cmp(&bound(&pair[1])).is_eq());
    match twice {
        Some(pair) => Err(ValueError::DuplicateBound {
            bound: bound(&pair[0]),
        }),
        None => Ok(()),
    }
}

/// Refuses sorted buckets that contradict each other or the number of all observations.
pub(in crate::exposition) fn check_counts(
    buckets: &[Bucket],
    count: u64,
) -> Result<(), ValueError> {
    let mut pairs = buckets.windows(2);
    let falling = pairs.find(|pair| pair[0].cumulative_count > pair[1].cumulative_count);
    if let Some(pair) = falling {
        return Err(ValueError::NotCumulative {
            bound: pair[1].upper_bound,
        });
    }
    match buckets.last() {
        Some(last)
            if last.cumulative_count > count
                || (last.upper_bound == f64::INFINITY && last.cumulative_count != count) =>
        {
            Err(ValueError::CountMismatch {
                bound: last.upper_bound,
                count,
            })
        }
        _ => Ok(()),
    }
}

/// One quantile of a [`SummaryValue`].
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
pub struct SummaryValue(Box<Observations<Quantile>>);

impl SummaryValue {
    /// A summary from its quantiles in any order, the sum and the number of all observations.
    ///
    /// # Errors
    ///
    /// [`ValueError`] when a quantile is NaN or occurs twice.
    pub fn new(quantiles: Vec<Quantile>, sum: f64, count: u64) -> Result<Self, ValueError> {
        let mut quantiles = quantiles;
        sort_by_bound(&mut quantiles, |entry| entry.quantile)?;
        Ok(Self::unchecked(quantiles, sum, count))
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
