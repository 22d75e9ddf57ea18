//! The files of a spool, in a directory: those of each group begin alike.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files::{
    Durability, FileLock, MOST_KEPT, is_at, move_aside, read_prefix, replace,
    sync_parent_directory, write,
};

use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::fingerprint::fingerprint;

/// The longest file that is read, in bytes: what a job may leave, and some more.
pub(super) const READ_LIMIT: u64 = 512 << 20;

/// The most that is read of a file to see what it is about, in bytes.
const HEAD_LIMIT: u64 = 64 << 10;

/// The longest wait for the files of a group, which no process has for longer than a disk takes. A
/// process that would wait longer delivers without them.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// The extension of a file in which something waits. Where there is one, it is the latest.
pub(super) const WAITING: &str = "waiting";

/// The extension when all has been delivered. The two differ so that a reader of what waits need
/// not read the others, and because a file that takes the place of another makes some systems write
/// it to the disk at once.
const SENT: &str = "sent";

/// The extension of a file with refused results.
pub(super) const REFUSED: &str = "refused";

/// The extension of the mark of a run that has not ended.
pub(super) const RUNNING: &str = "running";

/// The beginning of the extension of a file that is not an entry.
pub(super) const UNREADABLE: &str = "unreadable";

/// The largest number of such files of a group.
pub(super) const MOST_UNREADABLE: u32 = MOST_KEPT;

/// The files of one group.
#[derive(Clone, Debug)]
pub(super) struct GroupFiles {
    directory: PathBuf,
    stem: String,
}

/// Makes the directory of a spool, if it is missing, and tells if every user can write to it.
pub(super) fn create_directory(directory: &Path) -> Result<bool, SpoolError> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => find_directory(directory),
        Err(error) => Err(unusable(directory, error)),
    }
}

/// Looks for the directory of a spool, and tells if every user can write to it.
pub(super) fn find_directory(directory: &Path) -> Result<bool, SpoolError> {
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => Ok(found.mode() & 0o002 != 0),
        Ok(_) => Err(unusable(directory, ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(SpoolError::Missing {
            path: directory.to_owned(),
        }),
        Err(error) => Err(unusable(directory, error)),
    }
}

fn unusable(directory: &Path, source: io::Error) -> SpoolError {
    SpoolError::Directory {
        path: directory.to_owned(),
        source,
    }
}

/// Writes a file and removes it again, to see whether that can be done.
pub(super) fn check_writable(directory: &Path) -> Result<(), SpoolError> {
    let path = directory.join(format!("{}.new", std::process::id()));
    let written = write(&path, "a test", Durability::Process);
    let written = written.and_then(|_| fs::remove_file(&path));
    written.map_err(|source| SpoolError::Unwritable { path, source })
}

/// The files of all groups of which there is one with this extension, in the order of the directory,
/// as many as are found before the time is up; false when that was so.
pub(super) fn groups_with(
    directory: &Path,
    extension: &str,
    has_time: &dyn Fn() -> bool,
) -> Result<(Vec<GroupFiles>, bool), SpoolError> {
    let mut found = Vec::new();
    for (number, file) in fs::read_dir(directory)
        .map_err(|error| unusable(directory, error))?
        .enumerate()
    {
        // Asking for the time each time would take longer than the rest.
        if number % 256 == 255 && !has_time() {
            return Ok((found, false));
        }
        let path = file.map_err(|error| unusable(directory, error))?.path();
        if path.extension() == Some(OsStr::new(extension)) {
            let stem = path.file_stem().and_then(OsStr::to_str);
            found.extend(stem.map(|stem| GroupFiles {
                directory: directory.to_owned(),
                stem: stem.to_owned(),
            }));
        }
    }
    Ok((found, true))
}

/// The entry in a file without what is known of each family. The file is not changed, so that no
/// lock is needed.
pub(super) fn read_head(path: &Path) -> Result<Option<SpoolEntry>, SpoolError> {
    let mut limit = HEAD_LIMIT;
    loop {
        let bytes = read_prefix(path, limit).map_err(|error| unreadable(path, error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        match SpoolEntry::head_of_text(&String::from_utf8_lossy(&bytes)) {
            Ok(entry) => return Ok(Some(entry)),
            // Labels may be longer than that.
            Err(_) if bytes.len() as u64 == HEAD_LIMIT => limit = READ_LIMIT,
            Err(reason) => {
                return Err(SpoolError::NotAnEntry {
                    path: path.to_owned(),
                    reason,
                });
            }
        }
    }
}

impl GroupFiles {
    /// Those of the group at this URL.
    pub(super) fn new(directory: &Path, job: &str, url: &str) -> Self {
        let plain =
            |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
        let mut stem: String = job.chars().filter(plain).take(40).collect();
        // Writing to a string does not fail.
        let _ = write!(stem, "-{:032x}", fingerprint(url.as_bytes()));
        Self {
            directory: directory.to_owned(),
            stem,
        }
    }

    pub(super) fn waiting(&self) -> PathBuf {
        self.path(WAITING)
    }

    pub(super) fn refused(&self) -> PathBuf {
        self.path(REFUSED)
    }

    pub(super) fn path(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.stem))
    }

    /// Waits for the right to read and write the files, which no process has for long.
    pub(super) fn lock(&self, patience: Duration) -> Result<FileLock, SpoolError> {
        let path = self.path("lock");
        let lock = FileLock::acquire(&path, patience).map_err(|error| unlockable(&path, error))?;
        lock.ok_or(SpoolError::Locked {
            path,
            waited: patience,
        })
    }

    /// Waits for the right to deliver to the group, which another process may have for as long as a
    /// delivery takes; None when that was longer than `patience`.
    pub(super) fn lock_delivery(&self, patience: Duration) -> Result<Option<FileLock>, SpoolError> {
        let path = self.path("turn");
        FileLock::acquire(&path, patience).map_err(|error| unlockable(&path, error))
    }

    /// Reads what is known of the group. A file that is not an entry is moved aside, which is an
    /// error.
    pub(super) fn read(&self) -> Result<Option<SpoolEntry>, SpoolError> {
        match self.read_file(&self.waiting())? {
            Some(entry) => Ok(Some(entry)),
            None => self.read_file(&self.path(SENT)),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<SpoolEntry>, SpoolError> {
        let Some(bytes) = read_prefix(path, READ_LIMIT).map_err(|error| unreadable(path, error))?
        else {
            return Ok(None);
        };
        let entry = String::from_utf8(bytes)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(|text| SpoolEntry::of_text(&text));
        entry.map(Some).map_err(|reason| {
            let name = |number| self.path(&format!("{UNREADABLE}{number}"));
            match move_aside(path, name) {
                Ok(aside) => SpoolError::Quarantined {
                    path: path.to_owned(),
                    reason,
                    aside,
                },
                Err(error) => unwritable(path, error),
            }
        })
    }

    /// Tells whether the files are named for the group at this URL.
    pub(super) fn are_named_for(&self, job: &str, url: &str) -> bool {
        Self::new(&self.directory, job, url).stem == self.stem
    }

    /// Reads what waits. A file that is not an entry is moved aside, which is an error.
    pub(super) fn read_waiting(&self) -> Result<Option<SpoolEntry>, SpoolError> {
        self.read_file(&self.waiting())
    }

    /// Removes what waits, which is kept elsewhere. The caller has the lock.
    pub(super) fn remove_waiting(&self) -> Result<(), SpoolError> {
        let path = self.waiting();
        fs::remove_file(&path).map_err(|error| unwritable(&path, error))
    }

    /// Removes what is known, which is out of date. The caller has the lock.
    pub(super) fn remove(&self) {
        for path in [self.waiting(), self.path(SENT)] {
            // Where that cannot be done there is nothing else to do.
            let _ = fs::remove_file(path);
        }
    }

    /// Writes what is known, whole or not at all: what was there stays until this is complete. As
    /// long as the returned file is open, [`is_current`](Self::is_current) can tell whether it is
    /// still the one that counts.
    pub(super) fn write(
        &self,
        entry: &SpoolEntry,
        durability: Durability,
    ) -> Result<File, SpoolError> {
        let (waiting, sent) = (self.waiting(), self.path(SENT));
        let (path, other) = if entry.state.is_waiting() {
            (waiting, sent)
        } else {
            (sent, waiting)
        };
        let file = self.replace(&path, entry, durability)?;
        let removed = match fs::remove_file(&other) {
            Ok(()) if durability == Durability::System => sync_parent_directory(&other),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        removed.map_err(|error| unwritable(&other, error))?;
        Ok(file)
    }

    /// Tells whether what waits is still in this file.
    pub(super) fn is_current(&self, file: &File) -> bool {
        is_at(file, &self.waiting())
    }

    /// Writes what was refused, for a person to look at.
    pub(super) fn write_refused(&self, entry: &SpoolEntry) -> Result<(), SpoolError> {
        let written = self.replace(&self.refused(), entry, Durability::System);
        written.map(drop)
    }

    fn replace(
        &self,
        path: &Path,
        entry: &SpoolEntry,
        durability: Durability,
    ) -> Result<File, SpoolError> {
        let replaced = replace(path, &self.path("new"), &entry.to_text(), durability);
        replaced.map_err(|error| unwritable(path, error))
    }
}

fn unlockable(path: &Path, source: io::Error) -> SpoolError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::PermissionDenied if path.exists() => SpoolError::OtherUser { path, source },
        _ => SpoolError::Unwritable { path, source },
    }
}

fn unreadable(path: &Path, source: io::Error) -> SpoolError {
    SpoolError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn unwritable(path: &Path, source: io::Error) -> SpoolError {
    SpoolError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
