use crate::exposition::ParseError;

/// A registry of another crate whose metrics cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// The other crate does not write them.
    #[error("the crate {of} does not write its metrics: {reason}")]
    NotWritten {
        /// The crate.
        of: &'static str,
        /// What it says.
        reason: String,
    },
    /// What it writes cannot be pushed: a name that none can have, for one, which it does not refuse itself.
    #[error("the crate {of} writes {line:?}")]
    Text {
        /// The crate.
        of: &'static str,
        /// What it writes there.
        line: String,
        /// What is wrong with that.
        source: Box<ParseError>,
    },
}
