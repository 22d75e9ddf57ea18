//! Histograms and summaries, built from their samples.

use super::metric_type::MetricType;
#[cfg(target_os = "linux")]
use super::value::ValueError;
use super::value::{Bucket, HistogramValue, MetricValue, Quantile, SummaryValue};

/// Kind of a sample in its family, as its name tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleRole {
    /// A bucket or quantile, or the sample of a plain type.
    Entry,
    Sum,
    Count,
}

#[cfg(target_os = "linux")]
impl SampleRole {
    /// Role of a sample whose name has this ending behind that of its histogram or summary.
    pub(crate) fn of_suffix(suffix: &str) -> Self {
        match suffix {
            "_sum" => Self::Sum,
            "_count" => Self::Count,
            _ => Self::Entry,
        }
    }
}

/// Samples of one histogram or summary. Entries come either by [`push_entry`](Self::push_entry) or
/// by
/// [`update_entry`](Self::update_entry).
#[derive(Clone, Debug, Default)]
pub(crate) struct DistributionBuilder {
    /// Upper bounds or quantiles, with their values; growing, where they are updated.
    entries: Vec<(f64, f64)>,
    pub(crate) sum: Option<f64>,
    pub(crate) count: Option<f64>,
}

/// Why samples make no histogram or summary.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DistributionError {
    /// There is no number of observations.
    NoCount,
    /// A count is none.
    NotACount { value: f64 },
    /// The samples contradict each other.
    Value(ValueError),
}

impl DistributionBuilder {
    /// Adds a bucket or quantile, also where there is one of the same bound.
    pub(crate) fn push_entry(&mut self, bound: f64, value: f64) {
        self.entries.push((bound, value));
    }

    /// Replaces the value at a bound, if there is one, by the one that comes after it.
    #[cfg(target_os = "linux")]
    pub(crate) fn update_entry(&mut self, bound: f64, next: impl FnOnce(Option<f64>) -> f64) {
        let place = self
            .entries
            .binary_search_by(|(other, _)| other.total_cmp(&bound));
        match place {
            Ok(place) => self.entries[place].1 = next(Some(self.entries[place].1)),
            Err(place) => self.entries.insert(place, (bound, next(None))),
        }
    }

    /// Builds the value of samples that may contradict each other, as a gateway does: counts are
    /// cut to their range, and what is missing is 0.
    pub(crate) fn build_unchecked(self, metric_type: MetricType) -> MetricValue {
        let count = self.count(metric_type).map_or(0, to_count);
        let sum = self.sum.unwrap_or(0.0);
        let entries = self.entries.into_iter();
        if metric_type == MetricType::Summary {
            let quantiles = entries.map(|(quantile, value)| Quantile { quantile, value });
            return MetricValue::Summary(SummaryValue::unchecked(quantiles.collect(), sum, count));
        }
        let buckets = entries.map(|(upper_bound, value)| Bucket {
            upper_bound,
            cumulative_count: to_count(value),
        });
        MetricValue::Histogram(HistogramValue::unchecked(buckets.collect(), sum, count))
    }

    /// Builds the value of samples that make sense together. The sum may be missing, and of a
    /// histogram the count, where there is a bucket `+Inf`.
    #[cfg(target_os = "linux")]
    pub(crate) fn build(self, metric_type: MetricType) -> Result<MetricValue, DistributionError> {
        let exact = |value| exact_count(value).ok_or(DistributionError::NotACount { value });
        let count = self.count(metric_type).ok_or(DistributionError::NoCount)?;
        let count = exact(count)?;
        let sum = self.sum.unwrap_or(0.0);
        let entries = self.entries.into_iter();
        let value = if metric_type == MetricType::Summary {
            let quantiles = entries.map(|(quantile, value)| Quantile { quantile, value });
            SummaryValue::new(quantiles.collect(), sum, count).map(MetricValue::Summary)
        } else {
            let buckets = entries.map(|(upper_bound, value)| {
                let cumulative_count = exact(value)?;
                Ok(Bucket {
                    upper_bound,
                    cumulative_count,
                })
            });
            let buckets: Result<_, DistributionError> = buckets.collect();
            HistogramValue::new(buckets?, sum, count).map(MetricValue::Histogram)
        };
        value.map_err(DistributionError::Value)
    }

    /// The number of observations, which the bucket `+Inf` of a histogram has too.
    fn count(&self, metric_type: MetricType) -> Option<f64> {
        let is_infinite = |(bound, _): &&(f64, f64)| *bound == f64::INFINITY;
        let infinite = || {
            self.entries
                .iter()
                .find(is_infinite)
                .map(|(_, value)| *value)
        };
        let is_histogram = metric_type == MetricType::Histogram;
        self.count.or_else(|| infinite().filter(|_| is_histogram))
    }
}

/// Number as a gateway counts it: without fraction, not below 0.
pub(crate) fn to_count(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a value out of range is cut to the range"
    )]
    let count = value as u64;
    count
}

/// Number as a count, if it is one; beyond 2^53, which a sample cannot hold exactly, there is none.
#[cfg(target_os = "linux")]
pub(crate) fn exact_count(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then(|| to_count(value))
}
