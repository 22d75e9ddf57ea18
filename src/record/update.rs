//! What destinations are told while a run goes on, and how that went.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::exposition::MetricFamilies;
use crate::grouping::GroupingKey;

use super::delivery_error::DeliveryError;
use super::end::RunEnd;
use super::metrics::RunMetrics;

/// The start of a run, or a heartbeat.
#[derive(Clone)]
pub struct RunUpdate {
    content: Arc<Content>,
    /// Whether the run has ended.
    ended: Arc<AtomicBool>,
}

/// The same for all destinations.
pub(super) struct Content {
    pub(super) key: GroupingKey,
    pub(super) families: MetricFamilies,
    /// With a heartbeat.
    pub(super) metrics: Option<Arc<dyn RunMetrics>>,
    pub(super) timeout: Duration,
}

impl RunUpdate {
    pub(super) fn new(content: Arc<Content>, ended: Arc<AtomicBool>) -> Self {
        Self { content, ended }
    }

    /// The group of the run.
    #[must_use]
    pub fn key(&self) -> &GroupingKey {
        &self.content.key
    }

    /// The families of the report.
    #[must_use]
    pub fn families(&self) -> &MetricFamilies {
        &self.content.families
    }

    /// The time that it may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.content.timeout
    }

    /// Whether the run still goes on, so that the update may be sent.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.ended.load(Ordering::Acquire)
    }

    /// Delivers the report with `push`, and then the metrics that the run has by now: by themselves, so
    /// that they can take nothing of the report along. The end delivers them again, and reports what is
    /// wrong with them.
    ///
    /// # Errors
    ///
    /// That of `push` for the report.
    pub fn deliver<T, E>(
        &self,
        mut push: impl FnMut(&MetricFamilies) -> Result<T, E>,
    ) -> Result<T, E> {
        let delivered = push(self.families())?;
        let metrics = self.content.metrics.as_deref();
        let metrics = metrics.filter(|_| self.is_wanted());
        let metrics = metrics.and_then(|metrics| metrics.so_far().ok());
        if let Some(metrics) = metrics.filter(|it| !it.is_empty() && self.is_wanted()) {
            let _ = push(&metrics);
        }
        Ok(delivered)
    }
}

/// How the updates of a destination went.
#[derive(Debug, Default)]
pub enum UpdateOutcome {
    /// There were none.
    #[default]
    NotMade,
    /// All have come to their end.
    Finished(UpdateSummary),
    /// One was still under way when the run had ended, and was cut off.
    CutOff,
}

/// How many updates were delivered.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct UpdateSummary {
    /// Number of those that were.
    pub delivered: u32,
    /// Number of those that were not.
    pub failed: u32,
    /// The reason for the last of these.
    pub last_error: Option<DeliveryError>,
}

/// Updates that did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateTrouble {
    /// The start was not delivered.
    #[error("cannot announce the start")]
    Start(#[source] DeliveryError),
    /// Some updates were not delivered.
    #[error("{failed} of {total} pushes while the job ran were not delivered, the last")]
    Heartbeats {
        /// Number of those that were not.
        failed: u32,
        /// Number of all.
        total: u32,
        /// The reason for the last that was not.
        source: DeliveryError,
    },
    /// The start was cut off, and may arrive or not.
    #[error("cannot announce the start")]
    StartCutOff(#[source] NoResponse),
    /// The last heartbeat was cut off. Should it arrive after the end, it brings back older metrics.
    #[error(
        "the last heartbeat had no answer; should it arrive late, it brings older metrics of the job"
    )]
    HeartbeatCutOff,
}

/// A start that was cut off when the job ended.
#[derive(Debug, thiserror::Error)]
#[error("it had no answer when the job ended")]
pub struct NoResponse;

impl UpdateOutcome {
    /// What is wrong with the updates. A last heartbeat that was cut off is nothing where it would only
    /// have said that the job runs.
    pub(super) fn trouble(self, end: &RunEnd) -> Option<UpdateTrouble> {
        match self {
            Self::Finished(UpdateSummary {
                delivered,
                failed,
                last_error: Some(source),
            }) => Some(if end.has_heartbeats {
                let total = delivered + failed;
                UpdateTrouble::Heartbeats {
                    failed,
                    total,
                    source,
                }
            } else {
                UpdateTrouble::Start(source)
            }),
            Self::CutOff if !end.has_heartbeats => Some(UpdateTrouble::StartCutOff(NoResponse)),
            Self::CutOff if end.may_be_outrun() => Some(UpdateTrouble::HeartbeatCutOff),
            Self::NotMade | Self::Finished(_) | Self::CutOff => None,
        }
    }
}
