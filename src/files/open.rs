//! The opening of files at places where somebody else may have put something.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The room for a file as most are, which is then read at once, in bytes.
const USUAL_LENGTH: usize = 8 << 10;

/// Options to open a file that do not follow a symbolic link, wait at a pipe, or take a terminal.
pub(crate) fn open_options() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    options
}

/// Options to write a file that only its owner can read, which is made if it is missing.
pub(crate) fn private_options() -> OpenOptions {
    let mut options = open_options();
    options.write(true).create(true).mode(0o600);
    options
}

/// Opens a file; None when there is no file.
pub(crate) fn open_existing(options: &OpenOptions, path: &Path) -> io::Result<Option<File>> {
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The beginning of a file, at most so many bytes; None when there is no file.
pub(crate) fn read_prefix(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open_existing(open_options().read(true), path)? else {
        return Ok(None);
    };
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
