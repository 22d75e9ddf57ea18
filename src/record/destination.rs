//! The trait of everything that a run is reported to.

use crate::grouping::GroupingKey;

use super::delivery_error::DeliveryError;
use super::end::RunEnd;
use super::progress::Progress;
use super::update::RunUpdate;
use super::updates::Updates;

/// Something that a run is reported to.
///
/// The calls block their thread for as long as they take, one after the other. None of them is made on
/// the thread that waits for the job.
///
/// ```
/// use pushjob::grouping::GroupingKey;
/// use pushjob::record::{DeliveryError, Destination, Progress, RunEnd, RunUpdate, Updates};
///
/// struct Console;
///
/// impl Destination for Console {
///     fn name(&self, _: &GroupingKey) -> String {
///         "the console".to_owned()
///     }
///
///     fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError> {
///         println!("{} runs", update.key());
///         Ok(())
///     }
///
///     fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress) {
///         progress.updates(updates.finish(end.timeout()));
///         println!("{} has ended: {:?}", end.key(), end.verdict());
///         progress.run(Ok(None));
///     }
/// }
/// ```
pub trait Destination: Send + Sync {
    /// Name in messages: a URL without credentials, a path.
    fn name(&self, key: &GroupingKey) -> String;

    /// Tells of a start or a heartbeat, on a thread of its own. Where the call before is still under way
    /// the next is not made.
    ///
    /// # Errors
    ///
    /// The reason why it was not taken. It is reported when the run has ended.
    fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError>;

    /// Tells of the end, within [its time](RunEnd::remaining), and reports to `progress` as it goes.
    ///
    /// An update may still be under way: [`Updates::finish`] waits for it, so that it cannot come after
    /// the end.
    fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress);

    /// The one who sees to it that calls end in time. Defaults to the recorder.
    fn deadline(&self) -> DeadlineKeeper {
        DeadlineKeeper::Recorder
    }
}

/// The one who sees to it that the calls of a destination end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadlineKeeper {
    /// The destination itself, which never takes longer than it is given.
    Destination,
    /// The recorder: the end is told on a thread of its own, after all updates, and given up when its time
    /// is over.
    Recorder,
}
