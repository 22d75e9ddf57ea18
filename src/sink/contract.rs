//! The trait of sinks, and its error.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::grouping::GroupingKey;
use crate::push::{Change, Delivered, UnpushableError};

use super::store::InconsistentError;
#[cfg(target_os = "linux")]
use super::textfile::TextfileError;

/// A change that a sink did not take.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The embedded gateway refused it, as a gateway would.
    #[error(transparent)]
    Inconsistent(#[from] InconsistentError),
    /// Refused before it was stored.
    #[error(transparent)]
    Unpushable(#[from] UnpushableError),
    /// The error of a sink of a program's own.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    /// A textfile could not be written.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Textfile(#[from] TextfileError),
}

/// Something that takes changes of groups, for a destination of a program's own: [`job`](crate::job) takes
/// any sink.
///
/// ```
/// use std::sync::mpsc::Sender;
/// use std::time::Duration;
///
/// use pushjob::exposition::encode;
/// use pushjob::grouping::GroupingKey;
/// use pushjob::push::{Change, Delivered};
/// use pushjob::sink::{Sink, SinkError};
///
/// struct Channel(Sender<String>);
///
/// impl Sink for Channel {
///     fn deliver(
///         &self,
///         key: &GroupingKey,
///         change: Change<'_>,
///         _: Duration,
///     ) -> Result<Delivered, SinkError> {
///         let text = change.families().map(encode).unwrap_or_default();
///         let sent = self.0.send(format!("{key}\n{text}"));
///         sent.map_err(|error| SinkError::Other(error.into()))?;
///         Ok(Delivered::new(1, Duration::ZERO))
///     }
/// }
///
/// let (send, changes) = std::sync::mpsc::channel();
/// pushjob::job("etl").sink(Channel(send)).run(|_| ());
/// assert!(changes.recv().unwrap().contains("batch_job_success 1\n"));
/// ```
///
/// A job asks all of its sinks in parallel, each on a thread of its own, and one sink for one thing after
/// the other. A sink that takes longer than the time of the job is given up.
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

    /// Name in messages. Defaults to `the sink`.
    fn name(&self) -> String {
        "the sink".to_owned()
    }
}

/// Implements the trait for a pointer to a sink.
macro_rules! forward {
    ($pointer:ident) => {
        impl<S: Sink + ?Sized> Sink for $pointer<S> {
            fn deliver(
                &self,
                key: &GroupingKey,
                change: Change<'_>,
                timeout: Duration,
            ) -> Result<Delivered, SinkError> {
                (**self).deliver(key, change, timeout)
            }

            fn name(&self) -> String {
                (**self).name()
            }
        }
    };
}

forward!(Arc);
forward!(Box);
