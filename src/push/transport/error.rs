//! The error of a request without a response.

use std::fmt;
use std::io::{self, ErrorKind};

use ureq::Error;

#[cfg(feature = "rustls")]
use crate::push::tls;

/// A request without a response.
#[derive(Debug)]
pub(in crate::push) enum TransportError {
    /// The time was used up.
    Timeout,
    /// Something that may be over soon.
    Transient(String),
    /// Something that will not pass by itself.
    Permanent(String),
    /// The connection had been used before, and was closed when this request came.
    Stale,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Transient(reason) | Self::Permanent(reason) => reason,
            Self::Stale => "the connection was closed before an answer came",
        })
    }
}

impl std::error::Error for TransportError {}

/// On its way through the library.
impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Other(Box::new(error))
    }
}

/// Out of the library again.
impl From<Error> for TransportError {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(_) => Self::Timeout,
            Error::Io(error) => from_io(&error),
            Error::Other(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(error) => Self::Transient(error.to_string()),
            },
            Error::Protocol(error) => Self::Permanent(format!("not an HTTP answer: {error}")),
            other => Self::Permanent(other.to_string()),
        }
    }
}

fn from_io(error: &io::Error) -> TransportError {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return TransportError::Permanent(tls::describe(error));
    }
    match error.kind() {
        ErrorKind::UnexpectedEof => TransportError::Transient(TransportError::Stale.to_string()),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            TransportError::Permanent(error.to_string())
        }
        _ => TransportError::Transient(error.to_string()),
    }
}
