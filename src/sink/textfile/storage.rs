//! The textfile in its directory: read, moved aside, and the new one that is to take its place.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files::{self, Replacement, open_options};

use super::error::{MAX_BYTES, TextfileError};

/// Returns what a file holds, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, TextfileError> {
    let unreadable = |source| TextfileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    check(path, &found)?;
    let file = open_options().read(true).open(path).map_err(unreadable)?;
    // Something else may have come to this place.
    check(path, &file.metadata().map_err(unreadable)?)?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        let path = path.to_owned();
        return Err(TextfileError::TooLong { path });
    }
    Ok(Some(bytes))
}

/// Refuses to wait at a pipe, to wake a device, and to follow a link.
fn check(path: &Path, found: &Metadata) -> Result<(), TextfileError> {
    let path = || path.to_owned();
    if found.is_symlink() {
        Err(TextfileError::Link { path: path() })
    } else if !found.is_file() {
        Err(TextfileError::NotAFile { path: path() })
    } else if found.len() > MAX_BYTES {
        Err(TextfileError::TooLong { path: path() })
    } else {
        Ok(())
    }
}

/// Begins the file that is to take the place of this one, for which other processes wait meanwhile.
pub(super) fn begin_replacement(
    path: &Path,
    patience: Duration,
) -> Result<Replacement, TextfileError> {
    // Node exporter reads whatever ends in .prom, also what is hidden.
    let replacement = Replacement::begin(beside(path, ".", ".new"), path, patience)
        .map_err(|error| unwritable(path, error))?;
    replacement.ok_or_else(|| TextfileError::Locked {
        path: path.to_owned(),
        waited: patience,
    })
}

/// Gives a file a name under which node exporter does not read it, and returns that.
pub(super) fn move_aside(path: &Path) -> Result<PathBuf, TextfileError> {
    let name = |number| match number {
        1 => beside(path, "", ".bad"),
        number => beside(path, "", &format!(".bad{number}")),
    };
    files::move_aside(path, name).map_err(|error| unwritable(path, error))
}

pub(super) fn unwritable(path: &Path, source: io::Error) -> TextfileError {
    TextfileError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

/// A file in the same directory, whose name begins and ends with more.
fn beside(path: &Path, prefix: &str, suffix: &str) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}
