use std::collections::{BTreeMap, HashMap};

use crate::exposition::error::{FamilyError, ParseError, ParseErrorKind};
use crate::exposition::family::{MetricFamilies, MetricFamily, MetricType, owner};
use crate::exposition::labels::Labels;
use crate::exposition::names::MetricName;
use crate::exposition::value::{Bucket, Histogram, MetricValue, Quantile, Summary};

use super::line::{Comment, CommentContent, Line, Sample};
use super::parse_float;

/// The families read so far.
#[derive(Default)]
pub(super) struct Assembly {
    families: Vec<Draft>,
    by_name: HashMap<String, usize>,
}

/// A family of which more lines may come.
struct Draft {
    name: MetricName,
    metric_type: Option<MetricType>,
    help: Option<String>,
    /// Series of one sample each.
    simple: BTreeMap<Labels, MetricValue>,
    /// Series of histograms and summaries, by the labels that are not the format's own.
    distributions: BTreeMap<Labels, Distribution>,
    line: usize,
}

/// The samples of one histogram or summary.
#[derive(Default)]
struct Distribution {
    /// Upper bounds or quantiles, with their values.
    entries: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<u64>,
    line: usize,
}

/// What a sample of a histogram or summary is, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Entry,
    Sum,
    Count,
}

impl Assembly {
    pub(super) fn comment(&mut self, comment: &Comment, line: &Line<'_>) -> Result<(), ParseError> {
        let draft = self.draft(&comment.name, line);
        let second = |keyword| {
            let metric = comment.name.to_string();
            line.error_at(
                comment.at,
                ParseErrorKind::SecondComment { keyword, metric },
            )
        };
        match &comment.content {
            CommentContent::Help(_) if draft.help.is_some() => Err(second("HELP")),
            CommentContent::Help(help) => {
                draft.help = Some(help.clone());
                Ok(())
            }
            CommentContent::Type(_) if draft.has_samples() => {
                let metric = comment.name.to_string();
                Err(line.error_at(comment.at, ParseErrorKind::TypeAfterSample { metric }))
            }
            CommentContent::Type(_) if draft.metric_type.is_some() => Err(second("TYPE")),
            CommentContent::Type(metric_type) => {
                draft.metric_type = Some(*metric_type);
                Ok(())
            }
        }
    }

    pub(super) fn sample(&mut self, sample: Sample<'_>, line: &Line<'_>) -> Result<(), ParseError> {
        let (base, role) = self.owner(&sample.series.name);
        let draft = self.draft(&base, line);
        match draft.metric_type {
            Some(MetricType::Histogram | MetricType::Summary) => {
                draft.add_to_distribution(role, sample, line)
            }
            metric_type => draft.add_simple(metric_type, sample, line),
        }
    }

    /// The family that a sample of this name belongs to: the one of its own name, or a histogram or summary of whose
    /// series it is one.
    fn owner(&self, name: &MetricName) -> (MetricName, Role) {
        let text = name.as_str();
        if self.by_name.contains_key(text) {
            return (name.clone(), Role::Entry);
        }
        let draft_of = |base: &str| Some(&self.families[*self.by_name.get(base)?]);
        let found = owner(text, |base| draft_of(base)?.metric_type);
        if let Some((base, suffix)) = found {
            let role = match suffix {
                "_sum" => Role::Sum,
                "_count" => Role::Count,
                _ => Role::Entry,
            };
            if let Some(draft) = draft_of(base) {
                return (draft.name.clone(), role);
            }
        }
        (name.clone(), Role::Entry)
    }

    fn draft(&mut self, name: &MetricName, line: &Line<'_>) -> &mut Draft {
        let index = self.by_name.get(name.as_str()).copied().unwrap_or_else(|| {
            self.families.push(Draft {
                name: name.clone(),
                metric_type: None,
                help: None,
                simple: BTreeMap::new(),
                distributions: BTreeMap::new(),
                line: line.number(),
            });
            let index = self.families.len() - 1;
            self.by_name.insert(name.to_string(), index);
            index
        });
        &mut self.families[index]
    }

    pub(super) fn finish(self) -> Result<MetricFamilies, ParseError> {
        let mut families = MetricFamilies::new();
        for draft in self.families {
            let line = draft.line;
            families
                .insert(draft.finish()?)
                .map_err(|error| ParseError::new(line, 1, ParseErrorKind::Family(error)))?;
        }
        Ok(families)
    }
}

impl Draft {
    fn has_samples(&self) -> bool {
        !self.simple.is_empty() || !self.distributions.is_empty()
    }

    fn add_simple(
        &mut self,
        metric_type: Option<MetricType>,
        sample: Sample<'_>,
        line: &Line<'_>,
    ) -> Result<(), ParseError> {
        let value = match metric_type {
            Some(MetricType::Counter) => MetricValue::Counter(sample.value),
            Some(MetricType::Gauge) => MetricValue::Gauge(sample.value),
            _ => MetricValue::Untyped(sample.value),
        };
        let labels = sample.series.labels;
        if self.simple.contains_key(&labels) {
            let reason = duplicate(&self.name, &labels);
            return Err(line.error_at(sample.at, reason));
        }
        self.simple.insert(labels, value);
        Ok(())
    }

    fn add_to_distribution(
        &mut self,
        role: Role,
        sample: Sample<'_>,
        line: &Line<'_>,
    ) -> Result<(), ParseError> {
        let Sample {
            at,
            value_at,
            series,
            text,
            value,
        } = sample;
        let histogram = self.metric_type == Some(MetricType::Histogram);
        if histogram && role == Role::Entry && series.name == self.name {
            let metric = self.name.to_string();
            return Err(line.error_at(at, ParseErrorKind::BareHistogram { metric }));
        }
        let (label, metric_type) = if histogram {
            ("le", MetricType::Histogram)
        } else {
            ("quantile", MetricType::Summary)
        };
        let (labels, bound) = if role == Role::Entry {
            series.labels.split_off(label)
        } else {
            (series.labels, None)
        };
        let count = || {
            count_from(value).ok_or_else(|| {
                let found = text.to_owned();
                line.error_at(value_at, ParseErrorKind::NotACount { found })
            })
        };
        let distribution = self.distributions.entry(labels.clone()).or_default();
        if distribution.line == 0 {
            distribution.line = line.number();
        }
        let taken = match role {
            Role::Sum => distribution.sum.replace(value).is_some(),
            Role::Count => distribution.count.replace(count()?).is_some(),
            Role::Entry => {
                let Some(bound) = bound else {
                    let reason = ParseErrorKind::MissingBound {
                        series: format!("{}{labels}", series.name),
                        label,
                        metric_type,
                    };
                    return Err(line.error_at(at, reason));
                };
                let Some(bound) = parse_float(&bound) else {
                    return Err(line.error_at(at, ParseErrorKind::NotANumber { found: bound }));
                };
                if histogram {
                    count()?;
                }
                distribution.entries.push((bound, value));
                false
            }
        };
        if taken {
            return Err(line.error_at(at, duplicate(&series.name, &labels)));
        }
        Ok(())
    }

    fn finish(self) -> Result<MetricFamily, ParseError> {
        let metric_type = self.metric_type.unwrap_or(MetricType::Untyped);
        let mut family = MetricFamily::new(self.name, metric_type);
        if let Some(help) = self.help {
            family = family.with_help(help);
        }
        let at = |line, error| ParseError::new(line, 1, ParseErrorKind::Family(error));
        for (labels, value) in self.simple {
            family
                .insert(labels, value)
                .map_err(|error| at(self.line, error))?;
        }
        for (labels, distribution) in self.distributions {
            let line = distribution.line;
            let value = distribution.finish(family.name(), &labels, metric_type)?;
            family
                .insert(labels, value)
                .map_err(|error| at(line, error))?;
        }
        Ok(family)
    }
}

impl Distribution {
    fn finish(
        self,
        name: &MetricName,
        labels: &Labels,
        metric_type: MetricType,
    ) -> Result<MetricValue, ParseError> {
        let series = format!("{name}{labels}");
        let fail = |reason| ParseError::new(self.line, 1, reason);
        let infinite = self
            .entries
            .iter()
            .find(|(bound, _)| metric_type == MetricType::Histogram && *bound == f64::INFINITY)
            .and_then(|(_, value)| count_from(*value));
        let Some(count) = self.count.or(infinite) else {
            return Err(fail(ParseErrorKind::NoCount {
                series,
                metric: name.to_string(),
            }));
        };
        let sum = self.sum.unwrap_or(0.0);
        let value = if metric_type == MetricType::Histogram {
            let buckets = self.entries.iter().map(|(bound, value)| Bucket {
                upper_bound: *bound,
                cumulative_count: count_from(*value).unwrap_or(0),
            });
            Histogram::new(buckets.collect(), sum, count).map(MetricValue::Histogram)
        } else {
            let quantiles = self.entries.iter().map(|(quantile, value)| Quantile {
                quantile: *quantile,
                value: *value,
            });
            Summary::new(quantiles.collect(), sum, count).map(MetricValue::Summary)
        };
        value.map_err(|error| fail(ParseErrorKind::Value { series, error }))
    }
}

fn duplicate(name: &MetricName, labels: &Labels) -> ParseErrorKind {
    let series = format!("{name}{labels}");
    ParseErrorKind::Family(FamilyError::DuplicateSeries { series })
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
