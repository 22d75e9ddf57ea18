//! Errors and warnings of texts whose lines are in the format.

use crate::exposition::model::{MetricType, ValueError};
use crate::exposition::scan::LineError;

use super::families::PUSH_FAILURE_TIME;

/// Rules that a text breaks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum RuleError {
    #[error("the last line has no newline at its end")]
    NoFinalNewline,
    #[error("the line ends with a carriage return: lines end with a bare newline")]
    CarriageReturn,
    #[error("there is a byte order mark before the text")]
    ByteOrderMark,
    #[error("the TYPE line of {metric} comes after its first sample")]
    TypeAfterSample { metric: String },
    #[error("{found:?} is not a count: a whole number, not negative")]
    NotACount { found: String },
    #[error("label `{label}` is {found:?}, which is not a number")]
    NotABound { label: &'static str, found: String },
    #[error(
        "{series} has no number as label `{label}`, as a {metric_type} needs here: it is left out"
    )]
    MissingBound {
        series: String,
        label: &'static str,
        metric_type: MetricType,
    },
    #[error("{series} has no sample {metric}{suffix}: a gateway shows 0")]
    NoPart {
        series: String,
        metric: String,
        suffix: &'static str,
    },
    #[error("{series} has no bucket +Inf: a gateway shows one with the count")]
    NoInfinity { series: String },
    #[error(
        "type gauge_histogram is one that a gateway takes and cannot show: it would break the page of all"
    )]
    GaugeHistogram,
    #[error("no blank between the name {name} and the value {value}")]
    NoBlank { name: String, value: String },
    #[error("label `job` is overwritten by that of the group")]
    JobLabel,
    #[error(
        "series {series} is the same as another, once `job` is that of the group and `instance` is not empty"
    )]
    SameInGroup { series: String },
    #[error("{metric} is set by the gateway itself, which drops this one")]
    OwnMetric { metric: String },
    #[error(
        "{PUSH_FAILURE_TIME} is set by the gateway itself: a second push would break the page of all"
    )]
    FailureTime,
    #[error("{series}: {error}")]
    Value { series: String, error: ValueError },
}

impl RuleError {
    pub(crate) fn at(self, at: usize) -> LineError {
        LineError::new(at, self)
    }
}
