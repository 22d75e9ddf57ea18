//! What is left to do when a job has ended.

use std::sync::mpsc::{TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::job_control::{ControlAction, ControlEvent, ControlState, Placement};
use super::signal::{Signal, SignalTarget};
use super::supervisor::{Moment, Supervisor};
use super::sys::signals::{next_signal, wake_main_thread};
use super::sys::wait::{WaitScope, next_change};

/// Why what [`Supervisor::finish`] did has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfinished {
    /// This signal was the second that asked for an end.
    #[error("given up, as {0} was the second signal to ask for an end")]
    GivenUp(Signal),
    /// It has panicked.
    #[error("it has panicked")]
    Panicked,
}

/// How long after the first signal that asks for an end another one counts. `timeout` sends its signal to the process and
/// to its group, and systemd may to both.
const SETTLING: Duration = Duration::from_millis(100);

impl Supervisor {
    /// Does what is left to do when a job has ended, in a thread of its own, and returns what that returns. How long it
    /// may take is for the work to say: this waits for it.
    ///
    /// The first TERM, INT or QUIT that arrives meanwhile changes nothing; at a second, a tenth of a second later or more,
    /// this returns, and what goes on in the thread is left to itself.
    ///
    /// # Errors
    ///
    /// [`Unfinished::GivenUp`], and [`Unfinished::Panicked`].
    ///
    /// ```standalone_crate
    /// use pushjob::supervise::{Job, Supervisor};
    ///
    /// let supervisor = Supervisor::new()?;
    /// let outcome = supervisor.run(&Job::shell("exit 7"), &mut |_| ());
    /// let told = supervisor.finish(move || outcome.to_string(), &mut |_| ());
    /// assert_eq!(told, Ok("exited with 7".to_owned()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn finish<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        observe: &mut dyn FnMut(Moment),
    ) -> Result<T, Unfinished> {
        // What has come by now was about the job, which is no more.
        drop(self.pending());
        let (sender, result) = sync_channel(1);
        let work = Arc::new(Mutex::new(Some(work)));
        let taken = move || work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let take = taken.clone();
        let thread = thread::Builder::new().spawn(move || {
            let _wake = Wake;
            // Goes before the waking does, also when the work panics.
            let sender = sender;
            if let Some(work) = take() {
                // Nobody may be left to receive it; then nobody wants it.
                let _ = sender.send(work());
            }
        });
        if thread.is_err() {
            // Without a thread it cannot be given up, but it is done.
            return taken().map(|work| work()).ok_or(Unfinished::Panicked);
        }
        let placement = Placement {
            target: SignalTarget::Group,
            shares_group: false,
            job_has_foreground: false,
            leads_session: false,
        };
        let mut state = ControlState::Delivering;
        let mut settled_at = None;
        loop {
            match result.try_recv() {
                Ok(result) => return Ok(result),
                Err(TryRecvError::Disconnected) => return Err(Unfinished::Panicked),
                Err(TryRecvError::Empty) => {}
            }
            if self.reaper {
                while let Ok(Some(_)) = next_change(WaitScope::AllChildren) {}
            }
            let limit = match state {
                ControlState::Noted(_) => {
                    let at = *settled_at.get_or_insert_with(|| Instant::now() + SETTLING);
                    Some(at.saturating_duration_since(Instant::now()))
                }
                _ => None,
            };
            let event = match next_signal(&self.signals, limit) {
                Some(received) => ControlEvent::Signal(received),
                None if limit == Some(Duration::ZERO) => ControlEvent::Settled,
                None => continue,
            };
            let (next, action) = state.on(event, placement);
            state = next;
            match action {
                Some(ControlAction::WarnInterrupt(signal)) => observe(Moment::Insisting(signal)),
                Some(ControlAction::GiveUp(signal)) => return Err(Unfinished::GivenUp(signal)),
                Some(ControlAction::Forward(_) | ControlAction::Suspend(_)) | None => {}
            }
        }
    }
}

/// Wakes the thread that waits for signals, at the end of another.
struct Wake;

impl Drop for Wake {
    fn drop(&mut self) {
        wake_main_thread();
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal, Unfinished};

    #[test]
    fn what_was_not_finished_says_why() {
        for (unfinished, text) in [
            (
                Unfinished::GivenUp(Signal::INT),
                "given up, as INT was the second signal to ask for an end",
            ),
            (Unfinished::Panicked, "it has panicked"),
        ] {
            assert_eq!(unfinished.to_string(), text);
        }
    }
}
