//! The two parts of an end: the report, and the metrics of the run.

use crate::push::{Change, Delivered};

use super::delivery_error::DeliveryError;
use super::end::{EndMethod, RunEnd};
use super::progress::{DeliveryFailure, Progress};

/// One part of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndPart {
    Report,
    Metrics,
}

/// The delivery of an end, one part after the other.
pub(super) struct EndDelivery<'a> {
    pub(super) end: &'a RunEnd,
    pub(super) method: EndMethod,
    /// Name of the destination.
    pub(super) name: &'a str,
    pub(super) progress: &'a Progress,
}

impl<'a> EndDelivery<'a> {
    /// The delivery of an end by the method that it asks for.
    pub(super) fn new(end: &'a RunEnd, name: &'a str, progress: &'a Progress) -> Self {
        Self {
            end,
            method: end.method(),
            name,
            progress,
        }
    }

    /// Delivers the report with `push`, and then the metrics of the run: also where the report was not
    /// taken, if `takes_more` says that it was for what is in it. That a destination cannot be reached is
    /// reported once.
    pub(super) fn run<E: Into<DeliveryError>>(
        &self,
        mut push: impl FnMut(EndPart, Change<'_>) -> Result<Delivered, E>,
        takes_more: impl Fn(&E) -> bool,
    ) {
        let change = self.end.change(self.method);
        let run = change.map(|change| push(EndPart::Report, change));
        let run = run.transpose();
        let goes_on = run.as_ref().map_or_else(takes_more, |_| true);
        self.progress.run(run.map_err(DeliveryFailure::lost));
        if goes_on {
            self.run_metrics(|change| push(EndPart::Metrics, change));
        } else {
            self.progress.metrics(Ok(None));
        }
    }

    /// Delivers the metrics of the run, if there are any.
    pub(super) fn run_metrics<E: Into<DeliveryError>>(
        &self,
        push: impl FnOnce(Change<'_>) -> Result<Delivered, E>,
    ) {
        self.progress
            .begin(format!("{} (the metrics of the job)", self.name));
        let families = self.end.metrics(self.method);
        let families = families.filter(|families| !families.is_empty());
        let metrics = families.map(|families| push(Change::PushAdd(families)));
        let metrics = metrics.transpose();
        self.progress
            .metrics(metrics.map_err(DeliveryFailure::lost));
        self.progress.arrived();
    }
}
