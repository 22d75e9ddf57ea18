//! Metrics that a command reads: text from files and stdin, and samples on the command line.

mod samples;
mod text;

pub(crate) use self::samples::{SampleArgs, append_samples, samples};
pub(crate) use self::text::{Chained, Input, TextArgs};
