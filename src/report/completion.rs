//! The end of a run, as far as every run has one.

use std::time::{Duration, SystemTime};

#[cfg(target_os = "linux")]
use crate::supervise::Outcome;

/// Success or failure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run succeeded.
    Success,
    /// The run failed.
    Failure,
}

/// How a run ended, without what only a child process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Start of the run by the wall clock.
    pub started: SystemTime,
    /// End of the run by the wall clock.
    pub completed: SystemTime,
    /// Time between the two by the monotonic clock.
    pub duration: Duration,
    /// Success or failure.
    pub verdict: Verdict,
}

/// The end of a child process, without exit code, signal, time limit and resource usage.
#[cfg(target_os = "linux")]
impl From<&Outcome> for Completion {
    fn from(outcome: &Outcome) -> Self {
        Self {
            started: outcome.started,
            completed: outcome.completed,
            duration: outcome.duration,
            verdict: if outcome.is_success() {
                Verdict::Success
            } else {
                Verdict::Failure
            },
        }
    }
}
