//! The identity of an open file.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Tells whether this path still leads to this open file. As long as it is open no other file can
/// get its number.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let number = |found: io::Result<Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    let own = number(file.metadata());
    own.is_some() && own == number(fs::symlink_metadata(path))
}
