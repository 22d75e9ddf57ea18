use std::collections::BTreeSet;

use pushjob::exposition::{MetricFamily, ParseError};

/// A metric that a gateway sets itself: it drops what is pushed under the name, whatever that is.
pub const DROPPED: &str = "push_time_seconds";

/// A metric that a gateway sets itself where there is none: a check refuses it, which a gateway does not.
pub const REFUSED: &str = "push_failure_time_seconds";

/// An error that a check finds for the sake of a gateway, and that is none to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnlyThere {
    /// This series is another one, once a gateway has put its own `job` in the place of theirs.
    SameInGroup(String),
    /// A sample of [`REFUSED`].
    FailureTime,
}

impl OnlyThere {
    /// Which of them an error is, if any. It is told from its whole text, of which an input can write but the series.
    #[must_use]
    pub fn of(error: &ParseError) -> Option<Self> {
        let reason = error.reason();
        if reason
            == "push_failure_time_seconds is set by the gateway itself: a second push would break the page of all"
        {
            return Some(Self::FailureTime);
        }
        let series = reason.strip_prefix("series ")?.strip_suffix(
            " is the same as another, once `job` is that of the group and `instance` is not empty",
        )?;
        Some(Self::SameInGroup(series.to_owned()))
    }
}

/// How many series of a family are those of others, once a gateway has put in its `job`.
#[must_use]
pub fn same_in_group(family: &MetricFamily) -> usize {
    if matches!(family.name().as_str(), DROPPED | REFUSED) {
        return 0;
    }
    let is_kept =
        |(name, value): &(&str, &str)| *name != "job" && !(*name == "instance" && value.is_empty());
    let series = family.metrics().map(|(labels, _)| {
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value));
        labels.filter(is_kept).collect()
    });
    let series: BTreeSet<Vec<(&str, &str)>> = series.collect();
    family.metrics().count() - series.len()
}

/// Whether there is a name in a text, maybe as a part of another.
#[must_use]
pub fn mentions(text: &[u8], name: &str) -> bool {
    text.windows(name.len()).any(|part| part == name.as_bytes())
}
