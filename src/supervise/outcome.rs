//! The result of a run.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use super::signal::Signal;

/// Reason why a job could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnFailure {
    /// There is no such command.
    NotFound,
    /// There is one, but the system does not run it.
    NotExecutable,
}

/// End of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It exited with a code.
    Exited(u8),
    /// A signal killed it.
    Killed(Signal),
    /// It never began.
    NotStarted {
        /// The reason, as far as exit codes tell.
        failure: SpawnFailure,
        /// The reason, in the system's words.
        reason: String,
    },
    /// It has ended, but the system had no status for it.
    Unknown {
        /// The reason, in the system's words.
        reason: String,
    },
}

impl Ending {
    pub(super) fn from_status(status: i32) -> Self {
        let status = ExitStatus::from_raw(status);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
            (None, Some(number)) => Self::Killed(Signal::from_number(number)),
            (None, None) => Self::Unknown {
                reason: format!("status {status}"),
            },
        }
    }

    pub(super) fn not_started(program: &OsStr, error: &io::Error) -> Self {
        let failure = if error.kind() == io::ErrorKind::NotFound {
            SpawnFailure::NotFound
        } else {
            SpawnFailure::NotExecutable
        };
        // The system says of a script that there is no such file when it means the interpreter in
        // its first line.
        let named = program.as_encoded_bytes().contains(&b'/');
        let reason = if failure == SpawnFailure::NotFound && named && Path::new(program).is_file() {
            "the interpreter in its first line was not found".to_owned()
        } else {
            error.to_string()
        };
        Self::NotStarted { failure, reason }
    }
}

/// Whether a job kept within its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeLimit {
    /// It had none, or ended before it.
    Kept,
    /// It was stopped.
    Exceeded,
}

/// Resources that a job used, it and the children that it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in user mode.
    pub cpu_user: Duration,
    /// Processor time in the kernel.
    pub cpu_system: Duration,
    /// The most memory that one of them held at a time, in bytes. Never less than what this process
    /// held when it started the job: Linux counts from before the exec.
    pub max_resident_memory_bytes: u64,
}

/// Result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Time of its start, by the wall clock.
    pub started: SystemTime,
    /// Time of its end, by the wall clock.
    pub completed: SystemTime,
    /// Duration of the run, by the monotonic clock.
    pub duration: Duration,
    /// The end of the job.
    pub ending: Ending,
    /// Whether it was stopped for its time limit.
    pub time_limit: TimeLimit,
    /// The first signal from outside that asked the job to stop while it ran: TERM, INT, QUIT, or the
    /// [stop signal](super::Job::stop_signal).
    pub interrupted: Option<Signal>,
    /// Number of processes that the kernel killed meanwhile because the control group of this process
    /// was out of memory. None where that cannot be read.
    pub oom_kills: Option<u64>,
    /// Resources that it used.
    pub usage: Usage,
}

impl Outcome {
    /// Whether it exited with 0, within its time and without having been asked to stop.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exited(0)
            && self.time_limit == TimeLimit::Kept
            && self.interrupted.is_none()
    }

    /// The code that a shell or `timeout` would report: the job's own; 128 and the signal that
    /// killed it; 124 when it was stopped for its time limit, 137 when that took a KILL; 126 and
    /// 127 when it could not be started; 255 when its status was lost.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let killed = |signal: Signal| u8::try_from(128 + signal.number()).unwrap_or(u8::MAX);
        match (&self.ending, self.time_limit) {
            (Ending::Killed(Signal::KILL), _) => killed(Signal::KILL),
            (Ending::Exited(_) | Ending::Killed(_), TimeLimit::Exceeded) => 124,
            (Ending::Exited(code), TimeLimit::Kept) => *code,
            (Ending::Killed(signal), TimeLimit::Kept) => killed(*signal),
            (Ending::NotStarted { failure, .. }, _) => match failure {
                SpawnFailure::NotExecutable => 126,
                SpawnFailure::NotFound => 127,
            },
            (Ending::Unknown { .. }, _) => u8::MAX,
        }
    }

    /// The signal that killed it.
    #[must_use]
    pub fn exit_signal(&self) -> Option<Signal> {
        match self.ending {
            Ending::Killed(signal) => Some(signal),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    /// Writes how it ended, as in `exited with 7` or `killed by TERM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ending {
            Ending::Exited(code) => write!(f, "exited with {code}"),
            Ending::Killed(signal) => write!(f, "killed by {signal}"),
            Ending::NotStarted { reason, .. } => write!(f, "not started: {reason}"),
            Ending::Unknown { reason } => write!(f, "ended, status lost: {reason}"),
        }
    }
}
