//! Where metric families go. A [`Sink`] takes changes of groups: the client of a gateway, a file for node exporter, or the
//! gateway in memory.
#![cfg_attr(
    all(feature = "scrape", unix),
    doc = "Where Prometheus comes for them itself, there is an endpoint to [scrape]."
)]

mod embedded;
#[cfg(any(target_os = "linux", all(feature = "scrape", unix)))]
mod relabel;
#[cfg(all(feature = "scrape", unix))]
pub mod scrape;
mod store;
#[cfg(target_os = "linux")]
mod textfile;

pub use embedded::EmbeddedGateway;
pub use store::{Group, GroupStore, InconsistentError};
#[cfg(target_os = "linux")]
pub use textfile::{Quarantined, Textfile, TextfileError, WrittenFile};

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::grouping::GroupingKey;
use crate::push::{Change, Delivered, PushError, Pushgateway, UnpushableError};

/// A change that a sink did not take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A gateway did not take it.
    #[error(transparent)]
    Push(#[from] PushError),
    /// The embedded gateway refused it, as a gateway would.
    #[error(transparent)]
    Inconsistent(#[from] InconsistentError),
    /// Refused before it was stored.
    #[error(transparent)]
    Unpushable(#[from] UnpushableError),
    /// What a sink of a program's own has to say.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    /// A textfile could not be written.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Textfile(#[from] TextfileError),
}

/// Something that takes changes of groups.
///
/// A [job in this process](crate::batch) asks all of its sinks at once, each on a thread of its own, and one sink for one thing after the
/// other. It waits for them: one that takes longer than it is told holds up the program.
pub trait Sink: Send + Sync {
    /// Delivers a change, within `timeout`, which may be zero, where there is something to wait for.
    ///
    /// # Errors
    ///
    /// [`SinkError`] when it was not taken.
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError>;
}

impl Sink for Pushgateway {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        Ok(self.deliver_within(key, change, timeout)?)
    }
}

/// Any of several.
impl<S: Sink + ?Sized> Sink for Box<S> {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        (**self).deliver(key, change, timeout)
    }
}

/// A sink that others use too.
impl<S: Sink + ?Sized> Sink for Arc<S> {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        (**self).deliver(key, change, timeout)
    }
}
