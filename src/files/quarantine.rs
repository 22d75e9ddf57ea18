//! Unreadable files, moved to names under which a person finds them and no program reads them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The largest number of such files that are kept of one kind. The last is written over.
pub(crate) const MOST_KEPT: u32 = 9;

/// Moves a file to the first of the numbered names, from 1 on, that is free, and returns it.
pub(crate) fn move_aside(path: &Path, name: impl Fn(u32) -> PathBuf) -> io::Result<PathBuf> {
    let mut names = (1..MOST_KEPT).map(&name);
    let free = names.find(|path| fs::symlink_metadata(path).is_err());
    let aside = free.unwrap_or_else(|| name(MOST_KEPT));
    fs::rename(path, &aside)?;
    Ok(aside)
}
