//! Labels of a group on its series, for files and pages on which groups stand side by side.

use crate::exposition::{FamilyError, LabelName, Labels, MetricFamilies, MetricFamily};
use crate::grouping::GroupingKey;

/// Label for the job where no gateway stands between: Prometheus gives `job` to what it scrapes.
pub(crate) const JOB_NAME: &str = "job_name";

/// Beginning of the name that Prometheus gives a label whose own is taken.
const EXPORTED: &str = "exported_";

/// Families as they stand in a file or on a page of their own: each series has the labels of its
/// group, with `job` as `job_name`. A label that would be the same as one of these gets another
/// name, [as Prometheus would give it]: `exported_job_name`.
///
/// # Errors
///
/// [`FamilyError::ReservedLabel`] when a label of the group is one that the format itself uses in
/// one of the families.
///
/// [as Prometheus would give it]: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
pub(crate) fn with_group_labels(
    key: &GroupingKey,
    families: &MetricFamilies,
) -> Result<MetricFamilies, FamilyError> {
    let group = group_labels(key)?;
    let mut labelled = MetricFamilies::new();
    for family in families.iter() {
        let mut target = MetricFamily::new(family.name().clone(), family.metric_type());
        if let Some(help) = family.help() {
            target.set_help(help);
        }
        for (labels, value) in family.metrics() {
            let own = labels.iter().map(|(name, value)| (name.as_str(), value));
            target.insert(with_others(&group, own)?, value.clone())?;
        }
        labelled.insert(target)?;
    }
    Ok(labelled)
}

/// Labels that a group gives its series: those of the key, with `job` as `job_name`.
pub(crate) fn group_labels(key: &GroupingKey) -> Result<Labels, FamilyError> {
    let job = Labels::new(&[(JOB_NAME, key.job())])?;
    with_others(&job, key.pairs().filter(|(name, _)| *name != "job"))
}

/// Labels, and others under names that are free beside them.
fn with_others<'a>(
    labels: &Labels,
    others: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Labels, FamilyError> {
    let mut pairs: Vec<(LabelName, String)> = labels
        .iter()
        .map(|(name, value)| (name.clone(), value.to_owned()))
        .collect();
    // The names that are free as they are go first: nobody has to give way twice.
    let (taken, free): (Vec<_>, Vec<_>) = others.partition(|(name, _)| labels.get(name).is_some());
    for (name, value) in free {
        pairs.push((LabelName::utf8(name)?, value.to_owned()));
    }
    // No more than the labels of the group.
    for (name, value) in taken {
        let mut name = name.to_owned();
        while pairs.iter().any(|(known, _)| known.as_str() == name) {
            name.insert_str(0, EXPORTED);
        }
        pairs.push((LabelName::utf8(name)?, value.to_owned()));
    }
    Labels::from_pairs(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{encode, parse};

    #[test]
    fn series_get_the_labels_of_their_group_and_lose_none_of_their_own() {
        for (key, text, expected) in [
            (
                &[][..],
                "# HELP a A.\n# TYPE a counter\na 1\na{b=\"c\"} 2\n",
                "# HELP a A.\n# TYPE a counter\na{b=\"c\",job_name=\"etl\"} 2\na{job_name=\"etl\"} 1\n",
            ),
            (
                &[("instance", "i"), ("zone", "z")],
                "a{job_name=\"own\",zone=\"own\",exported_zone=\"x\"} 1\n",
                "# TYPE a untyped\na{exported_exported_zone=\"own\",exported_job_name=\"own\",exported_zone=\"x\",\
                 instance=\"i\",job_name=\"etl\",zone=\"z\"} 1\n",
            ),
            (
                &[("job_name", "of the key")],
                "a 1\n",
                "# TYPE a untyped\na{exported_job_name=\"of the key\",job_name=\"etl\"} 1\n",
            ),
            (
                &[],
                "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n",
                "# TYPE s summary\ns{job_name=\"etl\",quantile=\"0.5\"} 1\ns_sum{job_name=\"etl\"} 1\n\
                 s_count{job_name=\"etl\"} 1\n",
            ),
        ] {
            let key = key
                .iter()
                .try_fold(GroupingKey::new("etl").unwrap(), |key, (name, value)| {
                    key.with_label(*name, *value)
                })
                .unwrap();
            let families = parse(text.as_bytes()).unwrap();
            let relabelled = encode(&with_group_labels(&key, &families).unwrap());
            assert_eq!(relabelled, expected, "{key}: {text}");
        }
    }

    #[test]
    fn a_label_of_the_format_cannot_be_one_of_the_group() {
        let key = GroupingKey::new("etl").unwrap();
        let key = key.with_label("quantile", "1").unwrap();
        let families = parse(b"# TYPE s summary\ns_sum 1\ns_count 1\n").unwrap();
        assert_eq!(
            with_group_labels(&key, &families).unwrap_err().to_string(),
            "label `quantile` of summary s belongs to the format"
        );
    }
}
