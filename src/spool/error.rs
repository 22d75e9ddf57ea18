//! The error of a spool that cannot be used.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What keeps a spool from being used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The folder cannot be used at all.
    #[error("cannot use the spool {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, in the system's words.
        source: io::Error,
    },
    /// A file in it cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        source: io::Error,
    },
    /// A file in it cannot be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        source: io::Error,
    },
    /// Another process has had a file for too long.
    #[error("{} is held by another process for {:.1} s", path.display(), waited.as_secs_f64())]
    Held {
        /// The file that stands for it.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A file is none of ours.
    #[error("{} is no result: {reason}", path.display())]
    NoResult {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is none of ours, or not whole.
    #[error("{} is no result: {reason}; it was set aside as {}", path.display(), aside.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// Where it is now.
        aside: PathBuf,
    },
}
