//! A job that runs: waits for what happens and does what has been decided about it.

use std::io;
use std::time::Duration;

use crate::clock::RunClock;

use super::deadlines::{Deadlines, Due};
use super::event::JobEvent;
use super::group_left::GroupLeft;
use super::job_control::{ControlAction, ControlEvent, JobState, Placement};
use super::oom::OomKills;
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};
use super::sys::memory::trim_memory;
use super::sys::process::{leads_session, shares_group};
use super::sys::signals::{SignalSet, next_signal, send, suspend};
use super::sys::terminal::has_foreground;
use super::sys::wait::{ChildChange, WaitScope, next_change, peek_ended};

/// Start of a run, with what is compared at its end.
pub(super) struct RunStart {
    pub(super) clock: RunClock,
    pub(super) oom_kills: Option<OomKills>,
}

/// End of a job, as far as only its supervision tells.
pub(super) struct JobEnd {
    pub(super) ending: Ending,
    pub(super) time_limit: TimeLimit,
    pub(super) interrupted: Option<Signal>,
    pub(super) usage: Usage,
}

impl RunStart {
    pub(super) fn now() -> Self {
        Self {
            oom_kills: OomKills::read(),
            clock: RunClock::start(),
        }
    }

    /// Outcome of a run that has just ended.
    pub(super) fn outcome(self, end: JobEnd) -> Outcome {
        let (completed, duration) = self.clock.end();
        Outcome {
            started: self.clock.wall_clock,
            completed,
            duration,
            ending: end.ending,
            time_limit: end.time_limit,
            interrupted: end.interrupted,
            oom_kills: self.oom_kills.as_ref().and_then(OomKills::since),
            usage: end.usage,
        }
    }
}

/// Job that runs.
pub(super) struct RunningJob<'a> {
    pub(super) pid: i32,
    pub(super) target: SignalTarget,
    /// Signals that may arrive.
    pub(super) signals: &'a SignalSet,
    /// Children to wait for: the job alone, or all where this process is to reap them.
    pub(super) scope: WaitScope,
    pub(super) start: RunStart,
    pub(super) state: JobState,
    /// The first signal from outside that asked for an end.
    pub(super) interrupted: Option<Signal>,
    pub(super) deadlines: Deadlines,
    pub(super) observe: &'a mut dyn FnMut(JobEvent),
}

impl RunningJob<'_> {
    /// Waits for the end of the job; the early signals are those that came before it was started. Also
    /// returns what the job has left in its group, where that is to be killed later.
    pub(super) fn supervise(mut self, early: Vec<ReceivedSignal>) -> (Outcome, Option<GroupLeft>) {
        (self.observe)(JobEvent::Started(self.start.clock.wall_clock));
        for received in early {
            let news = received.signal == Signal::CHLD && received.sender != SignalSender::Process;
            if !news {
                let sender = SignalSender::Process;
                self.react(ControlEvent::Signal(ReceivedSignal { sender, ..received }));
            }
        }
        let (ending, usage) = loop {
            match self.ended() {
                Ok(None) => {}
                Ok(Some((ending, usage))) => break (ending, usage),
                Err(error) => {
                    let reason = error.to_string();
                    break (Ending::Unknown { reason }, Usage::default());
                }
            }
            let now = self.elapsed();
            // What is due all the time must not keep signals from being seen.
            let limit = if let Some(due) = self.deadlines.due(now) {
                self.act_on_time(due);
                Some(Duration::ZERO)
            } else {
                let next_due = self.deadlines.next_due();
                next_due.map(|due| due.saturating_sub(now))
            };
            if let Some(received) = next_signal(self.signals, limit) {
                self.react(ControlEvent::Signal(received));
            }
        };
        // What was sent to all processes at once may have ended the job before we saw it.
        for received in self.signals.drain() {
            self.note_interruption(received);
        }
        let kill_at = self.deadlines.kill_left_at();
        let left = kill_at.and_then(|at| GroupLeft::of(self.pid, self.start.clock.monotonic + at));
        let end = JobEnd {
            ending,
            time_limit: self.deadlines.time_limit(),
            interrupted: self.interrupted,
            usage,
        };
        (self.start.outcome(end), left)
    }

    /// Takes note of a signal that asks the job to stop.
    fn note_interruption(&mut self, received: ReceivedSignal) {
        let ReceivedSignal { signal, sender } = received;
        if sender != SignalSender::Ourselves && self.deadlines.asks_to_stop(signal) {
            self.interrupted.get_or_insert(signal);
        }
    }

    fn elapsed(&self) -> Duration {
        self.start.clock.elapsed()
    }

    /// Takes all news of children, and returns ending and usage of the job if it has ended.
    fn ended(&mut self) -> io::Result<Option<(Ending, Usage)>> {
        if self.deadlines.kill_left_at().is_some() {
            // It stays a zombie, so that its number, which is that of its group, stays its own.
            if let Some(ended) = peek_ended(self.pid)? {
                return Ok(Some(ended));
            }
        }
        while let Some((child, change)) = next_change(self.scope)? {
            match change {
                _ if child != self.pid => {}
                ChildChange::Ended(status, usage) => {
                    return Ok(Some((Ending::from_status(status), usage)));
                }
                ChildChange::Stopped(signal) => self.react(ControlEvent::Stopped(signal)),
                ChildChange::Continued => self.react(ControlEvent::Continued),
            }
        }
        Ok(None)
    }

    fn react(&mut self, event: ControlEvent) {
        if let ControlEvent::Signal(received) = event {
            self.note_interruption(received);
        }
        let stopped = matches!(event, ControlEvent::Stopped(_));
        let placement = Placement {
            target: self.target,
            shares_group: shares_group(self.pid),
            job_has_foreground: stopped && has_foreground(self.pid),
            leads_session: leads_session(),
        };
        let (next, action) = self.state.on(event, placement);
        self.state = next;
        match action {
            Some(ControlAction::Forward(signal)) => {
                self.deadlines.signal_forwarded(signal, self.elapsed());
                self.send(signal, None);
            }
            Some(ControlAction::Suspend(signal)) => suspend(signal, self.pid),
            None => {}
        }
    }

    fn act_on_time(&mut self, due: Due) {
        let started = self.start.clock.wall_clock;
        match due {
            Due::TrimMemory => trim_memory(),
            Due::Announce => (self.observe)(JobEvent::StartDue(started)),
            Due::Heartbeat => (self.observe)(JobEvent::HeartbeatDue(started)),
            Due::Stop(signal) => {
                self.send(signal, Some(JobEvent::Stopping(signal)));
                // Where that was refused, this is too.
                let _ = send(Signal::CONT, self.pid, self.target);
            }
            Due::Kill => self.send(Signal::KILL, Some(JobEvent::Killing)),
        }
    }

    /// Sends the job a signal, and reports the event, or that it could not be sent.
    fn send(&mut self, signal: Signal, event: Option<JobEvent>) {
        let sent = send(signal, self.pid, self.target);
        let event = sent.map_or(Some(JobEvent::Refused(signal)), |()| event);
        event.into_iter().for_each(&mut *self.observe);
    }
}
