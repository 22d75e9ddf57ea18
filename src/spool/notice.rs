//! Everything that there is to report of a delivery beside its result.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use humantime::format_duration;

use crate::chain;
use crate::push::PushError;

use super::error::SpoolError;
use super::undelivered::{Disposition, Undelivered};

/// Something to report of a spool, beside the result of a delivery. As text it is a message of one
/// line.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpoolNotice {
    /// Something is wrong with the spool.
    Trouble {
        /// The error.
        error: SpoolError,
        /// True when a result is lost for it.
        is_result_lost: bool,
    },
    /// The gateway has refused results of earlier runs, which took nothing else along.
    EarlierRefused {
        /// Why it refused them.
        error: PushError,
        /// The file where they are now.
        path: Option<PathBuf>,
    },
    /// Results of earlier runs were delivered.
    DeliveredLate {
        /// The URL of the group.
        url: String,
        /// The time since the first of the runs had ended, in whole seconds.
        age: Duration,
        /// The number of runs.
        runs: u64,
    },
    /// A run was killed with all who could have reported it. It counts as failed.
    KilledRun {
        /// The URL of the group.
        url: String,
        /// When it was started.
        since: SystemTime,
    },
    /// Results of earlier runs could still not be delivered.
    EarlierUndelivered(Undelivered),
}

impl SpoolNotice {
    /// Something wrong with the spool that has cost no result.
    #[must_use]
    pub fn trouble(error: SpoolError) -> Self {
        Self::Trouble {
            error,
            is_result_lost: false,
        }
    }

    /// Returns true for what a person should see, and false for what only explains why results
    /// still wait.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::EarlierUndelivered(undelivered) => {
                matches!(undelivered.disposition, Disposition::Refused(_))
            }
            _ => true,
        }
    }
}

impl fmt::Display for SpoolNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trouble {
                error,
                is_result_lost,
            } => {
                f.write_str(&chain(error))?;
                if *is_result_lost {
                    f.write_str("; what was not delivered is lost")?;
                }
                Ok(())
            }
            Self::EarlierRefused { error, path } => {
                let error = chain(error);
                write!(f, "cannot push what an earlier run had left: {error}")?;
                match path {
                    Some(path) => Disposition::Refused(path.clone()).fmt(f),
                    None => Ok(()),
                }
            }
            Self::DeliveredLate { url, age, runs } => {
                let age = format_duration(*age);
                write!(f, "delivered to {url} what ")?;
                match runs {
                    1 => write!(f, "an earlier run had left {age} ago"),
                    _ => write!(f, "{runs} earlier runs had left, the first {age} ago"),
                }
            }
            Self::KilledRun { url, since } => {
                let age = format_duration(age(*since));
                write!(
                    f,
                    "{url}: a run that began {age} ago was killed before it could report its end; it \
                     counts as failed"
                )
            }
            Self::EarlierUndelivered(undelivered) => {
                write!(f, "cannot push what was kept: {undelivered}")
            }
        }
    }
}

/// The time that has passed since then, in whole seconds.
pub(super) fn age(since: SystemTime) -> Duration {
    let age = SystemTime::now().duration_since(since).unwrap_or_default();
    Duration::from_secs(age.as_secs())
}
