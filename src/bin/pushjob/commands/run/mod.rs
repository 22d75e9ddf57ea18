//! `pushjob run`: runs a command, records how it went and delivers the result.

mod announce;
mod args;
mod destinations;
mod execute;
mod job_metrics;
mod listen;
mod plan;
mod preflight;
mod recipient;
mod record;
pub(crate) mod spool;
mod textfile;

pub(crate) use self::execute::run;
