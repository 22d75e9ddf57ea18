//! Messages to people, and how much of them is wanted.

mod console;
mod findings;
mod printable;
mod progress;

pub(crate) use self::console::{Console, MessageArgs, chain, delivered_message};
pub(crate) use self::findings::{Colour, Findings};
pub(crate) use self::printable::printable;
pub(crate) use self::progress::ProgressLine;
