//! Options of a check.

use crate::exposition::model::NameValidation;
use crate::exposition::normalize::{Format, Normalizer, NormalizerOptions};
use crate::exposition::scan::{Dialect, Scanner};

use super::rules::{Purpose, Timestamps};

/// Everything that a check is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct CheckOptions {
    pub(super) names: NameValidation,
    pub(super) format: Format,
    /// Whether line ends are normalized.
    pub(super) normalizes: bool,
    pub(super) timestamps: Timestamps,
    pub(super) purpose: Purpose,
    pub(super) lints: bool,
}

impl CheckOptions {
    pub(super) fn scanner(self) -> Scanner {
        Scanner::new(Dialect {
            names: self.names,
            open_metrics: false,
        })
    }

    pub(super) fn normalizer(self) -> Normalizer {
        Normalizer::new(NormalizerOptions {
            names: self.names,
            format: self.format,
            line_ends: self.normalizes,
            timestamps: self.timestamps == Timestamps::Removed,
        })
    }
}
