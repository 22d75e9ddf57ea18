//! The updates of a destination when the run has ended.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::update::{UpdateOutcome, UpdateSummary};

/// The updates of a destination when the run has ended, of which one may still be under way.
pub struct Updates(UpdatesState);

enum UpdatesState {
    NotMade,
    Running {
        /// The thread ends when this is dropped.
        thread: Box<dyn Send>,
        summary: Receiver<UpdateSummary>,
    },
    Finished(UpdateSummary),
}

impl Updates {
    pub(super) fn none() -> Self {
        Self(UpdatesState::NotMade)
    }

    pub(super) fn running(thread: Box<dyn Send>, summary: Receiver<UpdateSummary>) -> Self {
        Self(UpdatesState::Running { thread, summary })
    }

    pub(super) fn finished(summary: UpdateSummary) -> Self {
        Self(UpdatesState::Finished(summary))
    }

    /// Waits for the update that is under way, for no longer than `patience`, and tells how all went.
    /// From now on no other is made.
    #[must_use]
    pub fn finish(self, patience: Duration) -> UpdateOutcome {
        match self.0 {
            UpdatesState::NotMade => UpdateOutcome::NotMade,
            UpdatesState::Finished(summary) => UpdateOutcome::Finished(summary),
            UpdatesState::Running { thread, summary } => {
                drop(thread);
                summary
                    .recv_timeout(patience)
                    .map_or(UpdateOutcome::CutOff, UpdateOutcome::Finished)
            }
        }
    }
}
