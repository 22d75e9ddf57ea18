//! What the targets have in common: a check whose findings can be compared, texts that are handed out in pieces, what a text
//! must be after it was mended or converted, and what only a gateway says.

mod findings;
mod gateway;
mod output;
mod pieces;

pub use findings::{Findings, Seen, check};
pub use gateway::{DROPPED, OnlyThere, REFUSED, mentions, same_in_group};
pub use output::{OutputLines, is_sample_line, output};
pub use pieces::Pieces;

use pushjob::exposition::{Check, NameValidation};

/// Both schemes of names.
pub const NAMES: [NameValidation; 2] = [NameValidation::Legacy, NameValidation::Utf8];

/// The four ways to take a text: as it is, with its line ends mended, without its timestamps, and both.
#[must_use]
pub fn ways(check: &Check) -> [Check; 4] {
    [
        check.clone(),
        check.clone().normalize(),
        check.clone().strip_timestamps(),
        check.clone().normalize().strip_timestamps(),
    ]
}
