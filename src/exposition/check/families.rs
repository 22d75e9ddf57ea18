//! Families of a text, and the names that belong to each.

use std::collections::HashMap;

use crate::exposition::model::{FamilyError, MetricType, SampleRole};
use crate::exposition::scan::{Declared, Name, unescape};

use super::problem::{Problem, Severity};

/// Metric that a gateway puts into every group, in the place of any other of this name.
pub(crate) const PUSH_TIME: &str = "push_time_seconds";

/// Metric that a gateway puts into every group where there is none of the name. A second push then
/// makes it one of two types, which breaks the page of all.
pub(crate) const PUSH_FAILURE_TIME: &str = "push_failure_time_seconds";

/// A metric family of which there has been a line.
pub(crate) struct FamilyCheck {
    /// Its name, unescaped.
    pub(crate) name: String,
    pub(crate) declared: Option<Declared>,
    pub(crate) has_help: bool,
    /// The line that first named it.
    pub(crate) line: usize,
    /// A HELP text that no scrape can read, once there is a sample: its line and column.
    pub(super) bad_help: Option<(usize, usize)>,
    /// How many samples it has.
    pub(crate) samples: u64,
    /// Whether it has to be looked at once more for series that occur twice: its samples do not
    /// stand together, or are too many.
    pub(super) unsure: bool,
}

impl FamilyCheck {
    /// The type that its samples have.
    pub(crate) fn metric_type(&self) -> MetricType {
        match self.declared {
            Some(Declared::Type(metric_type)) => metric_type,
            _ => MetricType::Untyped,
        }
    }

    /// Whether a gateway puts a metric of its own in the place of this one.
    pub(super) fn is_dropped(&self) -> bool {
        self.name == PUSH_TIME
    }

    /// Whether each of its samples is a series.
    pub(super) fn is_plain(&self) -> bool {
        self.metric_type().reserved_label().is_none()
    }
}

/// All families so far, in the order in which they were named.
#[derive(Default)]
pub(super) struct FamilyTable {
    list: Vec<FamilyCheck>,
    /// By their names as they stand in the text.
    by_name: HashMap<Box<[u8]>, usize, foldhash::fast::RandomState>,
    last: LastName,
}

/// Family of the last name, which is mostly that of the next line too.
#[derive(Default)]
struct LastName {
    name: Vec<u8>,
    found: Option<(usize, SampleRole)>,
}

/// Family that a line belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineOwner {
    pub(crate) family: usize,
    pub(crate) role: SampleRole,
}

impl FamilyTable {
    pub(super) fn get(&self, family: usize) -> &FamilyCheck {
        &self.list[family]
    }

    pub(super) fn get_mut(&mut self, family: usize) -> &mut FamilyCheck {
        &mut self.list[family]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &FamilyCheck> {
        self.list.iter()
    }

    /// The family that a name belongs to, as the gateway finds it: the one of this name, or the
    /// histogram or summary of which it is a series; else a new one.
    pub(super) fn owner(&mut self, name: Name<'_>, line: usize) -> LineOwner {
        if let Some((family, role)) = self.last.found {
            if self.last.name == name.raw {
                return LineOwner { family, role };
            }
        }
        let (family, role) = self.find(name.raw).unwrap_or_else(|| {
            let family = self.list.len();
            self.list.push(FamilyCheck {
                name: unescape(name.raw).into_owned(),
                declared: None,
                has_help: false,
                line,
                bad_help: None,
                samples: 0,
                unsure: false,
            });
            self.by_name.insert(name.raw.into(), family);
            (family, SampleRole::Entry)
        });
        self.last.name.clear();
        self.last.name.extend_from_slice(name.raw);
        self.last.found = Some((family, role));
        LineOwner { family, role }
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<(usize, SampleRole)> {
        if let Some(family) = self.by_name.get(name) {
            return Some((*family, SampleRole::Entry));
        }
        let of = |suffix: &[u8], types: &[MetricType]| {
            let base = name.strip_suffix(suffix)?;
            let family = *self.by_name.get(base)?;
            match self.list[family].declared? {
                Declared::Type(metric_type) if types.contains(&metric_type) => Some(family),
                _ => None,
            }
        };
        let both = [MetricType::Histogram, MetricType::Summary];
        if let Some(family) = of(b"_count", &both) {
            return Some((family, SampleRole::Count));
        }
        if let Some(family) = of(b"_sum", &both) {
            return Some((family, SampleRole::Sum));
        }
        of(b"_bucket", &[MetricType::Histogram]).map(|family| (family, SampleRole::Entry))
    }

    /// What is wrong with families whose names are those of series of a histogram or summary.
    pub(super) fn collisions(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (name, owner) in &self.by_name {
            let owner = &self.list[*owner];
            for suffix in owner.metric_type().suffixes() {
                let series = [name, suffix.as_bytes()].concat();
                let other = self.by_name.get(series.as_slice());
                let other = other.map(|other| &self.list[*other]);
                let sampled = |family: &&FamilyCheck| family.samples > 0 && !family.is_dropped();
                let Some(other) = other.filter(sampled).filter(|_| sampled(&owner)) else {
                    continue;
                };
                let line = other.line.max(owner.line);
                let reason = FamilyError::SuffixCollision {
                    metric: other.name.clone(),
                    owner: owner.name.clone(),
                };
                found.push((line, reason));
            }
        }
        found.sort_by_key(|(line, _)| *line);
        let found = found.into_iter();
        let problem = |(line, reason)| Problem::at(Severity::Error, (line, 1), reason);
        found.map(problem).collect()
    }
}
