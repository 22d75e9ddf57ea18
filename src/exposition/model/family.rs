//! Metric families.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::FamilyError;
use super::labels::Labels;
use super::metric_type::MetricType;
use super::names::MetricName;
use super::series::{LabelList, SeriesSet, WrittenLabels};
use super::value::MetricValue;

/// All series of one metric name, with its type and help text.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricFamily {
    name: MetricName,
    metric_type: MetricType,
    help: Option<String>,
    metrics: SeriesSet,
}

impl MetricFamily {
    /// A family without series or help text.
    #[must_use]
    pub fn new(name: MetricName, metric_type: MetricType) -> Self {
        Self {
            name,
            metric_type,
            help: None,
            metrics: SeriesSet::default(),
        }
    }

    /// A family as it stands in a text that has been checked.
    pub(in crate::exposition) fn unchecked(
        name: MetricName,
        metric_type: MetricType,
        help: Option<String>,
        metrics: BTreeMap<Labels, MetricValue>,
    ) -> Self {
        Self {
            name,
            metric_type,
            help,
            metrics: SeriesSet::from_map(metrics),
        }
    }

    /// The same family with these series in the place of any that it has: none with labels of the
    /// format's own, with as many values of this type.
    pub(crate) fn with_listed(mut self, labels: Arc<LabelList>, values: Vec<MetricValue>) -> Self {
        self.metrics = SeriesSet::listed(labels, values);
        self
    }

    /// A gauge of one series without labels.
    #[must_use]
    pub fn gauge(name: MetricName, value: f64) -> Self {
        let metrics = BTreeMap::from([(Labels::none(), MetricValue::Gauge(value))]);
        Self::unchecked(name, MetricType::Gauge, None, metrics)
    }

    /// The same family with a help text.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.set_help(help);
        self
    }

    /// Gives it a help text, in the place of any that it has.
    pub fn set_help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }

    /// Adds a series.
    ///
    /// # Errors
    ///
    /// [`FamilyError::WrongType`] when the value is of another type than the family, [`FamilyError::ReservedLabel`]
    /// for a label `le` in a histogram or `quantile` in a summary, [`FamilyError::DuplicateSeries`]
    /// when there is one with the same labels.
    pub fn insert(&mut self, labels: Labels, value: MetricValue) -> Result<(), FamilyError> {
        if value.metric_type() != self.metric_type {
            return Err(FamilyError::WrongType {
                metric: self.name.to_string(),
                declared: self.metric_type,
                found: value.metric_type(),
            });
        }
        if let Some(label) = self.metric_type.reserved_label() {
            if labels.get(label).is_some() {
                return Err(FamilyError::ReservedLabel {
                    metric: self.name.to_string(),
                    label,
                    metric_type: self.metric_type,
                });
            }
        }
        let known = self.metrics.insert(labels, value);
        known.map_err(|labels| FamilyError::DuplicateSeries {
            series: format!("{}{labels}", self.name),
        })
    }

    /// Adds a series of a counter, a gauge or an untyped metric, with labels as text.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), [`FamilyError::WrongType`] for a histogram or summary, and
    /// those of [`Labels::new`].
    ///
    /// ```
    /// use pushjob::exposition::{FamilyError, MetricFamily, MetricName, MetricType};
    ///
    /// let mut length = MetricFamily::new(MetricName::new("queue_length")?, MetricType::Gauge);
    /// length.add(&[("queue", "mail")], 3.0)?;
    /// length.add(&[("queue", "print")], 0.0)?;
    /// # Ok::<(), FamilyError>(())
    /// ```
    pub fn add(&mut self, labels: &[(&str, &str)], value: f64) -> Result<(), FamilyError> {
        let value = match self.metric_type {
            MetricType::Counter => MetricValue::Counter(value),
            MetricType::Gauge => MetricValue::Gauge(value),
            MetricType::Histogram | MetricType::Summary | MetricType::Untyped => {
                MetricValue::Untyped(value)
            }
        };
        self.insert(Labels::new(labels)?, value)
    }

    /// Puts the value that comes after the one a series has had in its place. It must be of the
    /// type of the family, and the labels none of the format's own.
    #[cfg(target_os = "linux")]
    pub(crate) fn update(
        &mut self,
        labels: Labels,
        next: impl FnOnce(Option<&MetricValue>) -> MetricValue,
    ) {
        self.metrics.update(labels, next);
    }

    /// The value of a series.
    #[cfg(target_os = "linux")]
    pub(crate) fn get(&self, labels: &Labels) -> Option<&MetricValue> {
        self.metrics.get(labels)
    }

    /// How many series it has.
    #[cfg(target_os = "linux")]
    pub(crate) fn len(&self) -> usize {
        self.metrics.len()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &MetricName {
        &self.name
    }

    /// Its type.
    #[must_use]
    pub fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// Its help text.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Its series, sorted by their labels.
    pub fn metrics(&self) -> impl Iterator<Item = (&Labels, &MetricValue)> {
        self.metrics.iter()
    }

    /// The same, with how the labels are written.
    pub(in crate::exposition) fn written(
        &self,
    ) -> impl Iterator<Item = (WrittenLabels<'_>, &MetricValue)> {
        self.metrics.written()
    }

    /// Whether it has no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.metrics.len() == 0
    }
}
