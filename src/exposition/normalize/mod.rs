//! Texts that a gateway would refuse or not understand, turned into those that it takes, line by
//! line.

mod changes;
mod format;
mod normalizer;
mod openmetrics;
mod output;

pub use changes::Normalizations;
pub use format::Format;
pub(super) use normalizer::{BYTE_ORDER_MARK, NormalizedLine, Normalizer, NormalizerOptions};
pub use output::Output;
