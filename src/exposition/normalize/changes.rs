//! Account of the changes to a text.

/// Changes to a text that make a gateway take it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Normalizations {
    /// Whether there was a byte order mark before it.
    pub byte_order_mark: bool,
    /// How many lines ended with a carriage return.
    pub carriage_returns: u64,
    /// Whether the last line had no newline.
    pub final_newline: bool,
    /// How many timestamps were removed.
    pub timestamps: u64,
    /// How many exemplars were left out.
    pub exemplars: u64,
}
