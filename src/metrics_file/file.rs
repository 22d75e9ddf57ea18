//! The file itself, which a run makes for its job.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::exposition::LineReader;

use super::contents::Contents;
use super::error::LONGEST_LINE;
use super::options::ReadOptions;
use super::reader::{MetricsReader, READ_LIMIT, Reading};

/// Variable of the environment in which a job finds the path of its file.
pub const METRICS_FILE: &str = "PUSHJOB_METRICS_FILE";

/// Where the file is made if it can be, after `$TMPDIR`.
const FOLDERS: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// The least number of its descriptor, if the limit allows it.
const DESCRIPTOR: i32 = 200;

/// Failure to make a file for the metrics of a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is no `/proc`.
    #[error("there is no /proc, through which a job finds its file")]
    NoProc {
        /// Why, in the system's words.
        source: io::Error,
    },
    /// No folder can be written to, and the system gives no file in memory.
    #[error("cannot create the metrics file, not even in memory")]
    NoFile {
        /// Why not in memory.
        source: io::Error,
    },
}

/// A file for the metrics of one job. It has no name in any folder, so that nothing is left of it
/// when this is dropped or the process ends, however it ends; and a job does not inherit it, but
/// opens it by its path, as often as it likes.
///
/// The path leads through this process. It is open to jobs that run as the same user with no fewer
/// rights, and for as long as this exists.
#[derive(Debug)]
pub struct MetricsFile {
    file: File,
    path: PathBuf,
}

impl MetricsFile {
    /// Makes an empty file in `$TMPDIR`, `/tmp`, `/var/tmp` or `/dev/shm`; or in memory where none
    /// of them can be written to.
    ///
    /// # Errors
    ///
    /// [`CreateError`] when there is no `/proc`, or no file can be made at all.
    pub fn create() -> Result<Self, CreateError> {
        // As this /proc numbers the process, which may not be as the process does.
        let process =
            fs::read_link("/proc/self").map_err(|source| CreateError::NoProc { source })?;
        let file = unnamed().map_err(|source| CreateError::NoFile { source })?;
        // A number that hardly any other process uses: who comes with the path of a run that has
        // ended finds nothing.
        let file = match rustix::io::fcntl_dupfd_cloexec(&file, DESCRIPTOR) {
            Ok(descriptor) => File::from(descriptor),
            Err(_) => file,
        };
        let mut path = Path::new("/proc").join(process);
        path.push("fd");
        path.push(file.as_raw_fd().to_string());
        Ok(Self { file, path })
    }

    /// The path by which a job opens it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true when nothing has been written to it.
    ///
    /// # Errors
    ///
    /// Any error of the system.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.length()? == 0)
    }

    /// Returns its length so far, in bytes.
    ///
    /// # Errors
    ///
    /// Any error of the system.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads what it holds by now, at most 256 MiB and [so many series](ReadOptions::most_series).
    /// The memory that this takes grows with the number of series, and not with the length of the
    /// file.
    ///
    /// # Errors
    ///
    /// Any error of the system. A bad line is no error.
    pub fn read(&self, reading: Reading, options: &ReadOptions) -> io::Result<Contents> {
        let mut reader = MetricsReader::new(options, reading);
        let mut lines = LineReader::bounded(&self.file, LONGEST_LINE, READ_LIMIT)?;
        while lines.advance()? {
            reader.take(&lines.line());
        }
        Ok(reader.finish())
    }
}

/// A file that only this process knows of.
fn unnamed() -> io::Result<File> {
    let chosen = env::var_os("TMPDIR").filter(|folder| !folder.is_empty());
    let mut folders = chosen.into_iter().chain(FOLDERS.map(OsString::from));
    let file = folders
        .find_map(|folder| tempfile::tempfile_in(folder).ok())
        .map_or_else(in_memory, Ok)?;
    // The job opens it anew, also where the umask of this process takes that right from who makes a
    // file.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn in_memory() -> io::Result<File> {
    let create = |flags| memfd_create("pushjob-metrics", flags);
    // Systems can be set to refuse files in memory that could be executed; old ones do not know the
    // difference.
    let file = create(MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| create(MemfdFlags::CLOEXEC))?;
    Ok(file.into())
}
