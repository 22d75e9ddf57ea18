//! The families of a text, kept in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::exposition::check::{FamilyCheck, LineOwner, Problem, Severity, Visitor};
use crate::exposition::model::{
    DistributionBuilder, LabelName, Labels, MetricFamilies, MetricFamily, MetricName, MetricType,
    MetricValue, SampleRole,
};
use crate::exposition::scan::{
    LineError, ParseError, SampleLine, Statement, parse_float_bytes, unescape,
};

/// The families read so far, and what is wrong, if anything is.
#[derive(Default)]
pub(super) struct Assembly {
    families: Vec<TextFamily>,
    error: Option<ParseError>,
}

/// A family of which more lines may come.
#[derive(Default)]
struct TextFamily {
    name: String,
    metric_type: Option<MetricType>,
    help: Option<String>,
    /// The label names of the line before, which most lines share.
    label_names: Vec<LabelName>,
    /// Series of one sample each.
    simple: BTreeMap<Labels, MetricValue>,
    /// Series of histograms and summaries, by the labels that are not the format's own.
    distributions: BTreeMap<Labels, DistributionBuilder>,
}

impl Visitor for Assembly {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if problem.severity() < Severity::Error {
            return ControlFlow::Continue(());
        }
        self.error = Some(problem.into_error());
        ControlFlow::Break(())
    }

    fn statement(
        &mut self,
        statement: &Statement<'_>,
        owner: LineOwner,
        family: &FamilyCheck,
    ) -> Result<(), LineError> {
        while self.families.len() <= owner.family {
            self.families.push(TextFamily::default());
        }
        let draft = &mut self.families[owner.family];
        if draft.name.is_empty() {
            draft.name.clone_from(&family.name);
        }
        match statement {
            Statement::Nothing | Statement::Mention { .. } => {}
            Statement::Type { .. } => draft.metric_type = Some(family.metric_type()),
            Statement::Help { line, at, .. } => {
                draft.help = Some(unescape(&line[*at..]).into_owned());
            }
            Statement::Sample(sample) => draft.add(owner.role, sample),
        }
        Ok(())
    }
}

impl Assembly {
    /// The families, or what is wrong.
    pub(super) fn finish(self) -> Result<MetricFamilies, ParseError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut families = MetricFamilies::new();
        for draft in self.families {
            if let Some(family) = draft.finish() {
                families.replace(family);
            }
        }
        Ok(families)
    }
}

impl TextFamily {
    fn metric_type(&self) -> MetricType {
        self.metric_type.unwrap_or(MetricType::Untyped)
    }

    fn add(&mut self, role: SampleRole, sample: &SampleLine<'_>) {
        let metric_type = self.metric_type();
        let value = sample.number();
        let Some(reserved) = metric_type.reserved_label() else {
            let value = match metric_type {
                MetricType::Counter => MetricValue::Counter(value),
                MetricType::Gauge => MetricValue::Gauge(value),
                _ => MetricValue::Untyped(value),
            };
            let labels = self.labels(sample, None);
            self.simple.insert(labels, value);
            return;
        };
        let labels = self.labels(sample, Some(reserved));
        let distribution = self.distributions.entry(labels).or_default();
        match role {
            SampleRole::Sum => distribution.sum = Some(value),
            SampleRole::Count => distribution.count = Some(value),
            SampleRole::Entry => {
                let raw = sample.raw_labels();
                let bound = raw.filter(|(name, _)| *name == reserved.as_bytes()).last();
                let bound = bound.and_then(|(_, value)| parse_float_bytes(value));
                let bound = bound.filter(|bound| !bound.is_nan());
                if let Some(bound) = bound {
                    distribution.push_entry(bound, value);
                }
            }
        }
    }

    /// The labels of a line, without the one that its type keeps for itself. Names that the line
    /// before has had at the same place are shared with it.
    fn labels(&mut self, sample: &SampleLine<'_>, reserved: Option<&str>) -> Labels {
        let line = sample.line;
        let known = &mut self.label_names;
        let spans = sample.labels.iter().filter(|span| {
            reserved.is_none_or(|reserved| span.name.of(line) != reserved.as_bytes())
        });
        let pairs = spans.enumerate().filter_map(|(index, span)| {
            let (name, value) = (span.name.of(line), span.value.of(line));
            let name = match known.get(index) {
                // Both as they are and as they are read, where nothing is escaped.
                Some(known) if known.as_str().as_bytes() == name && !name.contains(&b'\\') => {
                    known.clone()
                }
                _ => {
                    let name = LabelName::utf8(unescape(name)).ok()?;
                    known.truncate(index);
                    known.push(name.clone());
                    name
                }
            };
            Some((name, unescape(value)))
        });
        // No name occurs twice in a line that has been judged.
        Labels::of_pairs(pairs).unwrap_or_default()
    }

    /// None for a family without a name, of which nothing was said.
    fn finish(self) -> Option<MetricFamily> {
        let metric_type = self.metric_type();
        let name = MetricName::utf8(self.name).ok()?;
        let mut metrics = self.simple;
        for (labels, distribution) in self.distributions {
            metrics.insert(labels, distribution.build_unchecked(metric_type));
        }
        Some(MetricFamily::unchecked(
            name,
            metric_type,
            self.help,
            metrics,
        ))
    }
}
