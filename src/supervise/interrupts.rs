//! The meaning of signals that arrive when the job has ended and its result is being delivered, as
//! a function of time.

use std::time::Duration;

use super::signal::{ReceivedSignal, Signal, SignalSender};

/// Time after the first signal that asks for an end in which others count as copies of it.
/// `timeout` sends its signal to the process and to its group, and systemd may to both.
const COPY_WINDOW: Duration = Duration::from_millis(100);

/// Signals that have asked for an end of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupts {
    /// None so far.
    Absent,
    /// This one, which is to be warned about at this time unless the delivery is done by then.
    First(Signal, Duration),
    /// One, and the caller has been warned: another ends the delivery.
    Warned,
}

impl Interrupts {
    /// Takes note of a signal, and returns it if it ends the delivery.
    ///
    /// HUP does not count: a terminal that closes sends it more than once, and wants nothing.
    pub(super) fn on_signal(&mut self, received: ReceivedSignal, now: Duration) -> Option<Signal> {
        let ReceivedSignal { signal, sender } = received;
        if !signal.asks_for_end() || sender == SignalSender::Ourselves {
            return None;
        }
        match self {
            Self::Absent => *self = Self::First(signal, now.saturating_add(COPY_WINDOW)),
            Self::First(..) => {}
            Self::Warned => return Some(signal),
        }
        None
    }

    /// Time until a warning is due, if one is.
    pub(super) fn until_warning(self, now: Duration) -> Option<Duration> {
        match self {
            Self::First(_, at) => Some(at.saturating_sub(now)),
            Self::Absent | Self::Warned => None,
        }
    }

    /// Returns the signal to warn about when that is due, once.
    pub(super) fn due_warning(&mut self, now: Duration) -> Option<Signal> {
        match *self {
            Self::First(signal, at) if at <= now => {
                *self = Self::Warned;
                Some(signal)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_delivery_is_given_up_at_the_second_signal_that_wants_an_end() {
        for sender in [SignalSender::Process, SignalSender::Kernel] {
            for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
                let sent = |signal| ReceivedSignal { signal, sender };
                let mut interrupts = Interrupts::Absent;
                assert_eq!(interrupts.until_warning(millis(5)), None);
                assert_eq!(interrupts.due_warning(millis(5)), None);
                // What counts as a copy changes nothing, also when it is seen late.
                for (at, copy) in [
                    (10, signal),
                    (11, signal),
                    (109, Signal::INT),
                    (200, signal),
                ] {
                    assert_eq!(interrupts.on_signal(sent(copy), millis(at)), None);
                }
                assert_eq!(interrupts.until_warning(millis(30)), Some(millis(80)));
                assert_eq!(interrupts.until_warning(millis(200)), Some(Duration::ZERO));
                assert_eq!(interrupts.due_warning(millis(109)), None);
                assert_eq!(interrupts.due_warning(millis(110)), Some(signal));
                assert_eq!(interrupts.due_warning(millis(300)), None);
                assert_eq!(interrupts.until_warning(millis(300)), None);
                let second = interrupts.on_signal(sent(signal), millis(300));
                assert_eq!(second, Some(signal));
            }
        }
    }

    #[test]
    fn other_signals_do_not_ask_for_an_end_nor_do_our_own() {
        let process = SignalSender::Process;
        for (signal, sender) in [
            (Signal::HUP, process),
            (Signal::CONT, process),
            (Signal::CHLD, process),
            (Signal::TSTP, process),
            (Signal::WINCH, SignalSender::Kernel),
            (Signal::CHLD, SignalSender::Ourselves),
            (Signal::TERM, SignalSender::Ourselves),
        ] {
            let first = Interrupts::First(Signal::TERM, millis(10));
            for state in [Interrupts::Absent, first, Interrupts::Warned] {
                let mut interrupts = state;
                let received = ReceivedSignal { signal, sender };
                assert_eq!(interrupts.on_signal(received, millis(5)), None);
                assert_eq!(interrupts, state, "{received:?}");
            }
        }
    }
}
