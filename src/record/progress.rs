//! The report of one destination, filled in as the end of a run is delivered.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chain::chain;
use crate::push::Delivered;

use super::delivery_error::DeliveryError;
use super::end::{EndMethod, RunEnd};
use super::in_flight::InFlight;
use super::notice::Notice;
use super::update::{UpdateOutcome, UpdateTrouble};

/// The result of one part of a delivery; `Ok(None)` where there was nothing to deliver.
type PartOutcome = Result<Option<Delivered>, DeliveryFailure>;

/// The report of one destination on the end of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct DestinationReport {
    /// Place of the destination among all, from 0.
    pub index: usize,
    /// What the end of the run was to do to the group.
    pub method: EndMethod,
    /// Name of the destination, with the group where there is one: a URL without credentials, a path.
    pub name: String,
    /// The report of the run; `Ok(None)` where there was nothing to deliver.
    pub run: Result<Option<Delivered>, DeliveryFailure>,
    /// The metrics of the run, in the same way.
    pub metrics: Result<Option<Delivered>, DeliveryFailure>,
    /// What is wrong with the updates, unless the end says it too.
    pub updates: Option<UpdateTrouble>,
    /// What else there is to say.
    pub notices: Vec<Notice>,
}

impl DestinationReport {
    /// Whether all that there was to deliver was delivered.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.run.is_ok() && self.metrics.is_ok()
    }
}

/// Something that was not delivered.
#[derive(Debug)]
pub struct DeliveryFailure {
    /// The reason.
    pub error: DeliveryError,
    /// Where it is kept, if it is.
    pub kept: Option<KeptIn>,
}

impl DeliveryFailure {
    /// Something that is lost for this reason.
    pub fn lost(error: impl Into<DeliveryError>) -> Self {
        Self {
            error: error.into(),
            kept: None,
        }
    }
}

/// The reason with its causes, and where the result is kept.
impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.error))?;
        match &self.kept {
            Some(kept) => write!(f, "; {kept}"),
            None => Ok(()),
        }
    }
}

/// The file that keeps something which was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptIn {
    /// It waits there to be delivered later.
    Spool(PathBuf),
    /// The gateway rejected it, and it is there for a person to look at.
    Quarantine(PathBuf),
}

impl fmt::Display for KeptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spool(path) => write!(f, "kept in {}", path.display()),
            Self::Quarantine(path) => write!(f, "set aside in {}", path.display()),
        }
    }
}

/// The report of one destination while the end of a run is being delivered: what is known counts although
/// the rest may have to be given up.
#[derive(Clone, Debug)]
pub struct Progress {
    state: Arc<Mutex<ReportDraft>>,
    in_flight: InFlight,
}

#[derive(Debug)]
struct ReportDraft {
    name: String,
    /// The place that the delivery is under way to.
    place: Option<String>,
    run: Option<PartOutcome>,
    metrics: Option<PartOutcome>,
    updates: UpdateOutcome,
    notices: Vec<Notice>,
}

impl Progress {
    pub(super) fn new(name: String, in_flight: InFlight) -> Self {
        let progress = Self {
            state: Arc::new(Mutex::new(ReportDraft {
                name: name.clone(),
                place: None,
                run: None,
                metrics: None,
                updates: UpdateOutcome::default(),
                notices: Vec::new(),
            })),
            in_flight,
        };
        progress.begin(name);
        progress
    }

    /// Names the destination anew, where only the delivery shows which file or group it is.
    pub fn name(&self, name: impl Into<String>) {
        self.lock().name = name.into();
    }

    /// Tells to which place the delivery is under way now.
    pub fn begin(&self, place: impl Into<String>) {
        let place = place.into();
        self.arrived();
        self.in_flight.begin(&place);
        self.lock().place = Some(place);
    }

    /// Tells that nothing of this run is under way any more.
    pub fn arrived(&self) {
        let place = self.lock().place.take();
        if let Some(place) = place {
            self.in_flight.end(&place);
        }
    }

    /// Reports the outcome of the updates.
    pub fn updates(&self, outcome: UpdateOutcome) {
        self.lock().updates = outcome;
    }

    /// Reports on the report of the run.
    pub fn run(&self, result: Result<Option<Delivered>, DeliveryFailure>) {
        self.lock().run = Some(result);
    }

    /// Whether the report of the run was delivered, or there was none to deliver.
    #[must_use]
    pub fn is_run_delivered(&self) -> bool {
        matches!(self.lock().run, Some(Ok(_)))
    }

    /// Reports on the metrics of the run.
    pub fn metrics(&self, result: Result<Option<Delivered>, DeliveryFailure>) {
        self.lock().metrics = Some(result);
    }

    /// Reports something else.
    pub fn notice(&self, notice: Notice) {
        self.lock().notices.push(notice);
    }

    /// The report, when the destination has come to its end.
    pub(super) fn into_report(self, index: usize, end: &RunEnd) -> DestinationReport {
        self.report((index, end), |_| Ok(None))
    }

    /// The report, when the destination was given up for this reason.
    pub(super) fn into_given_up(
        self,
        index: usize,
        end: &RunEnd,
        reason: impl Fn() -> DeliveryError,
    ) -> DestinationReport {
        self.report((index, end), |name| {
            Err(DeliveryFailure::lost(Incomplete {
                name: name.to_owned(),
                source: reason(),
            }))
        })
    }

    fn report(
        self,
        (index, end): (usize, &RunEnd),
        missing: impl Fn(&str) -> PartOutcome,
    ) -> DestinationReport {
        self.arrived();
        let mut state = self.lock();
        let name = state.name.clone();
        let run = state.run.take().unwrap_or_else(|| missing(&name));
        let metrics = match state.metrics.take() {
            Some(metrics) => metrics,
            None if run.is_ok() => missing(&name),
            // One message is enough.
            None => Ok(None),
        };
        let updates = std::mem::take(&mut state.updates);
        DestinationReport {
            index,
            method: end.method(),
            // One message is enough when the updates did not arrive either.
            updates: updates.trouble(end).filter(|_| run.is_ok()),
            notices: std::mem::take(&mut state.notices),
            name,
            run,
            metrics,
        }
    }

    fn lock(&self) -> MutexGuard<'_, ReportDraft> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery that was given up.
#[derive(Debug, thiserror::Error)]
#[error("{name}")]
struct Incomplete {
    name: String,
    source: DeliveryError,
}
