//! What is due while a job runs, as a function of time.

use std::time::Duration;

use super::command::Limits;
use super::outcome::TimeLimit;
use super::signal::Signal;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Give back the memory that waiting does not need.
    TrimMemory,
    /// Say that the start is due to be announced.
    Announce,
    /// Say that a heartbeat is due.
    Heartbeat,
    /// The time is up: send this, and a CONT after it in case the job is stopped.
    Stop(Signal),
    /// It has not ended: send KILL.
    Kill,
}

/// The times of one run, counted from its start.
#[derive(Clone, Debug)]
pub(super) struct Deadlines {
    limits: Limits,
    heartbeat_at: Option<Duration>,
    kill_at: Option<Duration>,
    time_limit: TimeLimit,
}

impl Deadlines {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            heartbeat_at: limits.heartbeat,
            kill_at: None,
            time_limit: TimeLimit::Kept,
        }
    }

    /// Whether the job was kept within its time limit so far.
    pub(super) fn time_limit(&self) -> TimeLimit {
        self.time_limit
    }

    /// The time at which what the job has left in its group is to be killed, when it was stopped for its
    /// time limit and ended before that.
    pub(super) fn kill_left_at(&self) -> Option<Duration> {
        self.kill_at
            .filter(|_| self.time_limit == TimeLimit::Exceeded)
    }

    /// Whether a signal from outside asks the job to stop.
    pub(super) fn asks_to_stop(&self, signal: Signal) -> bool {
        signal.asks_for_end() || signal == self.limits.stop_signal
    }

    /// Takes note of a signal that was forwarded: KILL may have to follow.
    pub(super) fn signal_forwarded(&mut self, signal: Signal, now: Duration) {
        let ends = signal == Signal::TERM || signal == self.limits.stop_signal;
        if let Some(pause) = self.limits.kill_after_signal.filter(|_| ends) {
            // Only the first counts: asking again must not put it off.
            self.kill_at.get_or_insert(now.saturating_add(pause));
        }
    }

    /// Takes what is due by now, one thing at a time; to be asked until there is nothing.
    pub(super) fn due(&mut self, now: Duration) -> Option<Due> {
        let limits = &mut self.limits;
        if limits.start_due.take_if(|due| *due <= now).is_some() {
            return Some(Due::Announce);
        }
        if limits.trim_memory.take_if(|due| *due <= now).is_some() {
            return Some(Due::TrimMemory);
        }
        if limits.timeout.take_if(|due| *due <= now).is_some() {
            let kill_at = now.saturating_add(limits.kill_after);
            self.kill_at = Some(self.kill_at.map_or(kill_at, |earlier| earlier.min(kill_at)));
            self.time_limit = TimeLimit::Exceeded;
            return Some(Due::Stop(limits.stop_signal));
        }
        if self.kill_at.take_if(|due| *due <= now).is_some() {
            limits.timeout = None;
            limits.kill_after_signal = None;
            return Some(Due::Kill);
        }
        let beat = self.heartbeat_at.zip(limits.heartbeat);
        if let Some((at, interval)) = beat.filter(|(at, _)| *at <= now) {
            let next = at.saturating_add(interval);
            // Those that were missed, while we were stopped, are not made up for.
            let skipped = now.saturating_add(interval);
            self.heartbeat_at = Some(if next > now { next } else { skipped });
            return Some(Due::Heartbeat);
        }
        None
    }

    /// Time at which something is due next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = [
            self.limits.start_due,
            self.limits.trim_memory,
            self.limits.timeout,
            self.kill_at,
            self.heartbeat_at,
        ];
        due.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const NONE: Limits = Limits {
        start_due: None,
        heartbeat: None,
        trim_memory: None,
        timeout: None,
        stop_signal: Signal::INT,
        kill_after: seconds(3),
        kill_after_signal: None,
    };

    #[test]
    fn without_limits_there_is_nothing_to_wake_up_for() {
        let mut deadlines = Deadlines::new(NONE);
        deadlines.signal_forwarded(Signal::TERM, seconds(1));
        assert_eq!(deadlines.next_due(), None);
        assert_eq!(deadlines.due(Duration::MAX), None);
        assert_eq!(deadlines.time_limit(), TimeLimit::Kept);
    }

    #[test]
    fn things_are_due_in_their_order_and_once() {
        let mut deadlines = Deadlines::new(Limits {
            start_due: Some(seconds(1)),
            trim_memory: Some(Duration::from_millis(50)),
            timeout: Some(seconds(5)),
            ..NONE
        });
        for (now_ms, next_due_ms, due) in [
            (0, Some(50), None),
            (50, Some(50), Some(Due::TrimMemory)),
            (50, Some(1000), None),
            (1000, Some(1000), Some(Due::Announce)),
            (1000, Some(5000), None),
            (5000, Some(5000), Some(Due::Stop(Signal::INT))),
            (5000, Some(8000), None),
            (8000, Some(8000), Some(Due::Kill)),
            (99_000, None, None),
        ] {
            let next_due = next_due_ms.map(Duration::from_millis);
            assert_eq!(deadlines.next_due(), next_due, "at {now_ms}");
            let now = Duration::from_millis(now_ms);
            assert_eq!(deadlines.due(now), due, "at {now_ms}");
            let exceeded = deadlines.time_limit() == TimeLimit::Exceeded;
            assert_eq!(exceeded, now_ms >= 5000, "at {now_ms}");
        }
    }

    #[test]
    fn the_pause_before_kill_counts_from_the_stop_however_late_it_was() {
        let mut deadlines = Deadlines::new(Limits {
            timeout: Some(seconds(5)),
            ..NONE
        });
        assert_eq!(deadlines.due(seconds(60)), Some(Due::Stop(Signal::INT)));
        assert_eq!(deadlines.due(seconds(62)), None);
        assert_eq!(deadlines.due(seconds(63)), Some(Due::Kill));
    }

    #[test]
    fn kill_follows_the_first_signal_that_wants_an_end_where_that_is_asked() {
        let asked = Limits {
            kill_after_signal: Some(seconds(3)),
            ..NONE
        };
        for (signal, kill) in [
            (Signal::TERM, true),
            (Signal::INT, true), // the stop signal
            (Signal::HUP, false),
            (Signal::QUIT, false),
        ] {
            let mut deadlines = Deadlines::new(asked);
            deadlines.signal_forwarded(signal, seconds(10));
            deadlines.signal_forwarded(signal, seconds(12));
            assert_eq!(deadlines.next_due(), kill.then_some(seconds(13)));
            let killed = deadlines.due(seconds(13)) == Some(Due::Kill);
            assert_eq!(killed, kill, "{signal}");
            deadlines.signal_forwarded(signal, seconds(14));
            assert!(!kill || deadlines.next_due().is_none(), "{signal}");
            assert_eq!(deadlines.time_limit(), TimeLimit::Kept);
        }
        // A time limit that passes when all is done stops nothing any more.
        let mut deadlines = Deadlines::new(Limits {
            timeout: Some(seconds(5)),
            ..asked
        });
        deadlines.signal_forwarded(Signal::TERM, seconds(1));
        assert_eq!(deadlines.due(seconds(4)), Some(Due::Kill));
        assert_eq!(
            (deadlines.next_due(), deadlines.due(seconds(9))),
            (None, None)
        );
        assert_eq!(deadlines.time_limit(), TimeLimit::Kept);
        // The time limit does not put it off.
        let mut deadlines = Deadlines::new(Limits {
            timeout: Some(seconds(11)),
            ..asked
        });
        deadlines.signal_forwarded(Signal::TERM, seconds(10));
        assert_eq!(deadlines.due(seconds(11)), Some(Due::Stop(Signal::INT)));
        assert_eq!(deadlines.next_due(), Some(seconds(13)));
        assert_eq!(deadlines.due(seconds(13)), Some(Due::Kill));
        assert_eq!(deadlines.time_limit(), TimeLimit::Exceeded);
    }

    #[test]
    fn heartbeats_keep_their_beat_and_are_not_made_up_for() {
        let mut deadlines = Deadlines::new(Limits {
            heartbeat: Some(seconds(10)),
            ..NONE
        });
        for (now, due, next_due) in [
            (0, None, 10),
            (10, Some(Due::Heartbeat), 20),
            (10, None, 20),
            (21, Some(Due::Heartbeat), 30),
            (75, Some(Due::Heartbeat), 85),
            (85, Some(Due::Heartbeat), 95),
        ] {
            assert_eq!(deadlines.due(seconds(now)), due, "at {now}");
            assert_eq!(deadlines.next_due(), Some(seconds(next_due)), "at {now}");
        }
    }
}
