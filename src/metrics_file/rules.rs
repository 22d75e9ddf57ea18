use std::collections::HashMap;

use crate::exposition::{Labels, MetricName, NameValidation, Series, legacy_form};

use super::draft::Draft;
use super::error::Fault;

/// What the metrics of a job must not be, because they go to the same group as those of its run. Defaults to nothing.
///
/// ```
/// use pushjob::metrics_file::Rules;
///
/// let rules = Rules::default()
///     .reserve_prefix("batch_job_")
///     .reserve_label("job")
///     .reserve_metric("push_time_seconds");
/// # drop(rules);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Rules {
    names: NameValidation,
    prefixes: Vec<String>,
    labels: Vec<String>,
    metrics: Vec<String>,
    most_series: Option<usize>,
}

/// The most series that are held, unless it is said.
const MOST_SERIES: usize = 1_000_000;

impl Rules {
    /// Takes names by this scheme. Defaults to legacy names.
    pub fn names(mut self, names: NameValidation) -> Self {
        self.names = names;
        self
    }

    /// Refuses metrics whose names begin with this: those of the run itself.
    pub fn reserve_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// Refuses series with this label, one of the grouping key; and histograms or summaries whose series have it.
    pub fn reserve_label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Refuses this metric, which the gateway itself sets.
    pub fn reserve_metric(mut self, metric: impl Into<String>) -> Self {
        self.metrics.push(metric.into());
        self
    }

    /// Takes no more series than this. Defaults to a million, of some 600 bytes each.
    pub fn most_series(mut self, most: usize) -> Self {
        self.most_series = Some(most);
        self
    }

    pub(super) fn series_limit(&self) -> usize {
        self.most_series.unwrap_or(MOST_SERIES)
    }

    /// Which names are taken.
    pub(super) fn scheme(&self) -> NameValidation {
        self.names
    }

    /// The labels of the grouping key.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(String::as_str)
    }

    /// Whether a sample or a family may have this name.
    pub(super) fn check_name(&self, name: &MetricName) -> Result<(), Fault> {
        let metric = name.as_str();
        // Who reads only legacy names cannot tell other names from those.
        let legacy = legacy_form(metric);
        let mut prefixes = self.prefixes.iter();
        if let Some(prefix) = prefixes.find(|prefix| legacy.starts_with(prefix.as_str())) {
            return Err(Fault::Prefix {
                metric: metric.to_owned(),
                prefix: prefix.clone(),
            });
        }
        if self.metrics.contains(&legacy) {
            return Err(Fault::ReservedMetric {
                metric: metric.to_owned(),
            });
        }
        Ok(())
    }

    /// Whether a family can have samples at all.
    pub(super) fn check_draft(&self, draft: &Draft) -> Result<(), Fault> {
        let Some(metric_type) = draft.metric_type() else {
            return Ok(());
        };
        let format = metric_type.reserved_label();
        match format.filter(|label| self.labels().any(|other| other == *label)) {
            Some(label) => Err(Fault::FormatLabel {
                label,
                metric_type,
                metric: draft.name().to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Whether there may be such a series.
    pub(super) fn check_labels(&self, series: &Series) -> Result<(), Fault> {
        let Series { name, labels } = series;
        let text = || format!("{name}{labels}");
        if let Some(label) = self.labels().find(|label| labels.get(label).is_some()) {
            return Err(Fault::GroupingLabel {
                series: text(),
                label: label.to_owned(),
            });
        }
        if labels.get("instance") == Some("") {
            return Err(Fault::EmptyInstance { series: text() });
        }
        match self.names {
            NameValidation::Legacy => Ok(()),
            NameValidation::Utf8 => self.check_legacy_names(labels),
        }
    }

    /// Whether who reads only legacy names can tell these labels from each other and from those of the grouping key.
    fn check_legacy_names(&self, labels: &Labels) -> Result<(), Fault> {
        let mut seen: HashMap<String, &str> = HashMap::new();
        let own = labels.iter().map(|(name, _)| name.as_str());
        for name in self.labels().chain(own) {
            if let Some(other) = seen.insert(legacy_form(name), name) {
                return Err(Fault::SameLegacyName {
                    one: other.to_owned(),
                    other: name.to_owned(),
                });
            }
        }
        Ok(())
    }
}
