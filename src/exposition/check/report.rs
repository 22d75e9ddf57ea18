//! Reports of checks.

use crate::exposition::model::MetricType;
use crate::exposition::normalize::Normalizations;

/// A metric family of a text that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedFamily {
    /// Its name.
    pub name: String,
    /// Its type.
    pub metric_type: MetricType,
    /// Whether there is a HELP line.
    pub has_help: bool,
    /// How many sample lines it has.
    pub samples: u64,
}

/// Findings of a [`Check`](super::Check), besides the problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// How many errors there are; a gateway takes a text without any.
    pub errors: u64,
    /// How many sample lines.
    pub samples: u64,
    /// The families that have samples, or HELP or TYPE lines, in the order of the text.
    pub families: Vec<CheckedFamily>,
    /// Changes that a gateway needs.
    pub normalizations: Normalizations,
    /// How long the text is then, in bytes.
    pub length: u64,
}
