//! Success, failure or skip: what the end of a child process means.

use crate::supervise::{Ending, Outcome, TimeLimit};

use super::completion::{Completion, Verdict};
use super::exit_codes::ExitCodes;

/// What the end of a child process means. By default only an exit with 0 is a success, within its time
/// and without having been asked to stop; and nothing is a skip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerdictRules {
    /// Exit codes beside 0 that are a success, too.
    pub success_codes: ExitCodes,
    /// Exit codes that say that there was nothing to do this time.
    pub skip_codes: ExitCodes,
    /// What an exit with a code of success means after a signal from outside that asked to stop.
    pub interrupted: InterruptedVerdict,
}

/// What an exit with a code of success means after a signal from outside that asked the job to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterruptedVerdict {
    /// A failure: the job may have left work undone.
    #[default]
    Failure,
    /// A success all the same.
    Success,
}

impl VerdictRules {
    /// Whether a code is a success.
    #[must_use]
    pub fn is_success(&self, code: u8) -> bool {
        code == 0 || self.success_codes.contain(code)
    }

    /// A code that is in both lists.
    #[must_use]
    pub fn conflict(&self) -> Option<u8> {
        (0..=u8::MAX).find(|code| self.is_success(*code) && self.skip_codes.contain(*code))
    }

    /// What an end means. A job that was stopped for its time limit has failed whatever its code, and so
    /// has one that a signal has killed.
    #[must_use]
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        let Ending::Exited(code) = outcome.ending else {
            return Verdict::Failure;
        };
        let is_kept = outcome.time_limit == TimeLimit::Kept;
        let counts =
            outcome.interrupted.is_none() || self.interrupted == InterruptedVerdict::Success;
        if is_kept && self.skip_codes.contain(code) {
            Verdict::Skipped
        } else if is_kept && counts && self.is_success(code) {
            Verdict::Success
        } else {
            Verdict::Failure
        }
    }
}

impl Completion {
    /// The end of a child process, without what only a process has.
    #[must_use]
    pub fn of_process(outcome: &Outcome, verdict: Verdict) -> Self {
        Self {
            started: outcome.started,
            completed: outcome.completed,
            duration: outcome.duration,
            verdict,
        }
    }
}
