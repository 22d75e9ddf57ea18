//! Contents of a metrics file.

use crate::exposition::MetricFamilies;

use super::error::BadLine;

/// Metrics and bad lines of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Contents {
    /// The metrics.
    pub families: MetricFamilies,
    /// The first of the lines that were left out, at most ten.
    pub bad_lines: Vec<BadLine>,
    /// Number of all lines that were left out.
    pub bad_line_count: usize,
    /// True when series were left out because there are [too
    /// many](super::ReadOptions::most_series).
    pub has_more_series: bool,
}

/// Number of bad lines that are kept.
const MOST_KEPT: usize = 10;

impl Contents {
    pub(super) fn note(&mut self, line: BadLine) {
        self.bad_line_count += 1;
        if self.bad_lines.len() < MOST_KEPT {
            self.bad_lines.push(line);
        }
    }
}
