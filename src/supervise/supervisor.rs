//! Running a job to its end.

use std::fmt;
use std::io;
use std::iter;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::command::Job;
use super::deadlines::{Deadlines, Due};
use super::job_control::{ControlAction, ControlEvent, ControlState, Placement};
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};
use super::spawn::spawn;
use super::sys::memory::trim_memory;
use super::sys::process::{is_main_thread, is_reaper, leads_session, shares_group};
use super::sys::signals::{self, InheritedSignals, SignalSet, block_signals, next_signal};
use super::sys::terminal::{has_foreground, has_terminal};
use super::sys::wait::{ChildChange, WaitScope, next_change};

/// Something that happens while a job runs, or while its result is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// The job was started at this time, and has run for as long as [`Job::trim_memory_after`] says; what that asks for has been done.
    Settled(SystemTime),
    /// The job was started at this time, and has run for as long as [`Job::announce_after`] says.
    StartDue(SystemTime),
    /// The job was started at this time and still runs, and another [`Job::heartbeat`] has passed.
    HeartbeatDue(SystemTime),
    /// Its time is up, and this signal was sent.
    Stopping(Signal),
    /// It did not end after that, or after a signal that was passed on, and was sent a KILL.
    Killing,
    /// The system does not let us send it this signal, because it runs as another user.
    Refused(Signal),
    /// What [`Supervisor::finish`] does goes on although this signal has asked for an end, a tenth of a second ago; from
    /// now on a second one ends it.
    Insisting(Signal),
}

/// Runs jobs and passes signals on to them.
///
/// While it exists no signal that can be blocked acts on the thread that made it, or on threads that this one has
/// started since. They are passed on to the job that runs, each once: those that came before it was started, at once
/// then; not those that a terminal has sent to the job too, because the two share a process group; and not those that
/// this process sends itself while a job runs, or the CHLD for its children. Those that arrive when no job runs any more
/// are dropped with it. A value that comes with a signal (`sigqueue`) is not passed on. Signals 32 and 33, which the C
/// library keeps for itself, act as usual.
///
/// Where processes that lose their parent become children of this one, as they do in the first process of a PID
/// namespace, it waits for all children that end, so that none stays a zombie.
///
/// There is one at a time, and it stays in its thread: two would take each other's signals.
pub struct Supervisor {
    pub(super) signals: SignalSet,
    inherited: InheritedSignals,
    pub(super) reaper: bool,
    /// Neither `Send` nor `Sync`.
    in_this_thread: PhantomData<*const ()>,
}

/// Whether there is a supervisor in this process.
static SUPERVISED: AtomicBool = AtomicBool::new(false);

impl Supervisor {
    /// Takes over the signals of this thread, which must be the main thread of the process: what asks the process as a
    /// whole whether a signal is wanted, asks that one. Other threads must be started later: one that does not block the
    /// signals takes them, and the end of the job with them.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when there is a supervisor in this process, [`io::ErrorKind::InvalidInput`] in
    /// another thread than the main one; otherwise what the system says, which has no reason to refuse.
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
            reaper: is_reaper(),
            in_this_thread: PhantomData,
        })
    }

    /// Runs a job to its end. A job that cannot be started is an outcome like any other.
    ///
    /// Where this process has a controlling terminal the job stays in its process group, so that the keys of the
    /// terminal reach it and it may read from it; when such a job is stopped by the terminal, or stops in answer to
    /// it, this process stops too. Without a terminal it leads a group of its own, and signals go to that group.
    ///
    /// `observe` is called between the events that it tells of, so it should return soon.
    pub fn run(&self, job: &Job, observe: &mut dyn FnMut(Moment)) -> Outcome {
        let target = if has_terminal() {
            SignalTarget::Process
        } else {
            SignalTarget::Group
        };
        let started = SystemTime::now();
        let begin = Instant::now();
        // What has come right before the job is made came before it, whomever it was sent to. From the moment in which the
        // system makes it, the system sees to it that what is sent to our group reaches both. A key of the terminal that
        // falls between the two, a few microseconds, is lost.
        let mut early = Vec::new();
        let drain = &mut || early.extend(self.pending());
        let spawned = spawn(job, &self.inherited, target, drain);
        let run = Run {
            supervisor: self,
            target,
            leads_session: leads_session(),
            started,
            begin,
            state: ControlState::Running,
            deadlines: Deadlines::new(job.limits),
            observe,
        };
        match spawned {
            Ok(pid) => run.supervise(pid, early),
            Err(error) => run.outcome(Ending::not_started(job.program(), &error), Usage::default()),
        }
    }

    /// The signals that have arrived and wait to be taken.
    pub(super) fn pending(&self) -> Vec<ReceivedSignal> {
        iter::from_fn(|| next_signal(&self.signals, Some(Duration::ZERO))).collect()
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
    supervisor: &'a Supervisor,
    target: SignalTarget,
    leads_session: bool,
    started: SystemTime,
    begin: Instant,
    state: ControlState,
    deadlines: Deadlines,
    observe: &'a mut dyn FnMut(Moment),
}

impl Run<'_> {
    fn supervise(mut self, pid: i32, early: Vec<ReceivedSignal>) -> Outcome {
        for received in early {
            let news = received.signal == Signal::CHLD && received.sender != SignalSender::Process;
            if !news {
                let sender = SignalSender::Process;
                self.react(
                    ControlEvent::Signal(ReceivedSignal { sender, ..received }),
                    pid,
                );
            }
        }
        let (ending, usage) = loop {
            match self.ended(pid) {
                Ok(None) => {}
                Ok(Some((status, usage))) => break (Ending::from_status(status), usage),
                Err(error) => {
                    let reason = error.to_string();
                    break (Ending::Unknown { reason }, Usage::default());
                }
            }
            let now = self.begin.elapsed();
            // What is due all the time must not keep signals from being seen.
            let limit = if let Some(due) = self.deadlines.due(now) {
                self.act_on_time(due, pid);
                Some(Duration::ZERO)
            } else {
                let next_due = self.deadlines.next_due();
                next_due.map(|due| due.saturating_sub(now))
            };
            if let Some(received) = next_signal(&self.supervisor.signals, limit) {
                self.react(ControlEvent::Signal(received), pid);
            }
        };
        self.outcome(ending, usage)
    }

    /// Hears all that there is to hear of children. Only the job's own status counts.
    fn ended(&mut self, pid: i32) -> io::Result<Option<(i32, Usage)>> {
        let scope = if self.supervisor.reaper {
            WaitScope::AllChildren
        } else {
            WaitScope::Child(pid)
        };
        while let Some((child, change)) = next_change(scope)? {
            match change {
                _ if child != pid => {}
                ChildChange::Ended(status, usage) => return Ok(Some((status, usage))),
                ChildChange::Stopped(signal) => self.react(ControlEvent::Stopped(signal), pid),
                ChildChange::Continued => self.react(ControlEvent::Continued, pid),
            }
        }
        Ok(None)
    }

    fn react(&mut self, event: ControlEvent, pid: i32) {
        let placement = Placement {
            target: self.target,
            shares_group: shares_group(pid),
            job_has_foreground: matches!(event, ControlEvent::Stopped(_)) && has_foreground(pid),
            leads_session: self.leads_session,
        };
        let (next, action) = self.state.on(event, placement);
        self.state = next;
        match action {
            Some(ControlAction::Forward(signal)) => {
                self.deadlines.passed_on(signal, self.begin.elapsed());
                self.send(signal, pid, None);
            }
            Some(ControlAction::Suspend(signal)) => signals::suspend(signal, pid),
            Some(ControlAction::WarnInterrupt(_) | ControlAction::GiveUp(_)) | None => {}
        }
    }

    fn act_on_time(&mut self, due: Due, pid: i32) {
        match due {
            Due::TrimMemory => {
                trim_memory();
                (self.observe)(Moment::Settled(self.started));
            }
            Due::Announce => (self.observe)(Moment::StartDue(self.started)),
            Due::Heartbeat => (self.observe)(Moment::HeartbeatDue(self.started)),
            Due::Stop(signal) => {
                self.send(signal, pid, Some(Moment::Stopping(signal)));
                // Where that was refused, this is too.
                let _ = signals::send(Signal::CONT, pid, self.target);
            }
            Due::Kill => self.send(Signal::KILL, pid, Some(Moment::Killing)),
        }
    }

    /// Sends the job a signal, and tells of it when that is a moment, or could not be done.
    fn send(&mut self, signal: Signal, pid: i32, moment: Option<Moment>) {
        let sent = signals::send(signal, pid, self.target);
        let moment = sent.map_or(Some(Moment::Refused(signal)), |()| moment);
        moment.into_iter().for_each(&mut *self.observe);
    }

    fn outcome(&self, ending: Ending, usage: Usage) -> Outcome {
        let time_limit = if self.deadlines.timed_out() {
            TimeLimit::Exceeded
        } else {
            TimeLimit::Kept
        };
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
