use std::collections::HashMap;

use crate::exposition::{
    Bucket, FamilyError, Histogram, Labels, MetricFamily, MetricName, MetricType, MetricValue,
    Quantile, Series, Summary, format_float, parse_float,
};

use super::append::Operation;
use super::contents::Contents;
use super::error::{BadLine, Fault};

/// A family of which more lines may come.
pub(super) struct Draft {
    /// With its series of one sample each.
    family: MetricFamily,
    /// Whether there has been a TYPE line.
    declared: bool,
    /// Series of histograms and summaries, by the labels that are not the format's own.
    distributions: HashMap<Labels, Distribution>,
}

/// The samples of one histogram or summary.
struct Distribution {
    /// Upper bounds or quantiles, with their values, growing.
    entries: Vec<(f64, Option<f64>)>,
    sum: Option<f64>,
    count: Option<f64>,
    /// Where its first sample stands.
    line: usize,
}

/// What a sample is in its family, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Entry,
    Sum,
    Count,
}

/// A sample, and what it does to its series.
pub(super) struct Update<'a> {
    pub(super) series: Series,
    pub(super) change: Change<'a>,
}

/// What a sample does to the value of its series.
pub(super) struct Change<'a> {
    pub(super) value: f64,
    /// What the value was read from.
    pub(super) text: &'a str,
    pub(super) operation: Operation,
    pub(super) line: usize,
}

impl Change<'_> {
    /// The value that comes after this one.
    fn after(&self, before: Option<f64>) -> f64 {
        match self.operation {
            Operation::Set => self.value,
            Operation::Add => before.unwrap_or(0.0) + self.value,
        }
    }

    /// Whether it makes its series less, or no number.
    fn falls(&self) -> bool {
        self.operation == Operation::Add && (self.value < 0.0 || self.value.is_nan())
    }

    fn check_count(&self) -> Result<(), Fault> {
        match count_from(self.value) {
            Some(_) => Ok(()),
            None => Err(Fault::NotACount {
                found: self.text.to_owned(),
            }),
        }
    }
}

impl Draft {
    pub(super) fn new(name: MetricName) -> Self {
        Self {
            family: MetricFamily::new(name, MetricType::Untyped),
            declared: false,
            distributions: HashMap::new(),
        }
    }

    pub(super) fn name(&self) -> &MetricName {
        self.family.name()
    }

    /// Its type, if it is more than a help text.
    pub(super) fn metric_type(&self) -> Option<MetricType> {
        let known = self.declared || !self.family.is_empty();
        known.then(|| self.family.metric_type())
    }

    /// How many series it has.
    pub(super) fn len(&self) -> usize {
        self.family.len() + self.distributions.len()
    }

    /// Whether it has a series of one sample with these labels.
    pub(super) fn has(&self, labels: &Labels) -> bool {
        self.family.get(labels).is_some()
    }

    /// Whether it has had a TYPE line.
    pub(super) fn is_declared(&self) -> bool {
        self.declared
    }

    /// Gives it a type, before it has a sample.
    pub(super) fn declare(&mut self, metric_type: MetricType) {
        let mut family = MetricFamily::new(self.name().clone(), metric_type);
        if let Some(help) = self.family.help() {
            family.set_help(help);
        }
        self.family = family;
        self.declared = true;
    }

    pub(super) fn set_help(&mut self, help: String) {
        self.family.set_help(help);
    }

    pub(super) fn update(&mut self, part: Part, update: Update<'_>) -> Result<(), Fault> {
        let change = &update.change;
        let value = match self.family.metric_type() {
            MetricType::Histogram | MetricType::Summary => {
                return self.update_distribution(part, update);
            }
            MetricType::Counter if change.falls() => {
                return Err(Fault::CounterFalls {
                    metric: self.name().to_string(),
                    number: change.value,
                });
            }
            MetricType::Counter => MetricValue::Counter,
            MetricType::Gauge => MetricValue::Gauge,
            MetricType::Untyped => MetricValue::Untyped,
        };
        self.family.update(update.series.labels, |before| {
            value(change.after(before.and_then(number)))
        });
        Ok(())
    }

    fn update_distribution(&mut self, part: Part, update: Update<'_>) -> Result<(), Fault> {
        let metric_type = self.family.metric_type();
        let Update { series, change } = update;
        let Series { name, labels } = series;
        let histogram = metric_type == MetricType::Histogram;
        let label = if histogram { "le" } else { "quantile" };
        if histogram && part == Part::Entry && name == *self.name() {
            return Err(Fault::BareHistogram {
                metric: self.name().to_string(),
            });
        }
        if part == Part::Count || (histogram && part == Part::Entry) {
            change.check_count()?;
        }
        let (labels, bound) = labels.split_off(label);
        let bound = match (part, bound) {
            (Part::Entry, Some(bound)) => Some(parse_bound(bound)?),
            (Part::Entry, None) => {
                return Err(Fault::MissingBound {
                    series: format!("{name}{labels}"),
                    label,
                    metric_type,
                });
            }
            (_, Some(_)) => {
                return Err(Fault::Family(FamilyError::ReservedLabel {
                    metric: self.name().to_string(),
                    label,
                    metric_type,
                }));
            }
            (_, None) => None,
        };
        let distribution = self
            .distributions
            .entry(labels)
            .or_insert_with(|| Distribution::beginning_at(change.line));
        match bound {
            Some(bound) => {
                let value = distribution.entry(bound);
                *value = Some(change.after(*value));
            }
            None if part == Part::Sum => distribution.sum = Some(change.after(distribution.sum)),
            None => distribution.count = Some(change.after(distribution.count)),
        }
        Ok(())
    }

    /// Adds the family to the contents, without those of its series that contradict themselves.
    pub(super) fn finish(self, contents: &mut Contents) {
        let mut family = self.family;
        let mut distributions: Vec<_> = self.distributions.into_iter().collect();
        distributions.sort_by_key(|(_, distribution)| distribution.line);
        for (labels, distribution) in distributions {
            let line = distribution.line;
            match distribution.finish(&family, &labels) {
                Ok(value) => family.update(labels, |_| value),
                Err(fault) => contents.note(BadLine::new(line, 1, fault)),
            }
        }
        // That it collides with no other has been seen to when it was begun.
        if !family.is_empty() {
            contents.families.replace(family);
        }
    }
}

impl Distribution {
    fn beginning_at(line: usize) -> Self {
        Self {
            entries: Vec::new(),
            sum: None,
            count: None,
            line,
        }
    }

    /// The value at a bound.
    fn entry(&mut self, bound: f64) -> &mut Option<f64> {
        let place = self
            .entries
            .binary_search_by(|(other, _)| other.total_cmp(&bound));
        let place = place.unwrap_or_else(|place| {
            self.entries.insert(place, (bound, None));
            place
        });
        &mut self.entries[place].1
    }

    fn finish(self, family: &MetricFamily, labels: &Labels) -> Result<MetricValue, Fault> {
        let name = family.name();
        let histogram = family.metric_type() == MetricType::Histogram;
        let series = format!("{name}{labels}");
        let entries: Vec<(f64, f64)> = self
            .entries
            .into_iter()
            .filter_map(|(bound, value)| Some((bound, value?)))
            .collect();
        let infinite = entries.last().filter(|(bound, _)| *bound == f64::INFINITY);
        let infinite = infinite.filter(|_| histogram).map(|(_, value)| *value);
        let Some(count) = self.count.or(infinite) else {
            return Err(Fault::NoCount {
                series,
                metric: name.to_string(),
            });
        };
        // Each was one when it came, and additions may have made it too large.
        let whole = |value| {
            count_from(value).ok_or_else(|| Fault::NotACount {
                found: format_float(value),
            })
        };
        let count = whole(count)?;
        let sum = self.sum.unwrap_or(0.0);
        let value = if histogram {
            let buckets = entries.into_iter().map(|(upper_bound, value)| {
                let cumulative_count = whole(value)?;
                Ok(Bucket {
                    upper_bound,
                    cumulative_count,
                })
            });
            let buckets: Result<_, Fault> = buckets.collect();
            Histogram::new(buckets?, sum, count).map(MetricValue::Histogram)
        } else {
            let quantiles = entries
                .into_iter()
                .map(|(quantile, value)| Quantile { quantile, value });
            Summary::new(quantiles.collect(), sum, count).map(MetricValue::Summary)
        };
        value.map_err(|error| Fault::Value { series, error })
    }
}

/// The value of a series of one sample.
fn number(value: &MetricValue) -> Option<f64> {
    match value {
        MetricValue::Counter(number)
        | MetricValue::Gauge(number)
        | MetricValue::Untyped(number) => Some(*number),
        MetricValue::Histogram(_) | MetricValue::Summary(_) => None,
    }
}

/// The number in a label `le` or `quantile`.
fn parse_bound(text: String) -> Result<f64, Fault> {
    parse_float(&text)
        .filter(|bound| !bound.is_nan())
        .ok_or(Fault::NotABound { found: text })
}

/// The number as a count; counts beyond 2^53, which a sample cannot hold exactly, are none.
fn count_from(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and in range"
    )]
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}
