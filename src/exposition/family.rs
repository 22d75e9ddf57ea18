use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::encode::Written;
use super::error::FamilyError;
use super::labels::Labels;
use super::names::MetricName;
use super::series::{LabelList, SeriesSet};
use super::value::MetricValue;

/// The type of a metric family, as its TYPE line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution counted in buckets.
    Histogram,
    /// A distribution given by quantiles.
    Summary,
    /// Not declared.
    Untyped,
}

impl MetricType {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::Summary,
        Self::Untyped,
    ];

    /// The word for it in a TYPE line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    /// The label that the format itself puts on series of this type, so that none of theirs may have its name.
    #[must_use]
    pub fn reserved_label(self) -> Option<&'static str> {
        match self {
            Self::Histogram => Some("le"),
            Self::Summary => Some("quantile"),
            Self::Counter | Self::Gauge | Self::Untyped => None,
        }
    }

    /// The endings that the names of its series have besides the bare name.
    pub(crate) fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["_sum", "_count"],
            Self::Counter | Self::Gauge | Self::Untyped => &[],
        }
    }
}

/// The name of the histogram or summary that a series of this name belongs to, and the ending it has there. The types of
/// families come from `type_of`.
pub(crate) fn owner(
    series: &str,
    type_of: impl Fn(&str) -> Option<MetricType>,
) -> Option<(&str, &'static str)> {
    // A histogram has all the endings there are.
    MetricType::Histogram.suffixes().iter().find_map(|suffix| {
        let base = series.strip_suffix(suffix)?;
        let suffixes = type_of(base)?.suffixes();
        suffixes.contains(suffix).then_some((base, *suffix))
    })
}

/// Error of a new family that would have a series with the name of another family, or the name of a series of another.
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

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl MetricValue {
    /// The type this value belongs to.
    #[must_use]
    pub fn metric_type(&self) -> MetricType {
        match self {
            Self::Counter(_) => MetricType::Counter,
            Self::Gauge(_) => MetricType::Gauge,
            Self::Histogram(_) => MetricType::Histogram,
            Self::Summary(_) => MetricType::Summary,
            Self::Untyped(_) => MetricType::Untyped,
        }
    }
}

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
    pub(super) fn unchecked(
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

    /// The same family with these series in the place of any that it has: none with labels of the format's own, with as many
    /// values of this type.
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
    /// for a label `le` in a histogram or `quantile` in a summary, [`FamilyError::DuplicateSeries`] when there is one
    /// with the same labels.
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
    /// As [`insert`](Self::insert), [`FamilyError::WrongType`] for a histogram or summary, and those of [`Labels::new`].
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

    /// Puts the value that comes after the one a series has had in its place. It must be of the type of the family, and the
    /// labels none of the format's own.
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
    pub(super) fn written(&self) -> impl Iterator<Item = (Written<'_>, &MetricValue)> {
        self.metrics.written()
    }

    /// Whether it has no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.metrics.len() == 0
    }
}

/// A set of metric families, sorted by name, in which no two get in each other's way: what one push or one scrape
/// may hold.
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
    /// of a histogram or summary would have the name of another family (`latency_count` beside a histogram `latency`).
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

    /// Puts a family in the place of any that has its name, without the check for colliding series names.
    pub(crate) fn replace(&mut self, family: MetricFamily) {
        self.0.insert(family.name().clone(), family);
    }

    /// Takes a family away, and gives it back.
    pub(crate) fn remove(&mut self, name: &MetricName) -> Option<MetricFamily> {
        self.0.remove(name)
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
