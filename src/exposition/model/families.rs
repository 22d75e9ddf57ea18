//! Sets of metric families.

use std::collections::BTreeMap;

use super::error::FamilyError;
use super::family::MetricFamily;
use super::metric_type::{MetricType, owner};
use super::names::MetricName;

/// Error of a new family that would have a series with the name of another family, or the name of a
/// series of another.
pub(crate) fn suffix_collision(
    name: &str,
    metric_type: MetricType,
    type_of: impl Fn(&str) -> Option<MetricType>,
) -> Option<FamilyError> {
    let mut series = metric_type
        .suffixes()
        .iter()
        .map(|suffix| format!("{name}{suffix}"));
    let below = series.find(|series| type_of(series).is_some());
    let (metric, owner) = match below {
        Some(series) => (series, name),
        None => (name.to_owned(), owner(name, type_of)?.0),
    };
    Some(FamilyError::SuffixCollision {
        metric,
        owner: owner.to_owned(),
    })
}

/// A set of metric families, sorted by name, in which no two get in each other's way: what one push
/// or one scrape may hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricFamilies(BTreeMap<MetricName, MetricFamily>);

impl MetricFamilies {
    /// No families.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a family.
    ///
    /// # Errors
    ///
    /// [`FamilyError::DuplicateFamily`] when there is one of that name, [`FamilyError::SuffixCollision`] when a series
    /// of a histogram or summary would have the name of another family (`latency_count` beside a
    /// histogram `latency`).
    pub fn insert(&mut self, family: MetricFamily) -> Result<(), FamilyError> {
        let name = family.name().as_str();
        if self.0.contains_key(family.name()) {
            return Err(FamilyError::DuplicateFamily {
                metric: name.to_owned(),
            });
        }
        let type_of = |name: &str| Some(self.get(name)?.metric_type());
        if let Some(collision) = suffix_collision(name, family.metric_type(), type_of) {
            return Err(collision);
        }
        self.0.insert(family.name().clone(), family);
        Ok(())
    }

    /// The family of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&MetricFamily> {
        self.0.get(name)
    }

    /// Puts a family in the place of any that has its name, without the check for colliding series
    /// names.
    pub(crate) fn replace(&mut self, family: MetricFamily) {
        self.0.insert(family.name().clone(), family);
    }

    /// Takes a family away, and gives it back.
    pub(crate) fn remove(&mut self, name: &MetricName) -> Option<MetricFamily> {
        self.0.remove(name)
    }

    /// Takes away the families that are not to be kept.
    #[cfg(target_os = "linux")]
    pub(crate) fn retain(&mut self, keep: impl Fn(&MetricFamily) -> bool) {
        self.0.retain(|_, family| keep(family));
    }

    /// The families, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &MetricFamily> {
        self.0.values()
    }

    /// How many families there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no family.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for MetricFamilies {
    type Item = MetricFamily;
    type IntoIter = std::collections::btree_map::IntoValues<MetricName, MetricFamily>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values()
    }
}
