//! The error of a textfile that was not written.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::grouping::UnpushableError;
use crate::sink::InconsistentError;

/// The longest file that is read and written, in bytes. Node exporter reads it anew at each scrape.
pub(super) const MAX_BYTES: u64 = 16 << 20;

/// The reason why metrics were not written to a textfile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextfileError {
    /// There is no path.
    #[error("the path of the textfile is empty")]
    EmptyPath,
    /// Neither a directory nor the name of a file that node exporter reads.
    #[error("{} is not a directory and does not end in .prom", path.display())]
    Name {
        /// The path that was given.
        path: PathBuf,
    },
    /// A pipe, a device or the like.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// The thing in the place of the file.
        path: PathBuf,
    },
    /// A symbolic link, which could lead to any file.
    #[error("{} is a symbolic link, which is not followed", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// More is in it than is read.
    #[error("{} is longer than {} MiB", path.display(), MAX_BYTES >> 20)]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// More would be in it than is read.
    #[error("{} would be longer than {} MiB", path.display(), MAX_BYTES >> 20)]
    WouldBeTooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file, or what is in its place, cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        source: io::Error,
    },
    /// The file, or the new one that is to take its place, cannot be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why, in the system's words.
        source: io::Error,
    },
    /// Others were writing the file all the time.
    #[error("{} was held by others for {:.1} s", path.display(), waited.as_secs_f64())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The time for which it was waited for.
        waited: Duration,
    },
    /// The metrics could not be gathered.
    #[error("cannot gather the metrics")]
    Gather {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It contradicts what the file holds for others.
    #[error("{} cannot hold these metrics", path.display())]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        source: InconsistentError,
    },
    /// It is refused for what is in it, as before a push.
    #[error("{} cannot hold these metrics", path.display())]
    Unpushable {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        source: UnpushableError,
    },
}

impl TextfileError {
    /// Returns true when it is about the metrics, and not about the file: others may still be
    /// written.
    #[must_use]
    pub fn is_about_the_metrics(&self) -> bool {
        matches!(
            self,
            Self::Gather { .. }
                | Self::WouldBeTooLong { .. }
                | Self::Inconsistent { .. }
                | Self::Unpushable { .. }
        )
    }
}
