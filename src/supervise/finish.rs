//! Work that is left to do when a job has ended.

use std::sync::mpsc::{TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::event::JobEvent;
use super::group_left::LeftInGroup;
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
    /// The work took longer than it may.
    #[error("not done within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The work has panicked.
    #[error("it has panicked")]
    Panicked,
}

/// Work for a thread: behind a pointer, so that it is compiled once.
type Work<T> = Box<dyn FnOnce() -> T + Send>;

impl Supervisor {
    /// Does what is left to do when a job has ended, in a thread of its own, and returns the
    /// result. This waits no longer than `limit`.
    ///
    /// The first TERM, INT or QUIT that arrives meanwhile changes nothing; at a second, a tenth of
    /// a second later or more, this returns, and what goes on in the thread is left to itself.
    ///
    /// # Errors
    ///
    /// [`FinishError::GivenUp`], [`FinishError::TimedOut`] and [`FinishError::Panicked`].
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    ///
    /// use pushjob::supervise::{Job, Supervisor};
    ///
    /// let supervisor = Supervisor::new()?;
    /// let outcome = supervisor.run(&Job::shell("exit 7"), &mut |_| ());
    /// let limit = Duration::from_secs(1);
    /// let text = supervisor.finish(move || outcome.to_string(), limit, &mut |_| ());
    /// assert_eq!(text, Ok("exited with 7".to_owned()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn finish<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        limit: Duration,
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
            // The leader of a group that is left stays a zombie, and others with it, for that long.
            if self.is_reaper && self.left.borrow().is_none() {
                while let Ok(Some(_)) = next_change(WaitScope::AllChildren) {}
            }
            let left = limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(FinishError::TimedOut(limit));
            }
            let look = self.look_at_what_is_left(observe);
            let warning = interrupts.until_warning(begin.elapsed());
            let pause = [look, warning]
                .into_iter()
                .flatten()
                .fold(left, Duration::min);
            if let Some(received) = next_signal(&self.signals, Some(pause)) {
                if let Some(signal) = interrupts.on_signal(received, begin.elapsed()) {
                    return Err(FinishError::GivenUp(signal));
                }
            } else if let Some(signal) = interrupts.due_warning(begin.elapsed()) {
                observe(JobEvent::InterruptDeferred(signal));
            }
        }
    }
}

impl Supervisor {
    /// Waits until nobody is left in the group of a job that was stopped for its time limit, and no longer
    /// than its [`kill_after`](super::Job::kill_after): then those who are left are killed. A TERM, INT or
    /// QUIT that arrives meanwhile has them killed at once. Where nobody was left this returns at once.
    pub fn kill_what_is_left(&self, observe: &mut dyn FnMut(JobEvent)) {
        while let Some(pause) = self.look_at_what_is_left(observe) {
            let received = next_signal(&self.signals, Some(pause));
            if received.is_some_and(|received| received.signal.asks_for_end()) {
                self.kill_left();
            }
        }
    }

    /// Kills those who are left when it is time to. Returns the time until the next look.
    fn look_at_what_is_left(&self, observe: &mut dyn FnMut(JobEvent)) -> Option<Duration> {
        let state = self.left.borrow().as_ref()?.look(Instant::now());
        match state {
            LeftInGroup::Alive(pause) => return Some(pause),
            LeftInGroup::Empty => {}
            LeftInGroup::Killed => observe(JobEvent::Killing),
        }
        self.left.take();
        None
    }
}

/// Wakes the thread that waits for signals, at the end of another.
struct WakeOnDrop;

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        wake_main_thread();
    }
}
