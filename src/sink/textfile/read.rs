use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use super::error::TextfileError;

/// The longest file that is read and written, in bytes. Node exporter reads it anew at each scrape.
pub(super) const LIMIT: u64 = 16 << 20;

/// What a file holds, if there is one.
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
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags())
        .open(path)
        .map_err(unreadable)?;
    // Something else may have come to this place.
    check(path, &file.metadata().map_err(unreadable)?)?;
    read_file(file, path).map(Some)
}

/// Refuses to wait at a pipe, to wake a device, and to be led elsewhere.
fn check(path: &Path, found: &Metadata) -> Result<(), TextfileError> {
    let path = || path.to_owned();
    if found.is_symlink() {
        Err(TextfileError::Link { path: path() })
    } else if !found.is_file() {
        Err(TextfileError::NoFile { path: path() })
    } else if found.len() > LIMIT {
        Err(TextfileError::Long { path: path() })
    } else {
        Ok(())
    }
}

fn read_file(file: File, path: &Path) -> Result<Vec<u8>, TextfileError> {
    let mut bytes = Vec::new();
    let read: io::Result<_> = file.take(LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|source| TextfileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > LIMIT {
        return Err(TextfileError::Long {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Nobody leads us to a file elsewhere, or to a pipe to wait at.
pub(super) fn flags() -> i32 {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    i32::try_from(flags.bits()).unwrap_or_default()
}
