//! The time that is left for an operation on a connection.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::time::{Duration as TimeoutDuration, Instant as TimeoutInstant};
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};

/// The time that is left to connect; the library counts from where it began.
pub(super) fn time_left(details: &ConnectionDetails) -> NextTimeout {
    let elapsed = match details.now {
        TimeoutInstant::Exact(begin) => begin.elapsed(),
        _ => Duration::ZERO,
    };
    NextTimeout {
        after: TimeoutDuration::Exact(details.timeout.after.saturating_sub(elapsed)),
        ..details.timeout
    }
}

/// The end of the time that an operation has.
pub(super) struct Deadline {
    pub(super) at: Instant,
    timeout: NextTimeout,
}

impl Deadline {
    pub(super) fn new(timeout: NextTimeout) -> Self {
        let now = Instant::now();
        let longest = Duration::from_secs(u64::from(u32::MAX));
        Self {
            at: now + (*timeout.after).min(longest),
            timeout,
        }
    }

    /// The time that is left, which is some.
    pub(super) fn left(&self) -> Result<Duration, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(self.missed())
        } else {
            Ok(left)
        }
    }

    pub(super) fn missed(&self) -> Error {
        Error::Timeout(self.timeout.reason)
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
