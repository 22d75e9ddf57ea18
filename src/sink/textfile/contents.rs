//! The contents of a textfile: the groups in it, and the text for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::exposition::{
    Labels, MetricFamilies, MetricFamily, MetricName, NameValidation, Series, parse_names,
    series_owner, write_metadata, write_samples,
};
use crate::grouping::GroupingKey;
use crate::push::Change;
use crate::sink::InconsistentError;
use crate::sink::relabel::{group_labels, with_group_labels};
use crate::sink::store::{check_types, without_series};

/// The beginning of a line that names the group of the series that follow. To any other reader it
/// is a comment.
const MARK: &str = "# pushjob group ";

/// The word in the place of a group for series that no group has written.
const NO_GROUP: &str = "none";

/// The labels of a group, which all of its series have; None for series that no group has written.
type Owner = Option<Labels>;

/// The families in a textfile, by the groups that have written them.
///
/// The labels of a series do not always tell its group: one of `{job_name="a"}` may have a label of
/// its own that makes it look like one of `{job_name="a",zone="b"}`. So the file says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TextfileContents(BTreeMap<Owner, MetricFamilies>);

impl TextfileContents {
    /// Reads a file, or returns what is wrong with it. Series before any mark belong to no group.
    /// Bytes that are not UTF-8, which node exporter accepts in comments and help texts, become
    /// replacement characters.
    pub(super) fn of_text(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        // A newer version may have written names that this one would not.
        let families = parse_names(text.as_bytes(), NameValidation::Utf8)
            .map_err(|error| error.to_string())?;
        let owners = Owners::of_text(&text, &families);
        let mut groups = Self::default();
        for family in families {
            let mut parts: BTreeMap<&Owner, MetricFamily> = BTreeMap::new();
            for (labels, value) in family.metrics() {
                let owner = owners.of(family.name(), labels);
                let part = parts
                    .entry(owner)
                    .or_insert_with(|| without_series(&family));
                // It is of this type, and the text has it once.
                let _ = part.insert(labels.clone(), value.clone());
            }
            for (owner, part) in parts {
                groups.0.entry(owner.clone()).or_default().replace(part);
            }
        }
        Ok(groups)
    }

    /// The file: families by name, in each of them one group after the other.
    pub(super) fn to_text(&self) -> String {
        let families = || self.0.values().flat_map(MetricFamilies::iter);
        let names: BTreeSet<&MetricName> = families()
            .filter(|family| !family.is_empty())
            .map(MetricFamily::name)
            .collect();
        let mut out = String::new();
        let mut last = &None;
        for name in names {
            let own = self.0.iter().filter_map(|(owner, families)| {
                let family = families.get(name.as_str())?;
                (!family.is_empty()).then_some((owner, family))
            });
            let own: Vec<_> = own.collect();
            let described = own.iter().find(|(_, family)| family.help().is_some());
            let mut described = described.or(own.first()).map(|(_, family)| family);
            for (owner, family) in &own {
                if *owner != last {
                    let labels = owner.as_ref().map(Labels::to_string);
                    out.push_str(MARK);
                    out.push_str(labels.as_deref().unwrap_or(NO_GROUP));
                    out.push('\n');
                    last = owner;
                }
                if let Some(family) = described.take() {
                    write_metadata(&mut out, family);
                }
                write_samples(&mut out, family);
            }
        }
        out
    }

    /// Returns true when it holds no series.
    pub(super) fn is_empty(&self) -> bool {
        self.0
            .values()
            .flat_map(MetricFamilies::iter)
            .all(MetricFamily::is_empty)
    }

    /// The families of a group, if it has any there.
    pub(super) fn families_of(
        &self,
        key: &GroupingKey,
    ) -> Result<Option<&MetricFamilies>, InconsistentError> {
        Ok(self.0.get(&owner(key)?))
    }

    /// The contents after a change of a group. A series of no group becomes that of a group that
    /// writes it.
    pub(super) fn after(
        mut self,
        key: &GroupingKey,
        change: Change<'_>,
    ) -> Result<Self, InconsistentError> {
        let owner = owner(key)?;
        let before = self.0.remove(&owner).unwrap_or_default();
        let new = change.families().map(|new| with_group_labels(key, new));
        let new = new.transpose().map_err(InconsistentError::Family)?;
        let Some(families) = change.method().apply(before, new.unwrap_or_default()) else {
            return Ok(self);
        };
        if let Some(unowned) = self.0.get_mut(&None) {
            *unowned = without(unowned, &families);
        }
        self.check(key, &families)?;
        self.describe(&families);
        self.0.insert(owner, families);
        Ok(self)
    }

    /// Checks that these families can be those of a group, beside all others.
    fn check(&self, key: &GroupingKey, families: &MetricFamilies) -> Result<(), InconsistentError> {
        for family in families.iter() {
            let name = family.name().as_str();
            let others = self.0.values().filter_map(|others| others.get(name));
            let mut seen = BTreeSet::new();
            for (labels, _) in others.chain([family]).flat_map(MetricFamily::metrics) {
                // To Prometheus an empty label is none.
                if !seen.insert(not_empty(labels)) {
                    let series = format!("{name}{labels}");
                    return Err(InconsistentError::Duplicate { series });
                }
            }
        }
        check_types(key, families, self.0.values())
    }

    /// Gives all series of a name the help text that was written last.
    fn describe(&mut self, families: &MetricFamilies) {
        for family in families.iter() {
            let Some(help) = family.help() else {
                continue;
            };
            for others in self.0.values_mut() {
                if let Some(mut other) = others.remove(family.name()) {
                    other.set_help(help);
                    others.replace(other);
                }
            }
        }
    }
}

fn owner(key: &GroupingKey) -> Result<Owner, InconsistentError> {
    group_labels(key)
        .map(Some)
        .map_err(InconsistentError::Family)
}

/// Families without the series that others have, and without those of which nothing is left.
fn without(families: &MetricFamilies, others: &MetricFamilies) -> MetricFamilies {
    let mut left = MetricFamilies::new();
    for family in families.iter() {
        let other = others.get(family.name().as_str());
        let is_taken = |labels| other.is_some_and(|other| other.get(labels).is_some());
        let mut kept = without_series(family);
        for (labels, value) in family.metrics().filter(|(labels, _)| !is_taken(labels)) {
            let _ = kept.insert(labels.clone(), value.clone());
        }
        if !kept.is_empty() {
            left.replace(kept);
        }
    }
    left
}

/// The labels of a series that are not empty.
fn not_empty(labels: &Labels) -> Vec<(&str, &str)> {
    labels
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The groups of the series of a text.
#[derive(Default)]
struct Owners {
    groups: Vec<Owner>,
    /// The number of the group of each series that has one, by the name of the family and the
    /// labels.
    of_series: HashMap<(MetricName, Labels), usize>,
}

impl Owners {
    fn of_text(text: &str, families: &MetricFamilies) -> Self {
        let mut owners = Self {
            groups: vec![None],
            of_series: HashMap::new(),
        };
        for line in text.lines() {
            if let Some(labels) = line.strip_prefix(MARK) {
                owners.groups.push(marked_owner(labels));
            } else if owners.groups.len() > 1 {
                let series = series_of(families, line);
                let owner = owners.groups.len() - 1;
                owners
                    .of_series
                    .extend(series.map(|series| (series, owner)));
            }
        }
        owners
    }

    fn of(&self, family: &MetricName, labels: &Labels) -> &Owner {
        // A clone of labels costs nothing, and one of a short name little.
        let number = self.of_series.get(&(family.clone(), labels.clone()));
        &self.groups[number.copied().unwrap_or_default()]
    }
}

/// The labels of a mark. One that cannot be read, because a person has written it, names no group.
fn marked_owner(labels: &str) -> Owner {
    let series = format!("x{labels}");
    match Series::parse_prefix_names(&series, NameValidation::Utf8) {
        Ok((Series { name, labels }, "")) if name.as_str() == "x" => Some(labels),
        _ => None,
    }
}

/// The series of a line: the name of its family, and its labels. A histogram or summary is found by
/// its sum, which has no labels of the format's own.
fn series_of(families: &MetricFamilies, line: &str) -> Option<(MetricName, Labels)> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (series, _) = Series::parse_prefix_names(line, NameValidation::Utf8).ok()?;
    let type_of = |name: &str| families.get(name).map(MetricFamily::metric_type);
    let owned = series_owner(series.name.as_str(), type_of);
    let family = match owned {
        Some((name, _)) => families.get(name)?.name().clone(),
        None => series.name,
    };
    Some((family, series.labels))
}
