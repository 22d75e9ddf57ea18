//! Whether a text is one that a gateway takes, and all that is wrong with it.
//!
//! A [`Check`] takes the lines of a text one after the other: a stage mends or converts them, the scanner says what each says,
//! and a judge whether it goes with those before it.

mod checked;
mod distribution;
mod family;
mod fingerprint;
mod format;
mod inspector;
mod judge;
mod lint;
mod output;
mod problem;
mod setup;
mod stage;
mod walk;

pub use checked::{Checked, CheckedFamily};
pub(super) use family::{Family, Owner};
pub use format::Format;
pub use inspector::{CheckedSample, Inspector};
pub(crate) use judge::Destiny;
pub use output::Output;
pub use problem::{Problem, Severity};
pub use setup::Check;
pub use stage::Mended;
pub(super) use walk::Visitor;
