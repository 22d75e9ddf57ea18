//! `pushjob run`: runs a command, records how it went and delivers the result.

mod args;
mod endpoint;
mod execute;
mod outcome;
mod plan;
mod preflight;
mod recording;

pub(crate) use self::execute::run;
