//! The end of a run, as far as every run has one.

use std::time::{Duration, SystemTime};

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run succeeded.
    Success,
    /// The run failed.
    Failure,
    /// There was nothing to do this time: all that is recorded is when that was.
    Skipped,
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
    /// Success, failure or skip.
    pub verdict: Verdict,
}
