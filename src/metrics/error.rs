use std::fmt;

use crate::exposition::{FamilyError, NameError, format_float};

use super::collector::CollectError;

/// A metric that cannot be registered, set or gathered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// A metric or label name that the data model does not allow.
    #[error("{0}")]
    Name(NameError),
    /// A metric that gets in the way of one that is registered.
    #[error("{0}")]
    Family(FamilyError),
    /// Buckets that a histogram cannot have.
    #[error("{0}")]
    Buckets(BucketsError),
    /// Another number of label values than there are label names.
    #[error("{metric} takes {expected} label values, not {found}")]
    LabelCount {
        /// The metric name.
        metric: String,
        /// How many label names it has.
        expected: usize,
        /// How many values were given.
        found: usize,
    },
    /// A counter cannot go down.
    #[error("a counter cannot grow by {by}")]
    NegativeIncrease {
        /// By how much it should have grown.
        by: f64,
    },
    /// A collector that has nothing to give.
    #[error("{} failed", Collecting(metric.as_deref()))]
    Collect {
        /// The first metric that it had when it was registered.
        metric: Option<String>,
        /// What it said.
        source: CollectError,
    },
}

/// What failed.
struct Collecting<'a>(Option<&'a str>);

impl fmt::Display for Collecting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(metric) => write!(f, "the collector of {metric}"),
            None => f.write_str("the collector"),
        }
    }
}

impl From<NameError> for MetricsError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<FamilyError> for MetricsError {
    fn from(error: FamilyError) -> Self {
        match error {
            FamilyError::Name(error) => Self::Name(error),
            error => Self::Family(error),
        }
    }
}

impl From<BucketsError> for MetricsError {
    fn from(error: BucketsError) -> Self {
        Self::Buckets(error)
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
    /// Something from which buckets are to be generated that is too small.
    #[error(
        "{setting} is {}, which is not above {}",
        format_float(*value),
        format_float(*least)
    )]
    Setting {
        /// What it is.
        setting: &'static str,
        /// What was given.
        value: f64,
        /// What it has to be above.
        least: f64,
    },
    /// Buckets generated beyond the greatest number.
    #[error("the bounds of the buckets grow beyond the greatest number")]
    TooGreat,
    /// More buckets than anybody can look at.
    #[error("there are more than {limit} buckets")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}
