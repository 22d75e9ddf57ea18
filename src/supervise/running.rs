//! A job that runs: waits for what happens and does what has been decided about it.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::deadlines::{Deadlines, Due};
use super::event::JobEvent;
use super::job_control::{ControlAction, ControlEvent, JobState, Placement};
use super::outcome::{Ending, Outcome, TimeLimit, Usage};
use super::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};
use super::sys::memory::trim_memory;
use super::sys::process::{leads_session, shares_group};
use super::sys::signals::{SignalSet, next_signal, send, suspend};
use super::sys::terminal::has_foreground;
use super::sys::wait::{ChildChange, WaitScope, next_change};

/// Start of a run.
#[derive(Clone, Copy)]
pub(super) struct StartTime {
    pub(super) wall_clock: SystemTime,
    monotonic: Instant,
}

impl StartTime {
    pub(super) fn now() -> Self {
        Self {
            wall_clock: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }

    /// Outcome of a run that has just ended.
    pub(super) fn outcome(self, ending: Ending, time_limit: TimeLimit, usage: Usage) -> Outcome {
        Outcome {
            started: self.wall_clock,
            completed: SystemTime::now(),
            duration: self.monotonic.elapsed(),
            ending,
            time_limit,
            usage,
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
    pub(super) start: StartTime,
    pub(super) state: JobState,
    pub(super) deadlines: Deadlines,
    pub(super) observe: &'a mut dyn FnMut(JobEvent),
}

impl RunningJob<'_> {
    /// Waits for the end of the job; the early signals are those that came before it was started.
    pub(super) fn supervise(mut self, early: Vec<ReceivedSignal>) -> Outcome {
        (self.observe)(JobEvent::Started(self.start.wall_clock));
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
                Ok(Some((status, usage))) => break (Ending::from_status(status), usage),
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
        let time_limit = self.deadlines.time_limit();
        self.start.outcome(ending, time_limit, usage)
    }

    fn elapsed(&self) -> Duration {
        self.start.monotonic.elapsed()
    }

    /// Takes all news of children, and returns status and usage of the job if it has ended.
    fn ended(&mut self) -> io::Result<Option<(i32, Usage)>> {
        while let Some((child, change)) = next_change(self.scope)? {
            match change {
                _ if child != self.pid => {}
                ChildChange::Ended(status, usage) => return Ok(Some((status, usage))),
                ChildChange::Stopped(signal) => self.react(ControlEvent::Stopped(signal)),
                ChildChange::Continued => self.react(ControlEvent::Continued),
            }
        }
        Ok(None)
    }

    fn react(&mut self, event: ControlEvent) {
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
        let started = self.start.wall_clock;
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
