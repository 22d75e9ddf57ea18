//! The supervisor of jobs, which has the signals of the process.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use super::command::Job;
use super::deadlines::Deadlines;
use super::event::JobEvent;
use super::group_left::GroupLeft;
use super::job_control::JobState;
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::running::{JobEnd, RunStart, RunningJob};
use super::signal::SignalTarget;
use super::spawn::spawn;
use super::sys::process::{is_main_thread, is_reaper};
use super::sys::signals::{InheritedSignals, SignalSet, block_signals};
use super::sys::terminal::has_terminal;
use super::sys::wait::WaitScope;

/// Runs jobs and passes signals on to them.
///
/// While it exists no signal that can be blocked acts on the thread that made it, or on threads
/// that this one has started since. They are passed on to the job that runs, each once: those that
/// came before it was started, at once then; not those that a terminal has sent to the job too,
/// because the two share a process group; and not those that this process sends itself while a job
/// runs, or the CHLD for its children. Those that arrive when no job runs any more are dropped with
/// it. A value that comes with a signal (`sigqueue`) is not passed on. Signals 32 and 33, which the
/// C library keeps for itself, act as usual.
///
/// Where processes that lose their parent become children of this one, as they do in the first
/// process of a PID namespace, it waits for all children that end, so that none stays a zombie.
///
/// There is one at a time, and it stays in its thread: two would take each other's signals.
pub struct Supervisor {
    pub(super) signals: SignalSet,
    inherited: InheritedSignals,
    pub(super) is_reaper: bool,
    /// What the last job has left in its group, to be killed.
    pub(super) left: RefCell<Option<GroupLeft>>,
    /// Neither `Send` nor `Sync`.
    in_this_thread: PhantomData<*const ()>,
}

/// Whether there is a supervisor in this process.
static SUPERVISED: AtomicBool = AtomicBool::new(false);

impl Supervisor {
    /// Takes over the signals of this thread, which must be the main thread of the process: what
    /// asks the process as a whole whether a signal is wanted, asks that one. Other threads must be
    /// started later: one that does not block the signals takes them, and the end of the job with
    /// them.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when there is a supervisor in this process,
    /// [`io::ErrorKind::InvalidInput`] in another thread than the main one; otherwise what the
    /// system says, which has no reason to refuse.
    ///
    /// ```standalone_crate
    /// use std::io::ErrorKind;
    ///
    /// use pushjob::supervise::Supervisor;
    ///
    /// let first = Supervisor::new()?;
    /// assert_eq!(Supervisor::new().unwrap_err().kind(), ErrorKind::AlreadyExists);
    /// drop(first);
    /// assert!(Supervisor::new().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        if !is_main_thread() {
            let message = "a supervisor belongs in the main thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if SUPERVISED.swap(true, Ordering::Acquire) {
            let message = "there is a supervisor in this process already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let signals = SignalSet::all();
        let inherited = block_signals(&signals).inspect_err(|_| {
            SUPERVISED.store(false, Ordering::Release);
        })?;
        Ok(Self {
            signals,
            inherited,
            is_reaper: is_reaper(),
            left: RefCell::default(),
            in_this_thread: PhantomData,
        })
    }

    /// Runs a job to its end. A job that cannot be started is an outcome like any other.
    ///
    /// Where this process has a controlling terminal the job stays in its process group, so that
    /// the keys of the terminal reach it and it may read from it; when such a job is stopped by the
    /// terminal, or stops in answer to it, this process stops too. Without a terminal it leads a
    /// group of its own, and signals go to that group.
    ///
    /// A job that was stopped for its time limit may leave processes in the group that it leads. They have
    /// the rest of its [`kill_after`](Job::kill_after): this returns at once, and they are killed by
    /// [`finish`](Self::finish) or [`kill_what_is_left`](Self::kill_what_is_left) when that has passed, or
    /// when the next job is run or this is dropped.
    ///
    /// `observe` is called in this thread, which does nothing else meanwhile, so it should return
    /// soon.
    pub fn run(&self, job: &Job, observe: &mut dyn FnMut(JobEvent)) -> Outcome {
        let target = if has_terminal() {
            SignalTarget::Process
        } else {
            SignalTarget::Group
        };
        self.kill_left();
        let start = RunStart::now();
        // What has come right before the job is made came before it, whomever it was sent to. From
        // the moment in which the system makes it, the system sees to it that what is sent to our
        // group reaches both. A key of the terminal that falls between the two, a few microseconds,
        // is lost.
        let mut early = Vec::new();
        let drain = &mut || early.extend(self.signals.drain());
        let pid = match spawn(job, &self.inherited, target, drain) {
            Ok(pid) => pid,
            Err(error) => {
                let ending = Ending::not_started(job.program(), &error);
                return start.outcome(JobEnd {
                    ending,
                    time_limit: TimeLimit::Kept,
                    interrupted: None,
                    usage: Usage::default(),
                });
            }
        };
        let scope = if self.is_reaper {
            WaitScope::AllChildren
        } else {
            WaitScope::Child(pid)
        };
        let running = RunningJob {
            pid,
            target,
            signals: &self.signals,
            scope,
            start,
            state: JobState::Running,
            interrupted: None,
            deadlines: Deadlines::new(job.limits),
            observe,
        };
        let (outcome, left) = running.supervise(early);
        self.left.replace(left);
        outcome
    }

    /// Kills at once what the last job has left.
    pub(super) fn kill_left(&self) {
        if let Some(left) = self.left.take() {
            left.kill();
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.kill_left();
        self.signals.drain();
        SUPERVISED.store(false, Ordering::Release);
        // There is nobody to tell, and the system has no reason to refuse.
        let _ = self.inherited.restore();
    }
}
