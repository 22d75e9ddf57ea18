//! Appending to the file of a job, from inside it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::exposition::{MetricFamilies, encode};

/// Failure to append metrics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The file cannot be opened, or not written to.
    #[error("cannot write to {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The run that had made the file has ended.
    #[error("the run that {} belongs to has ended", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// There was no room for all.
    #[error("only {written} of {length} bytes were written to {}", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// Number of bytes that were written.
        written: usize,
        /// Number of all bytes.
        length: usize,
    },
}

/// Effect of a value on the one that its series has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The new value replaces it.
    Set,
    /// The new value is added to it, or to 0. Of a histogram or summary that holds for the sum, the
    /// count and the buckets.
    Add,
}

impl Operation {
    /// The value of a series that had `before`.
    pub(super) fn apply(self, before: Option<f64>, value: f64) -> f64 {
        match self {
            Self::Set => value,
            Self::Add => before.unwrap_or(0.0) + value,
        }
    }
}

/// Words before a sample that is to be added. To any other reader of the text format they begin a
/// comment.
pub(super) const ADDITION: [&str; 2] = ["PUSHJOB", "ADD"];

/// Appends metrics to the file of a job, in a single write, so that others can append at the same
/// time.
///
/// A file at this path is made if there is none. Where the file ends in the middle of a line,
/// because its writer has died, a new line is begun, and only that one is lost.
///
/// # Errors
///
/// [`AppendError`], with the path.
pub fn append(
    path: &Path,
    families: &MetricFamilies,
    operation: Operation,
) -> Result<(), AppendError> {
    let text = text(families, operation);
    if text.is_empty() {
        return Ok(());
    }
    let unwritable = |source| AppendError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let of_a_process = path.starts_with("/proc");
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(!of_a_process)
        .open(path);
    let mut file = match file {
        Err(error) if of_a_process && error.kind() == ErrorKind::NotFound => {
            return Err(AppendError::Gone {
                path: path.to_owned(),
            });
        }
        file => file.map_err(unwritable)?,
    };
    let metadata = file.metadata().map_err(unwritable)?;
    // Another process may have got the number of a run that has ended, and have a file of its own
    // in that place.
    if of_a_process && !(metadata.is_file() && metadata.nlink() == 0) {
        return Err(AppendError::Gone {
            path: path.to_owned(),
        });
    }
    // A device such as /dev/null has a length of 0.
    let text = if has_open_line(&file, metadata.len()).map_err(unwritable)? {
        format!("\n{text}")
    } else {
        text
    };
    let written = write_once(&mut file, text.as_bytes()).map_err(unwritable)?;
    if written < text.len() {
        return Err(AppendError::Incomplete {
            path: path.to_owned(),
            written,
            length: text.len(),
        });
    }
    Ok(())
}

/// The lines to be written.
fn text(families: &MetricFamilies, operation: Operation) -> String {
    let text = encode(families);
    if operation == Operation::Set {
        return text;
    }
    let [ours, addition] = ADDITION;
    let mut additions = String::new();
    for line in text.lines() {
        if !line.starts_with('#') {
            additions.extend(["# ", ours, " ", addition, " "]);
        }
        additions.extend([line, "\n"]);
    }
    additions
}

/// Returns true when the last line of a file has no end.
fn has_open_line(file: &File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else {
        return Ok(false);
    };
    let mut byte = [0];
    Ok(file.read_at(&mut byte, last)? == 1 && byte != *b"\n")
}

/// Writes in one system call, and says how much.
fn write_once(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
