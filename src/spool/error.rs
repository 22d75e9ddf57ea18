//! The error of a spool that cannot be used.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The reason why a spool, or a file in it, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The directory cannot be used at all.
    #[error("cannot use the spool {}", path.display())]
    Directory {
        /// The directory.
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
    /// A file in it is another user's.
    #[error("{} belongs to another user; give each user a spool of their own", path.display())]
    OtherUser {
        /// The file.
        path: PathBuf,
        /// Why it cannot be used, in the system's words.
        source: io::Error,
    },
    /// Other users can change and remove the files in it.
    #[error("other users can write to the spool {}; chmod go-w it", path.display())]
    Shared {
        /// The directory.
        path: PathBuf,
    },
    /// There is no such directory.
    #[error("{}: no such directory", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has had a file for too long.
    #[error("{} is held by another process for {:.1} s", path.display(), waited.as_secs_f64())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The time for which it was waited for.
        waited: Duration,
    },
    /// A file is not a spool entry.
    #[error("{} is no result: {reason}", path.display())]
    NotAnEntry {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// A file is not a spool entry, or not whole, and was moved aside.
    #[error("{} is no result: {reason}; it was set aside as {}", path.display(), aside.display())]
    Quarantined {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
        /// Where it is now.
        aside: PathBuf,
    },
}
