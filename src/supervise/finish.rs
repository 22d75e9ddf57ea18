//! Work that is left to do when a job has ended.

use std::sync::mpsc::{TryRecvError, sync_channel};
use std::thread;
use std::time::Instant;

use super::event::JobEvent;
use super::interrupts::Interrupts;
use super::signal::Signal;
use super::supervisor::Supervisor;
use super::sys::signals::{next_signal, wake_main_thread};
use super::sys::wait::{WaitScope, next_change};

/// Reason why the work of [`Supervisor::finish`] has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// This signal was the second that asked for an end.
    #[error("given up, as {0} was the second signal to ask for an end")]
    GivenUp(Signal),
    /// The work has panicked.
    #[error("it has panicked")]
    Panicked,
}

/// Work for a thread: behind a pointer, so that it is compiled once.
type Work<T> = Box<dyn FnOnce() -> T + Send>;

impl Supervisor {
    /// Does what is left to do when a job has ended, in a thread of its own, and returns the
    /// result. How long it may take is for the work to say: this waits for it.
    ///
    /// The first TERM, INT or QUIT that arrives meanwhile changes nothing; at a second, a tenth of
    /// a second later or more, this returns, and what goes on in the thread is left to itself.
    ///
    /// # Errors
    ///
    /// [`FinishError::GivenUp`], and [`FinishError::Panicked`].
    ///
    /// ```standalone_crate
    /// use pushjob::supervise::{Job, Supervisor};
    ///
    /// let supervisor = Supervisor::new()?;
    /// let outcome = supervisor.run(&Job::shell("exit 7"), &mut |_| ());
    /// let text = supervisor.finish(move || outcome.to_string(), &mut |_| ());
    /// assert_eq!(text, Ok("exited with 7".to_owned()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn finish<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        observe: &mut dyn FnMut(JobEvent),
    ) -> Result<T, FinishError> {
        // What has come by now was about the job, which is no more.
        self.signals.drain();
        let work: Work<T> = Box::new(work);
        let (hand_over, handed_over) = sync_channel::<Work<T>>(1);
        let (sender, result) = sync_channel(1);
        let thread = thread::Builder::new().spawn(move || {
            let _wake = WakeOnDrop;
            // Goes before the waking does, also when the work panics.
            let sender = sender;
            if let Ok(work) = handed_over.recv() {
                // Nobody may be left to receive it; then nobody wants it.
                let _ = sender.send(work());
            }
        });
        if thread.is_err() {
            // Without a thread it cannot be given up, but it is done.
            return Ok(work());
        }
        // The thread takes it in any case.
        let _ = hand_over.send(work);
        let begin = Instant::now();
        let mut interrupts = Interrupts::Absent;
        loop {
            match result.try_recv() {
                Ok(result) => return Ok(result),
                Err(TryRecvError::Disconnected) => return Err(FinishError::Panicked),
                Err(TryRecvError::Empty) => {}
            }
            if self.is_reaper {
                while let Ok(Some(_)) = next_change(WaitScope::AllChildren) {}
            }
            let limit = interrupts.until_warning(begin.elapsed());
            if let Some(received) = next_signal(&self.signals, limit) {
                if let Some(signal) = interrupts.on_signal(received, begin.elapsed()) {
                    return Err(FinishError::GivenUp(signal));
                }
            } else if let Some(signal) = interrupts.due_warning(begin.elapsed()) {
                observe(JobEvent::InterruptDeferred(signal));
            }
        }
    }
}

/// Wakes the thread that waits for signals, at the end of another.
struct WakeOnDrop;

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        wake_main_thread();
    }
}
