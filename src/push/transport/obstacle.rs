//! Why a request has no answer.

use std::fmt;
use std::io::{self, ErrorKind};

use ureq::Error;

#[cfg(feature = "rustls")]
use crate::push::tls;

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::push) enum Obstacle {
    /// The time was used up.
    Timeout,
    /// Something that may pass.
    Passing(String),
    /// Something that will not pass by itself.
    Lasting(String),
    /// The connection had been used before, and was closed when this request came.
    Stale,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Passing(reason) | Self::Lasting(reason) => reason,
            Self::Stale => "the connection was closed before an answer came",
        })
    }
}

impl std::error::Error for Obstacle {}

/// On its way through the library.
impl From<Obstacle> for Error {
    fn from(obstacle: Obstacle) -> Self {
        Self::Other(Box::new(obstacle))
    }
}

/// Out of the library again.
impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(_) => Self::Timeout,
            Error::Io(error) => from_io(&error),
            Error::Other(error) => match error.downcast::<Self>() {
                Ok(obstacle) => *obstacle,
                Err(error) => Self::Passing(error.to_string()),
            },
            Error::Protocol(error) => Self::Lasting(format!("not an HTTP answer: {error}")),
            other => Self::Lasting(other.to_string()),
        }
    }
}

fn from_io(error: &io::Error) -> Obstacle {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Obstacle::Lasting(tls::plain(error));
    }
    match error.kind() {
        ErrorKind::UnexpectedEof => Obstacle::Passing(Obstacle::Stale.to_string()),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => Obstacle::Lasting(error.to_string()),
        _ => Obstacle::Passing(error.to_string()),
    }
}
