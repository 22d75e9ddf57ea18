//! The end of a run, as destinations are told of it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::exposition::MetricFamilies;
use crate::grouping::GroupingKey;
use crate::push::Change;
use crate::report::{Report, Verdict};

use super::metrics::RunMetrics;

/// What the end of a run does to its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndMethod {
    /// POST: replaces the metrics of the same names and keeps the others.
    #[default]
    PushAdd,
    /// PUT: replaces all metrics of the group.
    Push,
    /// DELETE: removes the group.
    Delete,
    /// Nothing.
    None,
}

impl EndMethod {
    /// Whether the metrics of the run are added to the group, too.
    #[must_use]
    pub fn adds_metrics(self) -> bool {
        matches!(self, Self::PushAdd | Self::Push)
    }

    /// The change that the method makes with these families.
    pub(super) fn change(self, families: &MetricFamilies) -> Option<Change<'_>> {
        match self {
            Self::PushAdd => Some(Change::PushAdd(families)),
            Self::Push => Some(Change::Push(families)),
            Self::Delete => Some(Change::Delete),
            Self::None => None,
        }
    }
}

/// What the end of a run does to its group, by its outcome. Defaults to [`EndMethod::PushAdd`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndMethods {
    /// After a success.
    pub on_success: EndMethod,
    /// After a failure.
    pub on_failure: EndMethod,
}

impl From<EndMethod> for EndMethods {
    /// The same method for both, but that [`EndMethod::Push`] falls back to [`EndMethod::PushAdd`] after a
    /// failure, which keeps the last success.
    fn from(method: EndMethod) -> Self {
        Self {
            on_success: method,
            on_failure: match method {
                EndMethod::Push => EndMethod::PushAdd,
                other => other,
            },
        }
    }
}

impl EndMethods {
    /// Whether one of the two is this method.
    #[must_use]
    pub fn contain(&self, method: EndMethod) -> bool {
        self.on_success == method || self.on_failure == method
    }

    /// Whether the start may be announced: a start that one of the ends would not follow up would show a
    /// job that runs for ever.
    #[must_use]
    pub fn follow_up_a_start(&self) -> bool {
        !self.contain(EndMethod::None)
    }

    /// The method after a success, a failure or a skip, which adds to the group unless all ends leave it.
    #[must_use]
    pub fn after(&self, verdict: Verdict) -> EndMethod {
        match verdict {
            Verdict::Success => self.on_success,
            Verdict::Failure => self.on_failure,
            Verdict::Skipped if *self == Self::from(EndMethod::None) => EndMethod::None,
            Verdict::Skipped => EndMethod::PushAdd,
        }
    }
}

/// The end of a run.
pub struct RunEnd {
    pub(super) key: GroupingKey,
    pub(super) report: Report,
    pub(super) method: EndMethod,
    pub(super) families: MetricFamilies,
    pub(super) metrics: Option<Arc<dyn RunMetrics>>,
    pub(super) verdict: Verdict,
    pub(super) completed: SystemTime,
    pub(super) has_heartbeats: bool,
    /// When the time that destinations have began.
    pub(super) begin: Instant,
    pub(super) timeout: Duration,
}

impl RunEnd {
    /// The group of the run.
    #[must_use]
    pub fn key(&self) -> &GroupingKey {
        &self.key
    }

    /// The report that the families come from.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the end does to the group.
    #[must_use]
    pub fn method(&self) -> EndMethod {
        self.method
    }

    /// The families of the report.
    #[must_use]
    pub fn families(&self) -> &MetricFamilies {
        &self.families
    }

    /// Success, failure or skip.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// End of the run by the wall clock.
    #[must_use]
    pub fn completed(&self) -> SystemTime {
        self.completed
    }

    /// The time that a destination has in all.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The time that is left of it.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.timeout.saturating_sub(self.begin.elapsed())
    }

    /// The change that a method makes; none for [`EndMethod::None`].
    #[must_use]
    pub fn change(&self, method: EndMethod) -> Option<Change<'_>> {
        method.change(&self.families)
    }

    /// The metrics of the run, if there are any to be added to the group after a change by this method. A
    /// destination asks for them when the report has been delivered.
    #[must_use]
    pub fn metrics(&self, method: EndMethod) -> Option<&MetricFamilies> {
        self.source(method)?.at_end(self.remaining())
    }

    /// The metrics of the run that a spool may hold with the report.
    #[must_use]
    pub fn metrics_to_keep(&self, method: EndMethod) -> Option<&MetricFamilies> {
        self.source(method)?.to_keep()
    }

    /// Whether a heartbeat that arrives after the end could bring back older metrics of the run.
    #[must_use]
    pub fn may_be_outrun(&self) -> bool {
        let metrics = self.metrics.as_deref();
        self.has_heartbeats && metrics.is_some_and(RunMetrics::has_any)
    }

    fn source(&self, method: EndMethod) -> Option<&dyn RunMetrics> {
        // A run that was skipped changes nothing.
        let adds = method.adds_metrics() && self.verdict != Verdict::Skipped;
        self.metrics.as_deref().filter(|_| adds)
    }
}
