//! One group of a gateway.

use std::collections::BTreeMap;
use std::fmt;

use crate::grouping::GroupingKey;

/// A group that a Pushgateway holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayGroup {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) are_labels_hidden: bool,
    pub(super) push_time: Option<f64>,
    pub(super) push_failure_time: Option<f64>,
    pub(super) values: BTreeMap<String, f64>,
}

impl GatewayGroup {
    /// All labels of its grouping key, `job` and an empty `instance` among them.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of one of its labels.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Returns true where the gateway does not show the labels, because a metric named `labels` was
    /// pushed to this group. They are those of its push time then, which has an empty `instance`
    /// also where the group has none. Such a group must not be deleted by them.
    #[must_use]
    pub fn are_labels_hidden(&self) -> bool {
        self.are_labels_hidden
    }

    /// Returns true where its labels are exactly those of the key.
    #[must_use]
    pub fn is_of(&self, key: &GroupingKey) -> bool {
        !self.are_labels_hidden
            && self.labels.len() == key.pairs().count()
            && key
                .pairs()
                .all(|(name, value)| self.label(name) == Some(value))
    }

    /// The time of the last push that the gateway took, in Unix seconds; 0 where there was none.
    #[must_use]
    pub fn push_time(&self) -> Option<f64> {
        self.push_time
    }

    /// The time of the last push that the gateway rejected, in Unix seconds; 0 where there was none.
    #[must_use]
    pub fn push_failure_time(&self) -> Option<f64> {
        self.push_failure_time
    }

    /// The value of a metric that the query asks for. None where it has no series or several, and
    /// for histograms and summaries.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// All values that the query asks for, with their names.
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }
}

impl fmt::Display for GatewayGroup {
    /// Writes the labels as `{job="backup",env="prod"}`, `job` first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_job = |(name, _): &(&str, &str)| *name == "job";
        let (job, others): (Vec<_>, Vec<_>) = self.labels().partition(is_job);
        f.write_str("{")?;
        for (index, (name, value)) in job.into_iter().chain(others).enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}
