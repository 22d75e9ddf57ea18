use std::fmt;
use std::io;
use std::iter;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::command::Job;
use super::course::{Action, Event, Standing, State};
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::signal::Signal;
use super::spawn::spawn;
use super::sys::{self, Change, Children, Inherited, Received, Recipient, Sender, SignalSet};
use super::timetable::{Due, Timetable};

/// Unmaps the program text of this process, which working needs and waiting does not; it is mapped again as it is needed. What the
/// allocator of the GNU C library keeps for later goes with it.
/// Worth it for a program that does nothing but wait for a job, when it has done something else; see
/// [`Job::release_text_after`] for when it has been started.
pub fn release_text() {
    sys::release_text();
}

/// Something that happens while a job runs, or while its result is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// The job was started at this time, and has run for as long as [`Job::release_text_after`] says; what that asks for has been done.
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
    inherited: Inherited,
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
        if !sys::is_main_thread() {
            let message = "a supervisor belongs in the main thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if SUPERVISED.swap(true, Ordering::Acquire) {
            let message = "there is a supervisor in this process already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let signals = SignalSet::all();
        let inherited = sys::take_over(&signals).inspect_err(|_| {
            SUPERVISED.store(false, Ordering::Release);
        })?;
        Ok(Self {
            signals,
            inherited,
            reaper: sys::is_reaper(),
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
        let recipient = if sys::has_terminal() {
            Recipient::Process
        } else {
            Recipient::Group
        };
        let started = SystemTime::now();
        let begin = Instant::now();
        // What has come right before the job is made came before it, whomever it was sent to. From the moment in which the
        // system makes it, the system sees to it that what is sent to our group reaches both. A key of the terminal that
        // falls between the two, a few microseconds, is lost.
        let mut early = Vec::new();
        let drain = &mut || early.extend(self.pending());
        let spawned = spawn(job, &self.inherited, recipient, drain);
        let run = Run {
            supervisor: self,
            recipient,
            leads_session: sys::leads_session(),
            started,
            begin,
            state: State::Running,
            timetable: Timetable::new(job.limits),
            observe,
        };
        match spawned {
            Ok(pid) => run.supervise(pid, early),
            Err(error) => run.outcome(Ending::not_started(job.program(), &error), Usage::default()),
        }
    }

    /// The signals that have arrived and wait to be taken.
    pub(super) fn pending(&self) -> Vec<Received> {
        iter::from_fn(|| sys::next_signal(&self.signals, Some(Duration::ZERO))).collect()
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
    recipient: Recipient,
    leads_session: bool,
    started: SystemTime,
    begin: Instant,
    state: State,
    timetable: Timetable,
    observe: &'a mut dyn FnMut(Moment),
}

impl Run<'_> {
    fn supervise(mut self, pid: i32, early: Vec<Received>) -> Outcome {
        for received in early {
            let news = received.signal == Signal::CHLD && received.sender != Sender::Process;
            if !news {
                let sender = Sender::Process;
                self.react(Event::Signal(Received { sender, ..received }), pid);
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
            let limit = if let Some(due) = self.timetable.due(now) {
                self.act_on_time(due, pid);
                Some(Duration::ZERO)
            } else {
                let next_due = self.timetable.next_due();
                next_due.map(|due| due.saturating_sub(now))
            };
            if let Some(received) = sys::next_signal(&self.supervisor.signals, limit) {
                self.react(Event::Signal(received), pid);
            }
        };
        self.outcome(ending, usage)
    }

    /// Hears all that there is to hear of children. Only the job's own status counts.
    fn ended(&mut self, pid: i32) -> io::Result<Option<(i32, Usage)>> {
        let children = if self.supervisor.reaper {
            Children::All
        } else {
            Children::Only(pid)
        };
        while let Some((child, change)) = sys::next_change(children)? {
            match change {
                _ if child != pid => {}
                Change::Ended(status, usage) => return Ok(Some((status, usage))),
                Change::Stopped(signal) => self.react(Event::Stopped(signal), pid),
                Change::Continued => self.react(Event::Continued, pid),
            }
        }
        Ok(None)
    }

    fn react(&mut self, event: Event, pid: i32) {
        let standing = Standing {
            recipient: self.recipient,
            shares_group: sys::shares_group(pid),
            job_has_foreground: matches!(event, Event::Stopped(_)) && sys::has_foreground(pid),
            leads_session: self.leads_session,
        };
        let (next, action) = self.state.on(event, standing);
        self.state = next;
        match action {
            Some(Action::Forward(signal)) => {
                self.timetable.passed_on(signal, self.begin.elapsed());
                self.send(signal, pid, None);
            }
            Some(Action::Suspend(signal)) => sys::suspend(signal, pid),
            Some(Action::Insist(_) | Action::GiveUp(_)) | None => {}
        }
    }

    fn act_on_time(&mut self, due: Due, pid: i32) {
        match due {
            Due::ReleaseText => {
                sys::release_text();
                (self.observe)(Moment::Settled(self.started));
            }
            Due::Announce => (self.observe)(Moment::StartDue(self.started)),
            Due::Heartbeat => (self.observe)(Moment::HeartbeatDue(self.started)),
            Due::Stop(signal) => {
                self.send(signal, pid, Some(Moment::Stopping(signal)));
                // Where that was refused, this is too.
                let _ = sys::send(Signal::CONT, pid, self.recipient);
            }
            Due::Kill => self.send(Signal::KILL, pid, Some(Moment::Killing)),
        }
    }

    /// Sends the job a signal, and tells of it when that is a moment, or could not be done.
    fn send(&mut self, signal: Signal, pid: i32, moment: Option<Moment>) {
        let sent = sys::send(signal, pid, self.recipient);
        let moment = sent.map_or(Some(Moment::Refused(signal)), |()| moment);
        moment.into_iter().for_each(&mut *self.observe);
    }

    fn outcome(&self, ending: Ending, usage: Usage) -> Outcome {
        let time_limit = if self.timetable.timed_out() {
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
