//! Groups of metrics in memory, changed by the rules of a Pushgateway.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::exposition::{
    FamilyError, LabelName, Labels, MetricFamilies, MetricFamily, MetricName, MetricType,
    MetricValue,
};
use crate::grouping::GroupingKey;
use crate::push::{Change, PUSH_FAILURE_TIME, PUSH_TIME};

/// A change that contradicts what other groups hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InconsistentError {
    /// A metric of one type here and of another elsewhere.
    #[error("metric {metric} is a {here} in group {key} and a {elsewhere} in another")]
    Type {
        /// The metric name.
        metric: String,
        /// The group that was to be changed.
        key: String,
        /// Its type there.
        here: MetricType,
        /// Its type elsewhere.
        elsewhere: MetricType,
    },
    /// A series that would be the same as another, once both have the labels of their groups.
    #[error("series {series} is there already")]
    Duplicate {
        /// Name and labels, with those of the group.
        series: String,
    },
    /// A metric with the name of a series of another.
    #[error("{0}")]
    Family(FamilyError),
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    families: MetricFamilies,
    pushed: Option<SystemTime>,
    failed: Option<SystemTime>,
}

impl Group {
    /// Its families, without those that the gateway adds.
    #[must_use]
    pub fn families(&self) -> &MetricFamilies {
        &self.families
    }

    /// When it was last changed.
    #[must_use]
    pub fn pushed(&self) -> Option<SystemTime> {
        self.pushed
    }

    /// When a change of it was last refused.
    #[must_use]
    pub fn failed(&self) -> Option<SystemTime> {
        self.failed
    }
}

/// Groups of metrics, changed by the rules of a Pushgateway.
///
/// ```
/// use std::time::SystemTime;
///
/// use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
/// use pushjob::grouping::GroupingKey;
/// use pushjob::push::Change;
/// use pushjob::sink::GroupStore;
///
/// let mut store = GroupStore::new();
/// let key = GroupingKey::new("etl")?;
/// let mut rows = MetricFamilies::new();
/// rows.insert(MetricFamily::gauge(MetricName::new("rows")?, 42.0))?;
/// store.apply(&key, Change::PushAdd(&rows), SystemTime::now())?;
/// assert!(store.page().get("rows").is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupStore {
    groups: BTreeMap<GroupingKey, Group>,
}

impl GroupStore {
    /// A store without groups.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The group of a key.
    #[must_use]
    pub fn get(&self, key: &GroupingKey) -> Option<&Group> {
        self.groups.get(key)
    }

    /// Carries out a change that arrived at the time `at`: a push replaces the group, a push-add
    /// replaces the families of the same names, whatever their labels, and a delete removes the
    /// group, also where there is none.
    ///
    /// # Errors
    ///
    /// [`InconsistentError`] when another group holds one of the metrics with another type, or the same series. The
    /// group then keeps what it had, and is made if there was none, to hold the time of the refusal.
    pub fn apply(
        &mut self,
        key: &GroupingKey,
        change: Change<'_>,
        at: SystemTime,
    ) -> Result<(), InconsistentError> {
        let held = self.groups.get(key).map(|group| &group.families);
        let before = held.cloned().unwrap_or_default();
        let new = change.families().cloned().unwrap_or_default();
        let Some(families) = change.method().apply(before, new) else {
            self.groups.remove(key);
            return Ok(());
        };
        let checked = self.check(key, &families);
        let group = self.groups.entry(key.clone()).or_default();
        if checked.is_ok() {
            group.families = families;
            group.pushed = Some(at);
        } else {
            group.failed = Some(at);
        }
        checked
    }

    /// Checks that these families can be those of the group, beside all other groups.
    fn check(&self, key: &GroupingKey, families: &MetricFamilies) -> Result<(), InconsistentError> {
        for family in families.iter() {
            self.check_series(key, family)?;
        }
        let others = self.groups.iter().filter(|(other, _)| *other != key);
        check_types(key, families, others.map(|(_, group)| &group.families))
    }

    /// Checks that the series of a family differ from each other and from those of the same name in
    /// all other groups.
    fn check_series(
        &self,
        key: &GroupingKey,
        family: &MetricFamily,
    ) -> Result<(), InconsistentError> {
        let name = family.name().as_str();
        let others = self.groups.iter().filter(|(other, _)| *other != key);
        let others = others.filter_map(|(other, group)| Some((other, group.families.get(name)?)));
        let mut seen = BTreeSet::new();
        for (key, family) in others.chain([(key, family)]) {
            for (labels, _) in family.metrics() {
                let labels = page_labels(key, labels);
                if seen.contains(&labels) {
                    let series = format!("{name}{labels}");
                    return Err(InconsistentError::Duplicate { series });
                }
                seen.insert(labels);
            }
        }
        Ok(())
    }

    /// All metrics as Prometheus would scrape them: with the labels of their groups, an empty
    /// `instance` where there is none, and the times of the last push and the last refusal of each
    /// group.
    #[must_use]
    pub fn page(&self) -> MetricFamilies {
        let mut page: BTreeMap<&str, MetricFamily> = BTreeMap::new();
        let own = |time: Option<SystemTime>| {
            let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            MetricValue::Gauge(since.unwrap_or_default().as_secs_f64())
        };
        for (key, group) in &self.groups {
            for family in group.families.iter() {
                let target = page.entry(family.name().as_str());
                let target = target.or_insert_with(|| without_series(family));
                for (labels, value) in family.metrics() {
                    add(target, page_labels(key, labels), value.clone());
                }
            }
            for (name, help, time) in [
                (PUSH_TIME, "When the group was last changed.", group.pushed),
                (
                    PUSH_FAILURE_TIME,
                    "When a change of the group was last refused, or 0.",
                    group.failed,
                ),
            ] {
                let Ok(metric) = MetricName::new(name) else {
                    continue;
                };
                let target = page.entry(name).or_insert_with(|| {
                    MetricFamily::new(metric, MetricType::Gauge).with_help(help)
                });
                add(target, page_labels(key, &Labels::none()), own(time));
            }
        }
        let mut families = MetricFamilies::new();
        for family in page.into_values() {
            families.replace(family);
        }
        families
    }
}

/// A family of the same name, type and help text without series.
pub(super) fn without_series(family: &MetricFamily) -> MetricFamily {
    let empty = MetricFamily::new(family.name().clone(), family.metric_type());
    match family.help() {
        Some(help) => empty.with_help(help),
        None => empty,
    }
}

/// Checks that families can be those of a group, beside what other groups hold: each of the type
/// that it has there, and no two with a series of the same name.
pub(super) fn check_types<'a>(
    key: &GroupingKey,
    families: &MetricFamilies,
    others: impl Iterator<Item = &'a MetricFamilies>,
) -> Result<(), InconsistentError> {
    let mut all = MetricFamilies::new();
    for family in others.flat_map(MetricFamilies::iter) {
        let skeleton = MetricFamily::new(family.name().clone(), family.metric_type());
        all.replace(skeleton);
    }
    for family in families.iter() {
        let name = family.name();
        match all.get(name.as_str()).map(MetricFamily::metric_type) {
            Some(elsewhere) if elsewhere == family.metric_type() => {}
            Some(elsewhere) => {
                return Err(InconsistentError::Type {
                    metric: name.to_string(),
                    key: key.to_string(),
                    here: family.metric_type(),
                    elsewhere,
                });
            }
            None => all
                .insert(MetricFamily::new(name.clone(), family.metric_type()))
                .map_err(InconsistentError::Family)?,
        }
    }
    Ok(())
}

/// Adds a series to a page; of two that the labels of the group have made equal, the first stays.
fn add(family: &mut MetricFamily, labels: Labels, value: MetricValue) {
    let _ = family.insert(labels, value);
}

/// The labels of a series with those of its group, which win.
fn page_labels(key: &GroupingKey, labels: &Labels) -> Labels {
    let own = labels.iter().map(|(name, value)| (name.as_str(), value));
    let mut seen = BTreeSet::new();
    let pairs = key
        .pairs()
        .chain(own)
        .chain([("instance", "")])
        .filter(|(name, _)| seen.insert(*name))
        .filter_map(|(name, value)| Some((LabelName::utf8(name).ok()?, value)));
    Labels::of_pairs(pairs).unwrap_or_default()
}
