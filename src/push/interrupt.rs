//! Stopping retries from another thread.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Degree to which a client has been told to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InterruptStage {
    #[default]
    Working,
    /// A request that is under way may end; nothing is tried again.
    LastTry,
    /// Nothing more is sent.
    ShutDown,
}

/// Lets one thread end the retries and pauses of another.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    stage: Mutex<InterruptStage>,
    changed: Condvar,
}

impl Interrupt {
    pub(super) fn stage(&self) -> InterruptStage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes to a later stage; never back.
    pub(super) fn advance(&self, to: InterruptStage) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        *stage = to.max(*stage);
        self.changed.notify_all();
    }

    /// Waits, and returns early when the stage is not [`InterruptStage::Working`].
    pub(super) fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        while *stage == InterruptStage::Working {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            stage = self
                .changed
                .wait_timeout(stage, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
