use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::exposition::{
    CheckReport, CheckedSample, MetricFamilies, MetricFamily, MetricType, is_legacy, legacy_form,
};
use crate::grouping::GroupingKey;

use super::error::UnpushableError;

/// The metric in which a gateway keeps the time of the last push to a group.
pub const PUSH_TIME: &str = "push_time_seconds";

/// The metric in which a gateway keeps the time of the last push to a group that it refused.
pub const PUSH_FAILURE_TIME: &str = "push_failure_time_seconds";

/// Refuses what a gateway takes and then stores wrongly or is broken by.
pub(crate) fn check(key: &GroupingKey, families: &MetricFamilies) -> Result<(), UnpushableError> {
    check_names(families.iter().map(name_and_type))?;
    for family in families.iter() {
        let (metric, metric_type) = name_and_type(family);
        check_family(key, metric, metric_type)?;
        for (labels, _) in family.metrics() {
            check_labels(
                key,
                || {
                    labels
                        .iter()
                        .map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value)))
                },
                || format!("{metric}{labels}"),
            )?;
        }
    }
    Ok(())
}

fn name_and_type(family: &MetricFamily) -> (&str, MetricType) {
    (family.name().as_str(), family.metric_type())
}

/// Refuses a sample of a text for the same reasons.
pub(super) fn check_sample(
    key: &GroupingKey,
    sample: &CheckedSample<'_>,
) -> Result<(), UnpushableError> {
    check_family(key, sample.metric(), sample.metric_type())?;
    check_labels(key, || sample.labels(), || sample.series())
}

/// Refuses the families of a text for the same reasons, as far as their samples do not tell.
pub(super) fn check_families(checked: &CheckReport) -> Result<(), UnpushableError> {
    let families = checked.families.iter();
    let sampled = families.filter(|family| family.samples > 0);
    check_names(sampled.map(|family| (family.name.as_str(), family.metric_type)))
}

fn check_names<'a>(
    families: impl Iterator<Item = (&'a str, MetricType)>,
) -> Result<(), UnpushableError> {
    let families: Vec<_> = families.collect();
    if families.iter().all(|(name, _)| is_legacy(name)) {
        return Ok(());
    }
    let names: Vec<String> = families.into_iter().flat_map(series_names).collect();
    different_in_legacy(|| names.iter().map(|name| Cow::Borrowed(name.as_str())))
}

fn check_family(
    key: &GroupingKey,
    metric: &str,
    metric_type: MetricType,
) -> Result<(), UnpushableError> {
    if matches!(metric, PUSH_TIME | PUSH_FAILURE_TIME) {
        return Err(UnpushableError::ReservedMetric {
            metric: metric.to_owned(),
        });
    }
    match metric_type.reserved_label() {
        Some(label) if key.get(label).is_some() => Err(UnpushableError::FormatLabel {
            label,
            metric_type: metric_type.as_str(),
            metric: metric.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn check_labels<'a, I>(
    key: &GroupingKey,
    labels: impl Fn() -> I,
    series: impl FnOnce() -> String,
) -> Result<(), UnpushableError>
where
    I: Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
{
    let mut legacy = true;
    for (name, value) in labels() {
        if name == "instance" && value.is_empty() {
            return Err(UnpushableError::EmptyInstance { series: series() });
        }
        if key.get(&name).is_some() {
            let label = name.into_owned();
            return Err(UnpushableError::GroupingLabel {
                series: series(),
                label,
            });
        }
        legacy = legacy && is_legacy(&name);
    }
    if legacy && key.pairs().all(|(name, _)| is_legacy(name)) {
        return Ok(());
    }
    let own: Vec<String> = labels().map(|(name, _)| name.into_owned()).collect();
    different_in_legacy(|| {
        let own = own.iter().map(|name| Cow::Borrowed(name.as_str()));
        own.chain(key.pairs().map(|(name, _)| Cow::Borrowed(name)))
    })
}

/// The names that the series of a family have.
fn series_names((name, metric_type): (&str, MetricType)) -> impl Iterator<Item = String> {
    let suffixes = metric_type.suffixes().iter();
    std::iter::once(&"")
        .chain(suffixes)
        .map(move |suffix| format!("{name}{suffix}"))
}

/// Refuses names in UTF-8 that a gateway writes alike for scrapers of legacy names, with underscores for what those cannot
/// have.
fn different_in_legacy<'a, I>(names: impl Fn() -> I) -> Result<(), UnpushableError>
where
    I: Iterator<Item = Cow<'a, str>>,
{
    let mut seen: BTreeMap<String, Cow<'a, str>> = BTreeMap::new();
    for name in names() {
        let known = seen.insert(legacy_form(&name), name.clone());
        if let Some(other) = known.filter(|other| *other != name) {
            return Err(UnpushableError::SameLegacyName {
                one: other.into_owned(),
                other: name.into_owned(),
            });
        }
    }
    Ok(())
}
