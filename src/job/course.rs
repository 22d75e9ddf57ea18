//! What to do when, as a function of signals and time.

use std::time::Duration;

use super::command::Limits;
use super::signal::Signal;
use super::sys::{Origin, Received, Recipient};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Give back the memory that waiting does not need.
    ReleaseText,
    /// Say that the start is due to be announced.
    Announce,
    /// Pass a signal on.
    Forward(Signal),
    /// The time is up: send this, and a CONT after it in case the job is stopped.
    Stop(Signal),
    /// It has not ended: send KILL.
    Kill,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    /// Stopped at its time limit; KILL follows at this time.
    Stopping {
        kill_at: Duration,
    },
    Killed,
}

/// The course of one run. Times count from its start.
#[derive(Clone, Debug)]
pub(super) struct Course {
    limits: Limits,
    recipient: Recipient,
    stage: Stage,
}

impl Course {
    pub(super) fn new(limits: Limits, recipient: Recipient) -> Self {
        Self {
            limits,
            recipient,
            stage: Stage::Running,
        }
    }

    /// Whom signals go to.
    pub(super) fn recipient(&self) -> Recipient {
        self.recipient
    }

    /// Whether the job was stopped for its time limit.
    pub(super) fn timed_out(&self) -> bool {
        self.stage != Stage::Running
    }

    /// What to do about a signal. What the terminal sent has reached the job already while that is in our
    /// own group.
    pub(super) fn on_signal(&self, received: Received) -> Option<Action> {
        match (received.signal, received.origin, self.recipient) {
            (Signal::CHLD, _, _) | (_, Origin::Terminal, Recipient::Process) => None,
            (signal, _, _) => Some(Action::Forward(signal)),
        }
    }

    /// What is due by now, one thing at a time; to be asked until there is nothing.
    pub(super) fn due(&mut self, now: Duration) -> Option<Action> {
        if self.limits.start_due.is_some_and(|due| due <= now) {
            self.limits.start_due = None;
            return Some(Action::Announce);
        }
        if self.limits.release_text.is_some_and(|due| due <= now) {
            self.limits.release_text = None;
            return Some(Action::ReleaseText);
        }
        match self.stage {
            Stage::Running if self.limits.timeout.is_some_and(|timeout| timeout <= now) => {
                let kill_at = now.saturating_add(self.limits.kill_after);
                self.stage = Stage::Stopping { kill_at };
                Some(Action::Stop(self.limits.stop_signal))
            }
            Stage::Stopping { kill_at } if kill_at <= now => {
                self.stage = Stage::Killed;
                Some(Action::Kill)
            }
            _ => None,
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let stop = match self.stage {
            Stage::Running => self.limits.timeout,
            Stage::Stopping { kill_at } => Some(kill_at),
            Stage::Killed => None,
        };
        let due = [self.limits.start_due, self.limits.release_text, stop];
        due.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn course(start_due: Option<u64>, timeout: Option<u64>) -> Course {
        let limits = Limits {
            start_due: start_due.map(seconds),
            release_text: None,
            timeout: timeout.map(seconds),
            stop_signal: Signal::INT,
            kill_after: seconds(3),
        };
        Course::new(limits, Recipient::Group)
    }

    #[test]
    fn without_limits_there_is_nothing_to_wake_up_for() {
        let mut course = course(None, None);
        assert_eq!(course.next_due(), None);
        assert_eq!(course.due(Duration::MAX), None);
        assert!(!course.timed_out());
    }

    #[test]
    fn things_are_due_in_their_order_and_once() {
        let mut course = course(Some(1), Some(5));
        course.limits.release_text = Some(Duration::from_millis(50));
        for (now_ms, next_due_ms, action) in [
            (0, Some(50), None),
            (50, Some(50), Some(Action::ReleaseText)),
            (50, Some(1000), None),
            (1000, Some(1000), Some(Action::Announce)),
            (1000, Some(5000), None),
            (5000, Some(5000), Some(Action::Stop(Signal::INT))),
            (5000, Some(8000), None),
            (8000, Some(8000), Some(Action::Kill)),
            (99_000, None, None),
        ] {
            let next_due = next_due_ms.map(Duration::from_millis);
            assert_eq!(course.next_due(), next_due, "at {now_ms}");
            let now = Duration::from_millis(now_ms);
            assert_eq!(course.due(now), action, "at {now_ms}");
            assert_eq!(course.timed_out(), now_ms >= 5000, "at {now_ms}");
        }
    }

    #[test]
    fn the_pause_before_kill_counts_from_the_stop_however_late_it_was() {
        let mut course = course(None, Some(5));
        assert_eq!(course.due(seconds(60)), Some(Action::Stop(Signal::INT)));
        assert_eq!(course.due(seconds(62)), None);
        assert_eq!(course.due(seconds(63)), Some(Action::Kill));
    }

    #[test]
    fn signals_reach_the_job_once() {
        let received = |signal, origin| Received { signal, origin };
        for (recipient, origin, forwarded) in [
            (Recipient::Group, Origin::Alone, true),
            (Recipient::Group, Origin::Terminal, true),
            (Recipient::Process, Origin::Alone, true),
            (Recipient::Process, Origin::Terminal, false),
        ] {
            let mut course = course(None, None);
            course.recipient = recipient;
            for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
                assert_eq!(
                    course.on_signal(received(signal, origin)),
                    forwarded.then_some(Action::Forward(signal)),
                    "{signal} from {origin:?} to {recipient:?}"
                );
            }
            assert_eq!(course.on_signal(received(Signal::CHLD, origin)), None);
        }
    }
}
