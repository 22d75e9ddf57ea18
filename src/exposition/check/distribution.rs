//! Histograms and summaries of a text, and whether their samples make sense together.

use std::collections::HashMap;

use crate::exposition::model::{
    Bucket, MetricType, SampleRole, ValueError, check_counts, sort_by_bound, to_count,
};

use super::error::RuleError;
use super::series_id::SeriesId;

/// How many histograms and summaries are kept of which not all samples have come. Where there are
/// more, it is not said what any of them lacks.
const MOST_OPEN: usize = 1 << 14;

/// The samples of one histogram or summary.
#[derive(Debug)]
struct OpenDistribution {
    /// Its name and labels.
    series: String,
    metric: String,
    metric_type: MetricType,
    /// Where the first sample stands.
    line: usize,
    /// Buckets; of a summary the quantiles, with nothing counted.
    buckets: Vec<Bucket>,
    has_sum: bool,
    count: Option<u64>,
}

/// The first sample of a distribution.
pub(super) struct FirstSample<'a> {
    pub(super) metric: &'a str,
    pub(super) metric_type: MetricType,
    pub(super) line: usize,
    /// Its labels, as they stand in the text.
    pub(super) labels: &'a mut dyn FnMut(&mut String),
}

/// What is wrong with a distribution, and where that begins.
pub(super) type DistributionProblem = (usize, RuleError);

/// Follows the samples of distributions, which mostly come one distribution after the other.
#[derive(Default)]
pub(super) struct DistributionTracker {
    current: Option<(SeriesId, OpenDistribution)>,
    open: HashMap<SeriesId, OpenDistribution>,
    /// Whether some were not kept.
    overflowed: bool,
}

impl DistributionTracker {
    /// Whether the last sample was of this one.
    pub(super) fn is_current(&self, id: SeriesId) -> bool {
        matches!(&self.current, Some((current, _)) if *current == id)
    }

    /// Begins with, or goes on with, a distribution of which a sample is to come. Says what is
    /// wrong with the one before, if that is complete.
    pub(super) fn start_distribution(
        &mut self,
        id: SeriesId,
        mut first: FirstSample<'_>,
    ) -> Option<DistributionProblem> {
        let mut wrong = None;
        let mut spare = None;
        if let Some((id, mut last)) = self.current.take() {
            if last.is_complete() {
                wrong = last.contradiction();
                spare = Some(last);
            } else if self.open.len() < MOST_OPEN {
                self.open.insert(id, last);
            } else {
                self.overflowed = true;
            }
        }
        let next = match self.open.remove(&id) {
            Some(open) => open,
            None => OpenDistribution::begin(spare, &mut first),
        };
        self.current = Some((id, next));
        wrong
    }

    /// Adds a sample of the current one: the bound of a bucket, and the value.
    pub(super) fn add(&mut self, role: SampleRole, bound: Option<f64>, value: f64) {
        let Some((_, distribution)) = &mut self.current else {
            return;
        };
        match role {
            SampleRole::Sum => distribution.has_sum = true,
            SampleRole::Count => distribution.count = Some(to_count(value)),
            SampleRole::Entry => {
                if let Some(upper_bound) = bound {
                    distribution.buckets.push(Bucket {
                        upper_bound,
                        cumulative_count: to_count(value),
                    });
                }
            }
        }
    }

    /// What is wrong with those that are left when no more is to come.
    pub(super) fn finish(&mut self) -> Vec<DistributionProblem> {
        let mut found = Vec::new();
        let current = self.current.take();
        if self.overflowed {
            // What seems to be missing may be in what was not kept.
            return found;
        }
        for (_, distribution) in self.open.drain().chain(current) {
            found.extend(distribution.contradictions());
        }
        found.sort_by_key(|(line, _)| *line);
        found
    }
}

impl OpenDistribution {
    /// Uses what another one does not need any more.
    fn begin(spare: Option<Self>, first: &mut FirstSample<'_>) -> Self {
        let (mut series, mut metric, mut buckets) = match spare {
            Some(spare) => (spare.series, spare.metric, spare.buckets),
            None => Default::default(),
        };
        buckets.clear();
        metric.clear();
        metric.push_str(first.metric);
        series.clear();
        series.push_str(first.metric);
        (first.labels)(&mut series);
        Self {
            series,
            metric,
            metric_type: first.metric_type,
            line: first.line,
            buckets,
            has_sum: false,
            count: None,
        }
    }

    fn is_histogram(&self) -> bool {
        self.metric_type == MetricType::Histogram
    }

    /// Whether there is all that there should be.
    fn is_complete(&self) -> bool {
        self.has_sum && self.count.is_some() && (!self.is_histogram() || self.has_infinity())
    }

    fn has_infinity(&self) -> bool {
        let mut buckets = self.buckets.iter().rev();
        buckets.any(|bucket| bucket.upper_bound == f64::INFINITY)
    }

    fn contradiction(&mut self) -> Option<DistributionProblem> {
        let sorted = sort_by_bound(&mut self.buckets, |bucket| bucket.upper_bound);
        let checked = sorted.and_then(|()| match self.count {
            Some(count) if self.is_histogram() => check_counts(&self.buckets, count),
            _ => Ok(()),
        });
        checked.err().map(|error| self.wrong_value(error))
    }

    fn wrong_value(&self, error: ValueError) -> DistributionProblem {
        let series = self.series.clone();
        (self.line, RuleError::Value { series, error })
    }

    fn contradictions(mut self) -> Vec<DistributionProblem> {
        let mut found = Vec::new();
        if self.count.is_none() {
            found.push(self.lacks("_count"));
        }
        if !self.has_sum {
            found.push(self.lacks("_sum"));
        }
        if self.is_histogram() && !self.has_infinity() {
            let series = self.series.clone();
            found.push((self.line, RuleError::NoInfinity { series }));
        }
        found.extend(self.contradiction());
        found
    }

    fn lacks(&self, suffix: &'static str) -> DistributionProblem {
        let reason = RuleError::NoPart {
            series: self.series.clone(),
            metric: self.metric.clone(),
            suffix,
        };
        (self.line, reason)
    }
}
