//! Files that settings name: what is regular, and not too long.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::error::FileError;

/// What a file holds that a client needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// The password for Basic auth.
    Password,
    /// The token for Bearer auth.
    BearerToken,
    /// Certificates of authorities.
    Ca,
    /// The certificate by which a gateway knows us.
    Certificate,
    /// The key to it.
    Key,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "password file",
            Self::BearerToken => "bearer token file",
            Self::Ca => "CA file",
            Self::Certificate => "certificate file",
            Self::Key => "key file",
        })
    }
}

/// Reads a regular file of at most `limit` bytes.
pub(super) fn read(path: &Path, kind: FileKind, limit: u64) -> Result<Vec<u8>, FileError> {
    let unreadable = |source| FileError::Unreadable {
        kind,
        path: path.to_owned(),
        source,
    };
    // Asked before it is opened: opening a pipe waits for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(FileError::NotRegular {
            kind,
            path: path.to_owned(),
        });
    }
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut content))
        .map_err(unreadable)?;
    if content.len() as u64 > limit {
        return Err(FileError::TooLong {
            kind,
            path: path.to_owned(),
            limit,
        });
    }
    Ok(content)
}
