use std::fmt;
use std::io;
use std::iter;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::command::Job;
use super::course::{Action, Course};
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::signal::Signal;
use super::spawn::spawn;
use super::sys::{self, Inherited, Recipient, SignalSet};

/// The signals that are passed on to the job.
const FORWARDED: [Signal; 3] = [Signal::HUP, Signal::INT, Signal::TERM];

/// Something that happens while a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// The job was started at this time, and has run for as long as [`Job::announce_after`] says.
    StartDue(SystemTime),
    /// Its time is up, and this signal was sent.
    Stopping(Signal),
    /// It did not end after that, and was sent a KILL.
    Killing,
}

/// Runs jobs and passes signals on to them.
///
/// While it exists, HUP, INT and TERM do not act on the thread that made it. They are passed on to the job that runs,
/// at once when one is started; those that arrive when none runs any more are dropped with it.
///
/// There is one at a time, and it stays in its thread: two would take each other's signals.
pub struct Supervisor {
    signals: SignalSet,
    inherited: Inherited,
    /// Neither `Send` nor `Sync`.
    in_this_thread: PhantomData<*const ()>,
}

/// Whether there is a supervisor in this process.
static SUPERVISED: AtomicBool = AtomicBool::new(false);

impl Supervisor {
    /// Takes over the signals of this thread.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when there is a supervisor in this process; otherwise what the system says, which
    /// has no reason to refuse.
    pub fn new() -> io::Result<Self> {
        if SUPERVISED.swap(true, Ordering::Acquire) {
            let message = "there is a supervisor in this process already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let signals = SignalSet::new(FORWARDED.into_iter().chain([Signal::CHLD]));
        let inherited = sys::take_over(&signals).inspect_err(|_| {
            SUPERVISED.store(false, Ordering::Release);
        })?;
        Ok(Self {
            signals,
            inherited,
            in_this_thread: PhantomData,
        })
    }

    /// Runs a job to its end. A job that cannot be started is an outcome like any other.
    ///
    /// `observe` is called between the events that it tells of, so it should return soon.
    pub fn run(&self, job: &Job, observe: &mut dyn FnMut(Moment)) -> Outcome {
        // With a controlling terminal the job stays in our process group, so that the keys of the terminal reach it and
        // it may read from it. Without one it leads a group of its own, so that signals reach its children too.
        let recipient = if sys::has_terminal() {
            Recipient::Process
        } else {
            Recipient::Group
        };
        // What has come by now came before there was a job, whomever it was sent to.
        let early = self.pending();
        let run = Run {
            signals: &self.signals,
            started: SystemTime::now(),
            begin: Instant::now(),
        };
        match spawn(job, &self.inherited, recipient) {
            Ok(pid) => {
                for signal in early {
                    sys::send(signal, pid, recipient);
                }
                run.supervise(pid, Course::new(job.limits, recipient), observe)
            }
            Err(error) => run.outcome(
                Ending::not_started(job.program(), &error),
                TimeLimit::Kept,
                Usage::default(),
            ),
        }
    }

    /// The signals that wait to be passed on.
    fn pending(&self) -> Vec<Signal> {
        let next = || sys::next_signal(&self.signals, Some(Duration::ZERO));
        let signals = iter::from_fn(next).map(|received| received.signal);
        signals.filter(|signal| *signal != Signal::CHLD).collect()
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.pending());
        SUPERVISED.store(false, Ordering::Release);
        // There is nobody to tell, and the system has no reason to refuse.
        let _ = self.inherited.restore();
    }
}

/// One run.
struct Run<'a> {
    signals: &'a SignalSet,
    started: SystemTime,
    begin: Instant,
}

impl Run<'_> {
    fn supervise(&self, pid: i32, mut course: Course, observe: &mut dyn FnMut(Moment)) -> Outcome {
        let (ending, usage) = loop {
            match sys::try_wait(pid) {
                Ok(None) => {}
                Ok(Some((status, usage))) => break (Ending::from_status(status), usage),
                Err(error) => {
                    let reason = error.to_string();
                    break (Ending::Unknown { reason }, Usage::default());
                }
            }
            let recipient = course.recipient();
            let now = self.begin.elapsed();
            let action = course.due(now).or_else(|| {
                let limit = course.next_due().map(|due| due.saturating_sub(now));
                let received = sys::next_signal(self.signals, limit)?;
                course.on_signal(received)
            });
            match action {
                Some(Action::ReleaseText) => sys::release_text(),
                Some(Action::Announce) => observe(Moment::StartDue(self.started)),
                Some(Action::Forward(signal)) => sys::send(signal, pid, recipient),
                Some(Action::Stop(signal)) => {
                    sys::send(signal, pid, recipient);
                    sys::send(Signal::CONT, pid, recipient);
                    observe(Moment::Stopping(signal));
                }
                Some(Action::Kill) => {
                    sys::send(Signal::KILL, pid, recipient);
                    observe(Moment::Killing);
                }
                None => {}
            }
        };
        let time_limit = if course.timed_out() {
            TimeLimit::Exceeded
        } else {
            TimeLimit::Kept
        };
        self.outcome(ending, time_limit, usage)
    }

    fn outcome(&self, ending: Ending, time_limit: TimeLimit, usage: Usage) -> Outcome {
        Outcome {
            started: self.started,
            completed: SystemTime::now(),
            duration: self.begin.elapsed(),
            ending,
            time_limit,
            usage,
        }
    }
}
