use std::collections::BTreeMap;

use crate::exposition::{MetricFamilies, MetricFamily, is_legacy, legacy_form};
use crate::grouping::GroupingKey;

use super::error::UnpushableError;

/// The metric in which a gateway keeps the time of the last push to a group.
pub const PUSH_TIME: &str = "push_time_seconds";

/// The metric in which a gateway keeps the time of the last push to a group that it refused.
pub const PUSH_FAILURE_TIME: &str = "push_failure_time_seconds";

/// Refuses what a gateway takes and then stores wrongly or is broken by.
pub(crate) fn check(key: &GroupingKey, families: &MetricFamilies) -> Result<(), UnpushableError> {
    if !families
        .iter()
        .all(|family| is_legacy(family.name().as_str()))
    {
        let names: Vec<String> = families.iter().flat_map(series_names).collect();
        different_in_legacy(|| names.iter().map(String::as_str))?;
    }
    for family in families.iter() {
        let metric = family.name().as_str();
        if matches!(metric, PUSH_TIME | PUSH_FAILURE_TIME) {
            return Err(UnpushableError::ReservedMetric {
                metric: metric.to_owned(),
            });
        }
        if let Some(label) = family.metric_type().reserved_label() {
            if key.get(label).is_some() {
                return Err(UnpushableError::FormatLabel {
                    label,
                    metric_type: family.metric_type().as_str(),
                    metric: metric.to_owned(),
                });
            }
        }
        for (labels, _) in family.metrics() {
            if labels.get("instance") == Some("") {
                return Err(UnpushableError::EmptyInstance {
                    series: format!("{metric}{labels}"),
                });
            }
            different_in_legacy(|| {
                let own = labels.iter().map(|(name, _)| name.as_str());
                own.chain(key.pairs().map(|(name, _)| name))
            })?;
            if let Some((label, _)) = key.pairs().find(|(name, _)| labels.get(name).is_some()) {
                return Err(UnpushableError::GroupingLabel {
                    series: format!("{metric}{labels}"),
                    label: label.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// The names that the series of a family have.
fn series_names(family: &MetricFamily) -> impl Iterator<Item = String> {
    let name = family.name().as_str();
    let suffixes = family.metric_type().suffixes().iter();
    std::iter::once(&"")
        .chain(suffixes)
        .map(move |suffix| format!("{name}{suffix}"))
}

/// Refuses names in UTF-8 that a gateway writes alike for scrapers of legacy names, with underscores for what those cannot
/// have.
fn different_in_legacy<'a, I>(names: impl Fn() -> I) -> Result<(), UnpushableError>
where
    I: Iterator<Item = &'a str>,
{
    if names().all(is_legacy) {
        return Ok(());
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names() {
        if let Some(other) = seen
            .insert(legacy_form(name), name)
            .filter(|other| *other != name)
        {
            return Err(UnpushableError::SameLegacyName {
                one: other.to_owned(),
                other: name.to_owned(),
            });
        }
    }
    Ok(())
}
