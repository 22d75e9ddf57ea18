//! The thread of a destination: makes its updates, one after the other, and its end where that may hang.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::delivery_error::DeliveryError;
use super::destination::Destination;
use super::end::RunEnd;
use super::panic::Panicked;
use super::progress::Progress;
use super::update::{Content, RunUpdate, UpdateSummary};
use super::updates::Updates;

/// The thread of one destination. It ends when this is dropped.
pub(super) struct Worker {
    tasks: Sender<Task>,
    /// Whether the thread waits for something to do.
    is_free: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    summary: Receiver<UpdateSummary>,
}

enum Task {
    Update(RunUpdate),
    End(EndTask),
}

/// The end of a run, to be told after all updates.
struct EndTask {
    end: Arc<RunEnd>,
    progress: Progress,
    /// Dropped when the destination has come to its end.
    done: SyncSender<Result<(), Panicked>>,
}

impl Worker {
    /// Starts the thread. `idle` is called whenever an update has been made.
    pub(super) fn start(destination: Arc<dyn Destination>, idle: fn()) -> io::Result<Self> {
        let (tasks, waiting) = channel();
        let (send, summary) = sync_channel(1);
        let is_free = Arc::new(AtomicBool::new(true));
        let freed = Arc::clone(&is_free);
        thread::Builder::new().spawn(move || {
            let mut summary = UpdateSummary::default();
            for task in waiting {
                match task {
                    Task::Update(update) => summary.count(make(&*destination, &update)),
                    Task::End(task) => return task.run(&*destination, summary),
                }
                freed.store(true, Ordering::Release);
                idle();
            }
            // Nobody may be left to receive it; then nobody wants it.
            let _ = send.send(summary);
        })?;
        Ok(Self {
            tasks,
            is_free,
            ended: Arc::new(AtomicBool::new(false)),
            summary,
        })
    }

    /// Has an update made, unless the one before is still under way: nothing is ever queued.
    pub(super) fn update(&self, content: &Arc<Content>) {
        if self.is_free.swap(false, Ordering::Acquire) {
            let update = RunUpdate::new(Arc::clone(content), Arc::clone(&self.ended));
            // A thread that has ended has nobody who could tell.
            let _ = self.tasks.send(Task::Update(update));
        }
    }

    /// The updates, of which one may still be under way. No other is begun.
    pub(super) fn into_updates(self) -> Updates {
        self.ended.store(true, Ordering::Release);
        Updates::running(Box::new(self.tasks), self.summary)
    }

    /// Has the end told when the updates have come to their end, and waits for that.
    ///
    /// # Errors
    ///
    /// [`GivenUp`] when it takes longer than `patience`, or the destination panics.
    pub(super) fn end(
        self,
        end: &Arc<RunEnd>,
        progress: &Progress,
        patience: Duration,
    ) -> Result<(), GivenUp> {
        self.ended.store(true, Ordering::Release);
        let (done, is_done) = sync_channel(1);
        let task = EndTask {
            end: Arc::clone(end),
            progress: progress.clone(),
            done,
        };
        let _ = self.tasks.send(Task::End(task));
        match is_done.recv_timeout(patience) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(panicked)) => Err(GivenUp::Panicked(panicked)),
            Err(RecvTimeoutError::Timeout) => Err(GivenUp::TooSlow(end.timeout())),
            // Nothing ends the thread without a word.
            Err(RecvTimeoutError::Disconnected) => Err(GivenUp::Panicked(Panicked::silently())),
        }
    }
}

/// Reason why a destination has not come to its end.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum GivenUp {
    #[error("not delivered within {} s", .0.as_secs_f64())]
    TooSlow(Duration),
    #[error("the destination {0}")]
    Panicked(Panicked),
}

impl EndTask {
    fn run(self, destination: &dyn Destination, summary: UpdateSummary) {
        let Self {
            end,
            progress,
            done,
        } = self;
        let updates = Updates::finished(summary);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            destination.end(&end, updates, &progress);
        }));
        let _ = done.send(ended.map_err(Panicked::of));
    }
}

fn make(destination: &dyn Destination, update: &RunUpdate) -> Result<(), DeliveryError> {
    let made = catch_unwind(AssertUnwindSafe(|| destination.update(update)));
    made.unwrap_or_else(|payload| Err(GivenUp::Panicked(Panicked::of(payload)).into()))
}

impl UpdateSummary {
    fn count(&mut self, made: Result<(), DeliveryError>) {
        match made {
            Ok(()) => self.delivered += 1,
            Err(error) => {
                self.failed += 1;
                self.last_error = Some(error);
            }
        }
    }
}
