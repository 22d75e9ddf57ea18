//! Inspectors, which see what a check finds.

use std::borrow::Cow;
use std::error::Error;
use std::ops::ControlFlow;

use crate::exposition::model::MetricType;
use crate::exposition::scan::{LineError, SampleLine, Statement, unescape};

use super::families::{FamilyCheck, LineOwner};
use super::problem::Problem;
use super::visitor::Visitor;

/// Hears what a [`Check`](super::Check) finds.
pub trait Inspector {
    /// Hears of a problem, and says whether to go on.
    fn problem(&mut self, problem: Problem) -> ControlFlow<()>;

    /// Looks at a sample that has nothing wrong with it so far. Defaults to no objection.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for a [`Problem`] that says so.
    fn sample(&mut self, sample: &CheckedSample<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = sample;
        Ok(())
    }
}

/// A sample in a text. Nothing of it is copied.
#[derive(Clone, Copy)]
pub struct CheckedSample<'a> {
    sample: &'a SampleLine<'a>,
    metric: &'a str,
    metric_type: MetricType,
}

impl<'a> CheckedSample<'a> {
    /// The name of its family.
    #[must_use]
    pub fn metric(&self) -> &'a str {
        self.metric
    }

    /// The type of its family.
    #[must_use]
    pub fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// Names and values of its labels. Only what has escapes is copied.
    pub fn labels(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        let labels = self.sample.raw_labels();
        labels.map(|(name, value)| (unescape(name), unescape(value)))
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sample.number()
    }

    /// Name and labels as they stand in the text, for messages.
    #[must_use]
    pub fn series(&self) -> String {
        self.sample.series()
    }
}

/// Visitor that shows an inspector what it is to see.
pub(super) struct InspectorVisitor<'a>(pub(super) &'a mut dyn Inspector);

impl Visitor for InspectorVisitor<'_> {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.0.problem(problem)
    }

    fn statement(
        &mut self,
        statement: &Statement<'_>,
        _: LineOwner,
        family: &FamilyCheck,
    ) -> Result<(), LineError> {
        let Statement::Sample(sample) = statement else {
            return Ok(());
        };
        let checked = CheckedSample {
            sample,
            metric: &family.name,
            metric_type: family.metric_type(),
        };
        let objects = self.0.sample(&checked);
        objects.map_err(|objection| LineError::new(sample.at, objection))
    }
}
