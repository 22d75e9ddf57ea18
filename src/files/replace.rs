//! The atomic replacement of a file that a lock beside it protects.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::directory::sync_parent_directory;
use super::open::private_options;

/// The event that written data has to outlive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the process.
    Process,
    /// The end of the system: it has reached the disk when it is said to be written.
    System,
}

/// Writes a new file that only its owner can read, in the place of one that was there. It is never
/// written into a file that somebody else may have open, or has made.
pub(crate) fn write(path: &Path, text: &str, durability: Durability) -> io::Result<File> {
    let create = || private_options().create_new(true).open(path);
    let mut file = match create() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()?
        }
        created => created?,
    };
    file.write_all(text.as_bytes())?;
    if durability == Durability::System {
        file.sync_all()?;
    }
    Ok(file)
}

/// Replaces a file by a new one, which is written at `beside` first: whoever reads it sees the old
/// one or the new one.
///
/// The caller has a lock, so that nobody else writes `beside`; what a process left there that was
/// killed, the next overwrites.
pub(crate) fn replace(
    path: &Path,
    beside: &Path,
    text: &str,
    durability: Durability,
) -> io::Result<File> {
    let replaced = write(beside, text, durability).and_then(|file| {
        fs::rename(beside, path)?;
        if durability == Durability::System {
            sync_parent_directory(path)?;
        }
        Ok(file)
    });
    if replaced.is_err() {
        // On a full disk every byte counts.
        let _ = fs::remove_file(beside);
    }
    replaced
}
