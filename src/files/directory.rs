//! The way of file names to the disk.

use std::fs::File;
use std::io;
use std::path::Path;

/// Waits until the names of the files in the directory of this one have reached the disk.
pub(crate) fn sync_parent_directory(file: &Path) -> io::Result<()> {
    let directory = match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}
