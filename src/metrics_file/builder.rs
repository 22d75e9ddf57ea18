//! One metric family, built from lines that come in any order.

use std::collections::HashMap;

use crate::exposition::{
    DistributionBuilder, DistributionError, FamilyError, Labels, MetricFamily, MetricName,
    MetricType, MetricValue, SampleRole, Series, exact_count, format_float, parse_float,
};

use super::append::Operation;
use super::contents::Contents;
use super::error::{BadLine, MetricsLineError};

/// A family of which more lines may come.
pub(super) struct FamilyBuilder {
    /// With its series of one sample each.
    family: MetricFamily,
    /// True once there has been a TYPE line.
    is_declared: bool,
    /// Series of histograms and summaries, by the labels that are not the format's own; with the
    /// line of the first sample.
    distributions: HashMap<Labels, (usize, DistributionBuilder)>,
}

/// A sample, and how it changes the value of its series.
pub(super) struct SeriesUpdate<'a> {
    pub(super) series: Series,
    pub(super) value: f64,
    /// The value as it stands in the line.
    pub(super) text: &'a str,
    pub(super) operation: Operation,
    pub(super) line: usize,
}

impl FamilyBuilder {
    pub(super) fn new(name: MetricName) -> Self {
        Self {
            family: MetricFamily::new(name, MetricType::Untyped),
            is_declared: false,
            distributions: HashMap::new(),
        }
    }

    pub(super) fn name(&self) -> &MetricName {
        self.family.name()
    }

    /// Its type, if it is more than a help text.
    pub(super) fn metric_type(&self) -> Option<MetricType> {
        let is_known = self.is_declared || !self.family.is_empty();
        is_known.then(|| self.family.metric_type())
    }

    /// Number of its series.
    pub(super) fn len(&self) -> usize {
        self.family.len() + self.distributions.len()
    }

    /// Returns true when it has a series of one sample with these labels.
    pub(super) fn has(&self, labels: &Labels) -> bool {
        self.family.get(labels).is_some()
    }

    /// Gives it a type before it has a sample, or says why it cannot have this one.
    pub(super) fn declare(&mut self, metric_type: MetricType) -> Result<(), MetricsLineError> {
        let metric = || self.name().to_string();
        match self.metric_type() {
            Some(before) if before == metric_type => return Ok(()),
            Some(_) if !self.is_declared => {
                return Err(MetricsLineError::TypeAfterSample { metric: metric() });
            }
            Some(before) => {
                return Err(MetricsLineError::OtherType {
                    metric: metric(),
                    before,
                    found: metric_type,
                });
            }
            None => {}
        }
        let mut family = MetricFamily::new(self.name().clone(), metric_type);
        if let Some(help) = self.family.help() {
            family.set_help(help);
        }
        self.family = family;
        self.is_declared = true;
        Ok(())
    }

    pub(super) fn set_help(&mut self, help: String) {
        self.family.set_help(help);
    }

    pub(super) fn update(
        &mut self,
        role: SampleRole,
        update: SeriesUpdate<'_>,
    ) -> Result<(), MetricsLineError> {
        let SeriesUpdate {
            operation, value, ..
        } = update;
        let falls = operation == Operation::Add && (value < 0.0 || value.is_nan());
        let typed = match self.family.metric_type() {
            MetricType::Histogram | MetricType::Summary => {
                return self.update_distribution(role, update);
            }
            MetricType::Counter if falls => {
                return Err(MetricsLineError::CounterFalls {
                    metric: self.name().to_string(),
                    number: value,
                });
            }
            MetricType::Counter => MetricValue::Counter,
            MetricType::Gauge => MetricValue::Gauge,
            MetricType::Untyped => MetricValue::Untyped,
        };
        self.family.update(update.series.labels, |before| {
            typed(operation.apply(before.and_then(number), value))
        });
        Ok(())
    }

    fn update_distribution(
        &mut self,
        role: SampleRole,
        update: SeriesUpdate<'_>,
    ) -> Result<(), MetricsLineError> {
        let is_histogram = self.family.metric_type() == MetricType::Histogram;
        if is_histogram && role == SampleRole::Entry && update.series.name == *self.name() {
            return Err(MetricsLineError::BareHistogram {
                metric: self.name().to_string(),
            });
        }
        let is_count = role == SampleRole::Count || (is_histogram && role == SampleRole::Entry);
        if is_count && exact_count(update.value).is_none() {
            return Err(MetricsLineError::NotACount {
                found: update.text.to_owned(),
            });
        }
        let (labels, bound) = self.split_bound(role, update.series)?;
        let after = |before| update.operation.apply(before, update.value);
        let distribution = self.distributions.entry(labels);
        let (_, distribution) =
            distribution.or_insert_with(|| (update.line, DistributionBuilder::default()));
        match bound {
            Some(bound) => distribution.update_entry(bound, after),
            None if role == SampleRole::Sum => distribution.sum = Some(after(distribution.sum)),
            None => distribution.count = Some(after(distribution.count)),
        }
        Ok(())
    }

    /// Splits the labels of a sample of a histogram or summary into those of its series and the
    /// bound or quantile, which an entry must have, and the others must not.
    fn split_bound(
        &self,
        role: SampleRole,
        series: Series,
    ) -> Result<(Labels, Option<f64>), MetricsLineError> {
        let metric_type = self.family.metric_type();
        let Some(label) = metric_type.reserved_label() else {
            return Ok((series.labels, None));
        };
        let (labels, bound) = series.labels.split_off(label);
        match (role, bound) {
            (SampleRole::Entry, Some(text)) => {
                let bound = parse_float(&text).filter(|bound| !bound.is_nan());
                let bound = bound.ok_or(MetricsLineError::NotABound { found: text })?;
                Ok((labels, Some(bound)))
            }
            (SampleRole::Entry, None) => Err(MetricsLineError::MissingBound {
                series: format!("{}{labels}", series.name),
                label,
                metric_type,
            }),
            (_, Some(_)) => Err(MetricsLineError::Family(FamilyError::ReservedLabel {
                metric: self.name().to_string(),
                label,
                metric_type,
            })),
            (_, None) => Ok((labels, None)),
        }
    }

    /// Adds the family to the contents, without those of its series that contradict themselves.
    pub(super) fn finish(self, contents: &mut Contents) {
        let mut family = self.family;
        let metric_type = family.metric_type();
        let mut distributions: Vec<_> = self.distributions.into_iter().collect();
        distributions.sort_by_key(|(_, (line, _))| *line);
        for (labels, (line, distribution)) in distributions {
            match distribution.build(metric_type) {
                Ok(value) => family.update(labels, |_| value),
                Err(error) => {
                    let error = wrong_distribution(family.name(), &labels, error);
                    contents.note(BadLine::new(line, 1, error));
                }
            }
        }
        // That it collides with no other has been checked when it was begun.
        if !family.is_empty() {
            contents.families.replace(family);
        }
    }
}

fn wrong_distribution(
    name: &MetricName,
    labels: &Labels,
    error: DistributionError,
) -> MetricsLineError {
    let series = format!("{name}{labels}");
    match error {
        DistributionError::NoCount => MetricsLineError::NoCount {
            series,
            metric: name.to_string(),
        },
        // Each was one when it came, and additions may have made it too large.
        DistributionError::NotACount { value } => MetricsLineError::NotACount {
            found: format_float(value),
        },
        DistributionError::Value(error) => MetricsLineError::Value { series, error },
    }
}

/// Number of a series of one sample.
fn number(value: &MetricValue) -> Option<f64> {
    match value {
        MetricValue::Counter(number)
        | MetricValue::Gauge(number)
        | MetricValue::Untyped(number) => Some(*number),
        MetricValue::Histogram(_) | MetricValue::Summary(_) => None,
    }
}
