use std::time::SystemTime;

use crate::metrics::Registry;
use crate::report::Verdict;

/// A run that goes on.
#[derive(Debug)]
pub struct Run {
    pub(super) registry: Registry,
    pub(super) started: SystemTime,
}

impl Run {
    /// The metrics that are delivered when the run has ended: an empty registry, or the one that the job
    /// [was given](super::BatchJob::registry).
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// When it was started, by the wall clock.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }
}

/// What a run can return: it says whether the run has succeeded.
pub trait JobResult {
    /// Whether it has.
    fn verdict(&self) -> Verdict;
}

/// Nothing can have failed, unless it panicked.
impl JobResult for () {
    fn verdict(&self) -> Verdict {
        Verdict::Success
    }
}

impl<T, E> JobResult for Result<T, E> {
    fn verdict(&self) -> Verdict {
        match self {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::Failure,
        }
    }
}
