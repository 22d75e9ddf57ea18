use crate::exposition::{FamilyError, NameError};

/// A metric that cannot be registered or set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// A metric or label name that the data model does not allow.
    #[error("{0}")]
    Name(NameError),
    /// A metric that gets in the way of one that is registered.
    #[error("{0}")]
    Family(FamilyError),
    /// Another number of label values than there are label names.
    #[error("{metric} has {expected} labels, {found} values were given")]
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
}

impl From<NameError> for MetricsError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<FamilyError> for MetricsError {
    fn from(error: FamilyError) -> Self {
        Self::Family(error)
    }
}
