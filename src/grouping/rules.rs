//! Rules for the metrics of a group: what a Pushgateway refuses, stores wrongly, or is broken by
//! for everyone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::exposition::{
    self, CheckReport, CheckedSample, Labels, MetricFamilies, MetricFamily, MetricType, is_legacy,
    legacy_chars, legacy_form,
};

use super::key::GroupingKey;

/// Metric in which a gateway keeps the time of the last push to a group.
pub const PUSH_TIME: &str = exposition::PUSH_TIME;

/// Metric in which a gateway keeps the time of the last push to a group that it refused.
pub const PUSH_FAILURE_TIME: &str = exposition::PUSH_FAILURE_TIME;

/// Metrics that a gateway would store wrongly, or that would break it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpushableError {
    /// A grouping label that the format itself puts on series of this type: every later scrape
    /// would fail.
    #[error(
        "grouping label `{label}` cannot be used with {metric_type} {metric}, whose series have that label"
    )]
    FormatLabel {
        /// `le` or `quantile`.
        label: &'static str,
        /// `histogram` or `summary`.
        metric_type: MetricType,
        /// The metric name.
        metric: String,
    },
    /// A text that could be checked, but not read once more.
    #[error("cannot read the text: {reason}")]
    Text {
        /// Why.
        reason: String,
    },
    /// A series with a label that the gateway would overwrite in silence.
    #[error("series {series} has the label `{label}`, which the grouping key sets")]
    GroupingLabel {
        /// Name and labels.
        series: String,
        /// The label.
        label: String,
    },
    /// An empty `instance`, which a gateway cannot tell from none.
    #[error("series {series} has an empty label `instance`, which a gateway adds by itself")]
    EmptyInstance {
        /// Name and labels.
        series: String,
    },
    /// Two names that become one for scrapers without UTF-8 names, which get underscores for what
    /// those cannot hold.
    #[error("`{one}` and `{other}` become the same name where UTF-8 names are not supported")]
    SameLegacyName {
        /// One of them, of a metric, or of a label in the same series.
        one: String,
        /// The other.
        other: String,
    },
    /// A metric that the gateway itself sets.
    #[error("metric {metric} is set by the gateway itself")]
    ReservedMetric {
        /// The metric name.
        metric: String,
    },
    /// A name that could be one of the run's own.
    #[error("metric {metric} begins with `{prefix}`, as the metrics of the run itself do")]
    ReservedPrefix {
        /// The metric name.
        metric: String,
        /// Beginning of the names of the run's own metrics.
        prefix: String,
    },
}

/// Rules that the metrics of one group keep. They hold for every group: metrics that the gateway
/// sets itself, the label `job`, an empty `instance` and names that become the same legacy name are
/// refused. With the key of the group, so are its other labels.
///
/// ```
/// use pushjob::exposition::parse;
/// use pushjob::grouping::{GroupRules, GroupingKey};
///
/// let key = GroupingKey::new("backup")?.with_label("env", "prod")?;
/// let refused = GroupRules::of(&key).check(&parse(b"rows{env=\"test\"} 1\n")?);
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "series rows{env=\"test\"} has the label `env`, which the grouping key sets"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct GroupRules {
    /// Labels of the grouping key.
    labels: Vec<String>,
    prefixes: Vec<String>,
}

/// Rules of a group of which only the label `job` is known.
impl Default for GroupRules {
    fn default() -> Self {
        Self {
            labels: vec!["job".to_owned()],
            prefixes: Vec::new(),
        }
    }
}

impl GroupRules {
    /// Rules of the group of this key.
    pub fn of(key: &GroupingKey) -> Self {
        Self {
            labels: key.pairs().map(|(name, _)| name.to_owned()).collect(),
            prefixes: Vec::new(),
        }
    }

    /// Refuses metrics whose names begin with this, also as legacy names: those of a run, beside
    /// which others go to its group.
    pub fn reserve_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// Checks all metrics of a push.
    ///
    /// # Errors
    ///
    /// [`UnpushableError`] for the first that breaks a rule.
    pub fn check(&self, families: &MetricFamilies) -> Result<(), UnpushableError> {
        check_names(families.iter().map(name_and_type))?;
        for family in families.iter() {
            let (metric, metric_type) = name_and_type(family);
            self.check_metric(metric)?;
            self.check_type(metric, metric_type)?;
            for (labels, _) in family.metrics() {
                self.check_labels(metric, labels)?;
            }
        }
        Ok(())
    }

    /// Checks one sample of a text for the same.
    pub(crate) fn check_sample(&self, sample: &CheckedSample<'_>) -> Result<(), UnpushableError> {
        self.check_metric(sample.metric())?;
        self.check_type(sample.metric(), sample.metric_type())?;
        self.check_pairs(|| sample.labels(), || sample.series())
    }

    /// Checks the name of a metric or of a series.
    pub(crate) fn check_metric(&self, metric: &str) -> Result<(), UnpushableError> {
        let starts_with = |prefix: &&String| {
            let mut name = legacy_chars(metric);
            prefix.chars().all(|c| name.next() == Some(c))
        };
        if let Some(prefix) = self.prefixes.iter().find(starts_with) {
            return Err(UnpushableError::ReservedPrefix {
                metric: metric.to_owned(),
                prefix: prefix.clone(),
            });
        }
        let mut own = [PUSH_TIME, PUSH_FAILURE_TIME].into_iter();
        match own.find(|own| legacy_chars(metric).eq(own.chars())) {
            None => Ok(()),
            Some(own) if own == metric => Err(UnpushableError::ReservedMetric {
                metric: metric.to_owned(),
            }),
            Some(own) => Err(UnpushableError::SameLegacyName {
                one: metric.to_owned(),
                other: own.to_owned(),
            }),
        }
    }

    /// Checks that a metric can have this type beside the labels of the group.
    pub(crate) fn check_type(
        &self,
        metric: &str,
        metric_type: MetricType,
    ) -> Result<(), UnpushableError> {
        match metric_type.reserved_label() {
            Some(label) if self.has_label(label) => Err(UnpushableError::FormatLabel {
                label,
                metric_type,
                metric: metric.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks the labels of one series.
    pub(crate) fn check_labels(&self, name: &str, labels: &Labels) -> Result<(), UnpushableError> {
        let pairs = || {
            let pairs = labels.iter();
            pairs.map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value)))
        };
        self.check_pairs(pairs, || format!("{name}{labels}"))
    }

    fn check_pairs<'a, I>(
        &self,
        labels: impl Fn() -> I,
        series: impl FnOnce() -> String,
    ) -> Result<(), UnpushableError>
    where
        I: Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    {
        let mut is_all_legacy = true;
        for (name, value) in labels() {
            if name == "instance" && value.is_empty() {
                return Err(UnpushableError::EmptyInstance { series: series() });
            }
            if self.has_label(&name) {
                return Err(UnpushableError::GroupingLabel {
                    series: series(),
                    label: name.into_owned(),
                });
            }
            is_all_legacy = is_all_legacy && is_legacy(&name);
        }
        if is_all_legacy && self.labels.iter().all(|label| is_legacy(label)) {
            return Ok(());
        }
        let mut names = LegacyNames::default();
        labels().try_for_each(|(name, _)| names.add(&name))?;
        self.labels.iter().try_for_each(|label| names.add(label))
    }

    fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label == name)
    }
}

/// Checks the names of the families of a text, which its samples one by one do not tell.
pub(crate) fn check_families(checked: &CheckReport) -> Result<(), UnpushableError> {
    let families = checked.families.iter();
    let sampled = families.filter(|family| family.samples > 0);
    check_names(sampled.map(|family| (family.name.as_str(), family.metric_type)))
}

/// Checks that names differ also as legacy names.
fn check_names<'a>(
    families: impl Iterator<Item = (&'a str, MetricType)>,
) -> Result<(), UnpushableError> {
    let families: Vec<_> = families.collect();
    if families.iter().all(|(name, _)| is_legacy(name)) {
        return Ok(());
    }
    let mut names = LegacyNames::default();
    for (name, metric_type) in families {
        names.add(name)?;
        for suffix in metric_type.suffixes() {
            names.add(&format!("{name}{suffix}"))?;
        }
    }
    Ok(())
}

fn name_and_type(family: &MetricFamily) -> (&str, MetricType) {
    (family.name().as_str(), family.metric_type())
}

/// Names by the legacy names that a gateway writes for scrapers without UTF-8 names.
#[derive(Clone, Debug, Default)]
pub(crate) struct LegacyNames(BTreeMap<String, String>);

impl LegacyNames {
    /// Adds a name, unless it becomes the same legacy name as another.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), UnpushableError> {
        match self.0.entry(legacy_form(name)) {
            Entry::Vacant(place) => {
                place.insert(name.to_owned());
                Ok(())
            }
            Entry::Occupied(known) if known.get() == name => Ok(()),
            Entry::Occupied(known) => Err(UnpushableError::SameLegacyName {
                one: known.get().clone(),
                other: name.to_owned(),
            }),
        }
    }
}
