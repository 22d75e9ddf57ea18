//! The file that is to take the place of another.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::error::TextfileError;
use super::read::flags;

/// Node exporter, which runs as somebody else, reads it.
const MODE: u32 = 0o644;

/// The pauses between two looks at a file that another has, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// How many unreadable files are kept of each textfile.
const MOST_ASIDE: u32 = 9;

/// The new file, which only one process has at a time, so that it is also the right to read and replace the old one. It goes
/// when this is dropped; what one leaves that is killed, the next takes away.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Begins the file that is to take the place of this one. While another has begun one it is waited for.
    pub(super) fn begin(target: &Path, patience: Duration) -> Result<Self, TextfileError> {
        // Node exporter reads whatever ends in .prom, also what is hidden.
        let path = beside(target, ".", ".new");
        let since = Instant::now();
        let (mut pause, longest) = PAUSES;
        loop {
            let attempt = attempt(&path).map_err(|source| TextfileError::Unwritable {
                path: target.to_owned(),
                source,
            })?;
            if let Some(file) = attempt {
                return Ok(Self {
                    file,
                    path,
                    target: target.to_owned(),
                });
            }
            let left = patience.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(TextfileError::Held {
                    path: target.to_owned(),
                    waited: patience,
                });
            }
            // The system has no way to wait for it that ends.
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(longest);
        }
    }

    /// Writes it, and waits until it has reached the disk.
    pub(super) fn write(&mut self, text: &str) -> Result<(), TextfileError> {
        let file = &mut self.file;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|source| self.unwritable(source))
    }

    /// Puts it in the place of the other, as one step to whoever reads that.
    pub(super) fn replace(self) -> Result<(), TextfileError> {
        fs::rename(&self.path, &self.target)
            .map_err(|source| self.unwritable(source))
            .map(|()| self.sync())
    }

    /// Takes the other away, and leaves nothing in its place.
    pub(super) fn remove(self) -> Result<(), TextfileError> {
        fs::remove_file(&self.target)
            .map_err(|source| self.unwritable(source))
            .map(|()| self.sync())
    }

    /// Gives the other a name under which nobody reads it, and says which.
    pub(super) fn set_aside(&self) -> Result<PathBuf, TextfileError> {
        let name = |number: u32| match number {
            1 => beside(&self.target, "", ".bad"),
            number => beside(&self.target, "", &format!(".bad{number}")),
        };
        let free = (1..MOST_ASIDE).map(name);
        let mut free = free.filter(|path| fs::symlink_metadata(path).is_err());
        let aside = free.next().unwrap_or_else(|| name(MOST_ASIDE));
        fs::rename(&self.target, &aside)
            .map_err(|source| self.unwritable(source))
            .map(|()| aside)
    }

    fn unwritable(&self, source: io::Error) -> TextfileError {
        TextfileError::Unwritable {
            path: self.target.clone(),
            source,
        }
    }

    /// Waits until the names of the files have reached the disk. Who may write to the folder but not read it cannot; the names
    /// then follow when the system sees fit.
    fn sync(&self) {
        let _ = File::open(folder(&self.target)).and_then(|folder| folder.sync_all());
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Another may have begun one since this has its place.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The folder of a file.
pub(super) fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A file in the same folder, whose name begins and ends with more.
fn beside(target: &Path, prefix: &str, suffix: &str) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(target.file_name().unwrap_or_default());
    name.push(suffix);
    target.with_file_name(name)
}

/// Makes the file, unless another has it.
fn attempt(path: &Path) -> io::Result<Option<File>> {
    if let Some(file) = make(path)? {
        return Ok(Some(file));
    }
    // Kept until it is gone, so that nobody else takes it away.
    let Some(_left) = left_behind(path)? else {
        return Ok(None);
    };
    fs::remove_file(path)?;
    make(path)
}

/// Makes the file, unless there is one.
fn make(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(flags());
    match options.create_new(true).mode(MODE).open(path) {
        Ok(file) => {
            // Whatever the umask says, and at once, so that other users who come can see whether it is still being written.
            file.set_permissions(Permissions::from_mode(MODE))?;
            // It could be seen before it was locked, and be taken for one that was left behind.
            Ok((lock(&file)? && is_at(&file, path)).then_some(file))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file that there is, if nobody has it: who made it is no more, and it was nobody's to keep.
fn left_behind(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(flags());
    // One that belongs to another user can only be read, and for a moment not even that.
    let others = options.open(path).or_else(|error| match error.kind() {
        ErrorKind::PermissionDenied => options.clone().write(false).read(true).open(path),
        _ => Err(error),
    });
    match others {
        Ok(file) => Ok((lock(&file)? && is_at(&file, path)).then_some(file)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied => Ok(None),
            _ => Err(error),
        },
    }
}

/// Takes a file, unless another has it. It is let go when it is closed, however the process ends.
fn lock(file: &File) -> io::Result<bool> {
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(error) => {
                let error = io::Error::from(error);
                match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => return Ok(false),
                    _ => return Err(error),
                }
            }
        }
    }
}

/// Whether this file has the path. As long as it is open no other can have its number.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |found: io::Result<Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    let own = number(file.metadata());
    own.is_some() && own == number(fs::symlink_metadata(path))
}
