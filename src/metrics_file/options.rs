//! Options for reading the file of a job.

use crate::exposition::NameValidation;
use crate::grouping::GroupRules;

/// Options for reading metrics, which are to go to a group.
///
/// ```
/// use pushjob::grouping::{GroupRules, GroupingKey};
/// use pushjob::metrics_file::ReadOptions;
///
/// let rules = GroupRules::of(&GroupingKey::new("etl")?).reserve_prefix("batch_job_");
/// let options = ReadOptions::new(rules).most_series(50_000);
/// # drop(options);
/// # Ok::<(), pushjob::grouping::GroupingError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReadOptions {
    pub(super) rules: GroupRules,
    pub(super) names: NameValidation,
    pub(super) most_series: usize,
}

/// Most series that are held, unless it is said.
const MOST_SERIES: usize = 1_000_000;

impl ReadOptions {
    /// Options that leave out lines against these rules.
    pub fn new(rules: GroupRules) -> Self {
        Self {
            rules,
            names: NameValidation::default(),
            most_series: MOST_SERIES,
        }
    }

    /// Takes names by this scheme. Defaults to legacy names.
    pub fn names(mut self, names: NameValidation) -> Self {
        self.names = names;
        self
    }

    /// Takes no more series than this. Defaults to a million, of some 600 bytes each.
    pub fn most_series(mut self, most: usize) -> Self {
        self.most_series = most;
        self
    }
}

/// Options with the rules of a group of which only the label `job` is known.
impl Default for ReadOptions {
    fn default() -> Self {
        Self::new(GroupRules::default())
    }
}
