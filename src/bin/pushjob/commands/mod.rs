//! The commands: a file or folder each, with the arguments, the help and the work.

pub(crate) mod check;
pub(crate) mod delete;
pub(crate) mod flush;
pub(crate) mod metric;
pub(crate) mod push;
pub(crate) mod run;
mod target;
