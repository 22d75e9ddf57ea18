//! A new file that is to take the place of another, and is the lock on it as well.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::directory::sync_parent_directory;
use super::identity::is_at;
use super::lock::{retry_for, try_lock};
use super::open::open_options;

/// The mode of the file: everybody may read it.
const MODE: u32 = 0o644;

/// The new file, which only one process has at a time, so that it is also the right to read and
/// replace the old one.
///
/// It is removed when this is dropped. What a process leaves that is killed, the next one removes.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Makes the new file at `path`, unless another process has one there for all of `patience`:
    /// then None.
    pub(crate) fn begin(
        path: PathBuf,
        target: &Path,
        patience: Duration,
    ) -> io::Result<Option<Self>> {
        let file = retry_for(patience, || make_or_take_over(&path))?;
        Ok(file.map(|file| Self {
            file,
            path,
            target: target.to_owned(),
        }))
    }

    /// Writes it, and waits until it has reached the disk.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()
    }

    /// Puts it in the place of the old one, as one step to whoever reads that.
    pub(crate) fn replace(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        self.sync_if_allowed();
        Ok(())
    }

    /// Removes the old one, and leaves nothing in its place.
    pub(crate) fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.target)?;
        self.sync_if_allowed();
        Ok(())
    }

    /// A process that may write to the directory but not read it cannot wait for the disk; the
    /// names then follow when the system sees fit.
    fn sync_if_allowed(&self) {
        let _ = sync_parent_directory(&self.target);
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // Another process may have begun one since this has its place.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the file, unless another process has it.
fn make_or_take_over(path: &Path) -> io::Result<Option<File>> {
    if let Some(file) = make(path)? {
        return Ok(Some(file));
    }
    // Kept until it is gone, so that no other process removes it.
    let Some(_abandoned) = abandoned(path)? else {
        return Ok(None);
    };
    fs::remove_file(path)?;
    make(path)
}

/// Makes the file, unless there is one.
fn make(path: &Path) -> io::Result<Option<File>> {
    let mut options = open_options();
    match options.write(true).create_new(true).mode(MODE).open(path) {
        Ok(file) => {
            // Whatever the umask says, and at once, so that other users who come can see whether it
            // is still being written.
            file.set_permissions(Permissions::from_mode(MODE))?;
            // It could be seen before it was locked, and be taken for an abandoned one.
            Ok((try_lock(&file)? && is_at(&file, path)).then_some(file))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file that there is, if no process has it: the one that made it is no more.
fn abandoned(path: &Path) -> io::Result<Option<File>> {
    let mut options = open_options();
    // One that belongs to another user can only be read, and for a moment not even that.
    let file = options
        .write(true)
        .open(path)
        .or_else(|error| match error.kind() {
            ErrorKind::PermissionDenied => open_options().read(true).open(path),
            _ => Err(error),
        });
    match file {
        Ok(file) => Ok((try_lock(&file)? && is_at(&file, path)).then_some(file)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied => Ok(None),
            _ => Err(error),
        },
    }
}
