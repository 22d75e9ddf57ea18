//! Exit codes, by reason.

use std::fmt::Display;
use std::process::ExitCode;

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Done,
    /// The metrics were refused, or the gateway did not take them.
    NotDone,
    /// The command line or the environment is wrong.
    WrongUsage,
    /// The command line of `run` is wrong, or with `--strict` the environment: nothing was run.
    NothingRun,
    /// The job ended with this code.
    Job(u8),
    /// With `--strict`: the job succeeded, its result could not be delivered.
    Undelivered,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::NotDone => 1,
            Exit::WrongUsage => 2,
            Exit::Undelivered => 123,
            Exit::NothingRun => 125,
            Exit::Job(code) => code,
        })
    }
}

/// The end of a command that failed, and the message that says why.
#[derive(Debug)]
pub(crate) struct CommandFailure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Exit {
    pub(crate) fn because(self, reason: impl Display) -> CommandFailure {
        CommandFailure {
            exit: self,
            message: reason.to_string(),
        }
    }
}

/// A message about a flag or a setting.
impl From<String> for CommandFailure {
    fn from(message: String) -> Self {
        Exit::WrongUsage.because(message)
    }
}
