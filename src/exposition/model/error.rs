//! Errors of families, their series and labels.

use super::metric_type::MetricType;
use super::names::NameError;

/// Families or series that cannot stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FamilyError {
    /// A value of one type in a family of another.
    #[error("{metric} is of type {declared}, not {found}")]
    WrongType {
        /// The metric name.
        metric: String,
        /// The type of the family.
        declared: MetricType,
        /// The type of the value.
        found: MetricType,
    },
    /// A label that the format itself uses in this type.
    #[error("label `{label}` of {metric_type} {metric} belongs to the format")]
    ReservedLabel {
        /// The metric name.
        metric: String,
        /// `le` or `quantile`.
        label: &'static str,
        /// The type of the family.
        metric_type: MetricType,
    },
    /// A name that the data model does not allow.
    #[error("{0}")]
    Name(NameError),
    /// A label name twice in one series.
    #[error("label `{label}` occurs twice")]
    DuplicateLabel {
        /// The label name.
        label: String,
    },
    /// Two series of the same name and labels.
    #[error("series {series} occurs twice")]
    DuplicateSeries {
        /// Name and labels.
        series: String,
    },
    /// Two families of the same name.
    #[error("metric family {metric} occurs twice")]
    DuplicateFamily {
        /// The metric name.
        metric: String,
    },
    /// A family whose name is that of a series of a histogram or summary.
    #[error("metric family {metric} has the name of a series of {owner}")]
    SuffixCollision {
        /// The plain family.
        metric: String,
        /// The histogram or summary.
        owner: String,
    },
}

impl From<NameError> for FamilyError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}
