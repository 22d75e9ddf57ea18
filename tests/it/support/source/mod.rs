//! The source of the crate as data, for tests of how it is built: its files, what they define, and what they import of each other.

mod cfg;
mod file;
mod names;

pub(crate) use cfg::Target;
pub(crate) use file::SourceFile;
pub(crate) use names::{Import, SourceTree};
