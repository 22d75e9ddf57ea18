//! Errors of declaring, setting and gathering metrics.

use crate::exposition::{FamilyError, NameError, format_float};

use super::collector::CollectError;

/// A metric that cannot be registered, set or gathered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// A metric or label name that the data model does not allow.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A metric that conflicts with a registered one.
    #[error("{0}")]
    Family(FamilyError),
    /// Buckets that a histogram cannot have.
    #[error(transparent)]
    Buckets(#[from] BucketsError),
    /// A different number of label values than label names.
    #[error("{metric} takes {expected} label values, not {found}")]
    LabelCount {
        /// The metric name.
        metric: String,
        /// Number of label names.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// A negative amount for a counter.
    #[error("a counter cannot grow by {by}")]
    NegativeIncrease {
        /// The amount.
        by: f64,
    },
    /// A collector that failed.
    #[error("{} failed", collector_of(metric.as_deref()))]
    Collect {
        /// Its first metric when it was registered.
        metric: Option<String>,
        /// Its error.
        source: CollectError,
    },
}

fn collector_of(metric: Option<&str>) -> String {
    metric.map_or("the collector".to_owned(), |metric| {
        format!("the collector of {metric}")
    })
}

impl From<FamilyError> for MetricsError {
    fn from(error: FamilyError) -> Self {
        match error {
            FamilyError::Name(error) => Self::Name(error),
            error => Self::Family(error),
        }
    }
}

/// Upper bounds that the buckets of a histogram cannot have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BucketsError {
    /// A bound is not a number.
    #[error("the bound of a bucket is NaN")]
    NotANumber,
    /// A bound that is not above the one before it.
    #[error(
        "bucket bound {} does not come after {}",
        format_float(*bound),
        format_float(*before)
    )]
    NotGrowing {
        /// The bound.
        bound: f64,
        /// The one before it.
        before: f64,
    },
    /// A setting of generated buckets that is too small.
    #[error(
        "{setting} is {}, which is not above {}",
        format_float(*value),
        format_float(*least)
    )]
    Setting {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// The number that it has to be above.
        least: f64,
    },
    /// Generated bounds beyond the greatest number.
    #[error("the bounds of the buckets grow beyond the greatest number")]
    TooGreat,
    /// Too many buckets.
    #[error("there are more than {limit} buckets")]
    TooMany {
        /// Maximum number of buckets.
        limit: usize,
    },
}
