//! Errors of the adapters.

use crate::exposition::ParseError;

/// A registry of another crate cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// The other crate does not write its metrics.
    #[error("the crate {of} does not write its metrics: {reason}")]
    NotWritten {
        /// The crate.
        of: &'static str,
        /// Its error.
        reason: String,
    },
    /// The other crate writes text that cannot be pushed, for example an invalid name, which it does not
    /// reject itself.
    #[error("the crate {of} writes {line:?}")]
    Text {
        /// The crate.
        of: &'static str,
        /// The line.
        line: String,
        /// The mistake in it.
        source: Box<ParseError>,
    },
}
