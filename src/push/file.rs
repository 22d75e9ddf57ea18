//! Files that settings name: what is regular, and not too long.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Content of a file that a client needs.
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

/// A file of which something is needed that it does not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {kind} {}", path.display())]
    Unreadable {
        /// Expected content.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a pipe, a terminal or a folder.
    #[error("{kind} {} is not a regular file", path.display())]
    NotRegular {
        /// Expected content.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// It is larger than such a file may be.
    #[error("{kind} {} holds more than {limit} bytes", path.display())]
    TooLong {
        /// Expected content.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It is empty, or holds more than one line or something that is no text.
    #[error("{kind} {} is empty, or holds a second line or a control character", path.display())]
    NoSecret {
        /// Expected content.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// Its content cannot stand in a header as a token.
    #[error("bearer token file {} holds a blank or a character that is not ASCII", path.display())]
    Token {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// Expected content of the file.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        match self {
            Self::Unreadable { kind, .. }
            | Self::NotRegular { kind, .. }
            | Self::TooLong { kind, .. }
            | Self::NoSecret { kind, .. } => *kind,
            Self::Token { .. } => FileKind::BearerToken,
        }
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
