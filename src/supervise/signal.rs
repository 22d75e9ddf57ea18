//! Signals by number and name, and where one comes from and goes to.

use std::fmt;
use std::str::FromStr;

use super::sys::signal_numbers::{self as numbers, SIGNAL_NAMES, realtime_signals};

/// A text that is not a signal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a signal: a name such as TERM, INT or RTMIN+3, or a number from 1 to 64")]
pub struct SignalError {
    name: String,
}

/// A signal, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

impl Signal {
    /// Hang-up: the terminal has gone.
    pub const HUP: Self = Self(numbers::SIGHUP);
    /// Interrupt: Ctrl-C.
    pub const INT: Self = Self(numbers::SIGINT);
    /// The end that cannot be refused.
    pub const KILL: Self = Self(numbers::SIGKILL);
    /// The end, politely.
    pub const TERM: Self = Self(numbers::SIGTERM);
    /// Go on after a stop.
    pub const CONT: Self = Self(numbers::SIGCONT);

    pub(super) const CHLD: Self = Self(numbers::SIGCHLD);
    pub(super) const QUIT: Self = Self(numbers::SIGQUIT);
    pub(super) const STOP: Self = Self(numbers::SIGSTOP);
    pub(super) const TSTP: Self = Self(numbers::SIGTSTP);
    pub(super) const TTIN: Self = Self(numbers::SIGTTIN);
    pub(super) const TTOU: Self = Self(numbers::SIGTTOU);
    pub(super) const WINCH: Self = Self(numbers::SIGWINCH);

    pub(super) const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Whether it asks for an end, politely: TERM, INT or QUIT.
    pub(super) fn asks_for_end(self) -> bool {
        matches!(self, Self::TERM | Self::INT | Self::QUIT)
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }
}

/// Signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceivedSignal {
    pub(super) signal: Signal,
    pub(super) sender: SignalSender,
}

/// Sender of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalSender {
    /// Another process.
    Process,
    /// This process, to wake itself.
    Ourselves,
    /// The kernel: for a terminal, a timer or the end of a child.
    Kernel,
}

/// Target of the signals for the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalTarget {
    /// The job alone.
    Process,
    /// The process group that the job leads.
    Group,
}

impl FromStr for Signal {
    type Err = SignalError;

    /// Reads `TERM`, `SIGTERM`, `term` or `15`; `RTMIN+3` or `RTMAX-1`, as `kill -l` of a
    /// shell counts them.
    fn from_str(text: &str) -> Result<Self, SignalError> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        SIGNAL_NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
            .or_else(|| realtime(name))
            .or_else(|| text.parse().ok().filter(|number| (1..=64).contains(number)))
            .map(Self)
            .ok_or_else(|| SignalError {
                name: text.to_owned(),
            })
    }
}

/// The number of a real-time signal by its distance from the first or the last.
fn realtime(name: &str) -> Option<i32> {
    let signals = realtime_signals();
    let number = if let Some(above) = name.strip_prefix("RTMIN") {
        signals.start().checked_add(distance(above, '+')?)?
    } else {
        let below = name.strip_prefix("RTMAX")?;
        signals.end().checked_sub(distance(below, '-')?)?
    };
    Some(number).filter(|number| signals.contains(number))
}

/// Such as 3 for `+3`, and 0 for nothing.
fn distance(text: &str, sign: char) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix(sign)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

impl fmt::Display for Signal {
    /// Writes the name, such as `TERM` or `RTMIN+3`, or the number of a signal without one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signals = realtime_signals();
        let known = SIGNAL_NAMES.iter();
        match known.copied().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None if self.0 == *signals.start() => f.write_str("RTMIN"),
            None if signals.contains(&self.0) => write!(f, "RTMIN+{}", self.0 - signals.start()),
            None => write!(f, "{}", self.0),
        }
    }
}
