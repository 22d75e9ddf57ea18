//! The question which groups a gateway holds, and its bounds.

use std::time::{Duration, SystemTime};

/// What is read of the groups of a gateway, and how much at most.
#[derive(Clone, Debug)]
#[must_use]
pub struct GroupQuery {
    pub(in crate::push) prefix: Option<String>,
    pub(in crate::push) max_bytes: u64,
    pub(in crate::push) timeout: Option<Duration>,
}

impl GroupQuery {
    /// The labels and push times of all groups, without values, of at most 512 MiB, within the
    /// client's timeout.
    pub fn new() -> Self {
        Self {
            prefix: None,
            max_bytes: 512 << 20,
            timeout: None,
        }
    }

    /// The values of metrics whose names begin with this too. Defaults to none.
    pub fn values_of(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Maximum length of the response in bytes. Defaults to 512 MiB.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Time for all of it. Defaults to the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl Default for GroupQuery {
    fn default() -> Self {
        Self::new()
    }
}

/// The end of a read of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupsRead {
    /// The gateway's clock when it responded, where it says it.
    pub date: Option<SystemTime>,
}

impl GroupsRead {
    pub(in crate::push) fn new(date: Option<SystemTime>) -> Self {
        Self { date }
    }
}
