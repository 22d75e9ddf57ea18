use crate::exposition::family::MetricType;

use super::stage::Mended;

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

/// What a [`Check`](super::Check) has found, besides the problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many errors there are; a gateway takes a text without any.
    pub errors: u64,
    /// How many sample lines.
    pub samples: u64,
    /// The families that have samples, or HELP or TYPE lines, in the order of the text.
    pub families: Vec<CheckedFamily>,
    /// What has to be changed for a gateway.
    pub mended: Mended,
    /// How long the text is then, in bytes.
    pub length: u64,
}
