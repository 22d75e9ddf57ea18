//! Why a result was not delivered, and what became of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::chain;
use crate::push::PushError;

/// Why a result was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDelivered {
    /// The gateway did not take it.
    #[error(transparent)]
    Push(#[from] PushError),
    /// Other processes were delivering to the group all the time.
    #[error("{url}: others were delivering to this group for {:.1} s", waited.as_secs_f64())]
    Busy {
        /// The URL of the group.
        url: String,
        /// The time for which it was waited for.
        waited: Duration,
    },
}

/// The place where a result is that was not delivered.
///
/// As text it is the end of a message about the delivery: `; kept in PATH`, `; set aside in PATH`
/// or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disposition {
    /// It waits in this file.
    Waiting(PathBuf),
    /// The gateway has refused it, and it is in this file for a person to look at.
    Refused(PathBuf),
    /// It could not be kept.
    Lost,
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(path) => write!(f, "; kept in {}", path.display()),
            Self::Refused(path) => write!(f, "; set aside in {}", path.display()),
            Self::Lost => Ok(()),
        }
    }
}

/// A result that was not delivered.
///
/// As text it is one line: the reason with its causes, and where the result is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Undelivered {
    /// Why it was not delivered.
    pub reason: NotDelivered,
    /// Where it is.
    pub disposition: Disposition,
}

impl Undelivered {
    /// One of which what waits is in this file, and what was refused in that.
    pub(super) fn new(
        reason: NotDelivered,
        waiting: Option<&Path>,
        refused: Option<&Path>,
    ) -> Self {
        let is_final = matches!(&reason, NotDelivered::Push(error) if error.is_final());
        let disposition = match (refused, waiting) {
            (Some(path), _) if is_final => Disposition::Refused(path.to_owned()),
            (_, Some(path)) => Disposition::Waiting(path.to_owned()),
            _ => Disposition::Lost,
        };
        Self {
            reason,
            disposition,
        }
    }
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", chain(&self.reason), self.disposition)
    }
}
