//! Lines of a metrics file that are left out, and why.

use std::fmt;

use crate::exposition::{FamilyError, MetricType, ParseError, ValueError, format_float};
use crate::grouping::UnpushableError;

/// Most bytes that a line may have. A longer one is skipped without being held in memory.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// A line that is left out.
///
/// Its text is the place and the reason, as in `line 3, column 5: expected a value after rows`.
#[derive(Clone, Debug, PartialEq)]
pub struct BadLine {
    line: usize,
    column: usize,
    error: MetricsLineError,
}

impl BadLine {
    pub(super) fn new(line: usize, column: usize, error: MetricsLineError) -> Self {
        Self {
            line,
            column,
            error,
        }
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The character in the line, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// Reason for leaving it out.
    #[must_use]
    pub fn error(&self) -> &MetricsLineError {
        &self.error
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            error,
        } = self;
        write!(f, "line {line}, column {column}: {error}")
    }
}

/// Reason for leaving a line out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsLineError {
    /// It is not in the text format.
    #[error("{}", .0.reason())]
    Format(ParseError),
    /// There is no sample after `# PUSHJOB ADD`.
    #[error("expected a sample after `ADD`")]
    NothingToAdd,
    /// It has no end: what wrote it has died, or is still there when it is no longer waited for.
    #[error("the last line has no newline at its end: it is incomplete")]
    Incomplete,
    /// It is longer than a line may be.
    #[error("the line holds more than {LONGEST_LINE} bytes")]
    LongLine,
    /// The file is longer than what is read of it.
    #[error("only the first {limit} bytes are read")]
    LongFile {
        /// Number of bytes that are read.
        limit: u64,
    },
    /// There are more series than are held.
    #[error("there are {limit} other series already")]
    ManySeries {
        /// Number of series that are held.
        limit: usize,
    },
    /// Something that the group does not allow.
    #[error(transparent)]
    Group(#[from] UnpushableError),
    /// A type that differs from the first one that the metric has had.
    #[error("{metric} has had the type {before} before, not {found}")]
    OtherType {
        /// The metric name.
        metric: String,
        /// Its first type, which stays.
        before: MetricType,
        /// The type in this line.
        found: MetricType,
    },
    /// A type for a metric that has had samples without one.
    #[error("the TYPE line of {metric} comes after its first sample")]
    TypeAfterSample {
        /// The metric name.
        metric: String,
    },
    /// A sample right after a TYPE line that was left out, to which it belongs.
    #[error("{metric} belongs to the TYPE line before it, which is left out")]
    TypeLeftOut {
        /// The name in the sample.
        metric: String,
    },
    /// Names or labels that cannot stand beside each other.
    #[error("{0}")]
    Family(FamilyError),
    /// A sample of a histogram that is none of its series.
    #[error("histogram {metric} has a sample that is none of _bucket, _sum and _count")]
    BareHistogram {
        /// The metric name.
        metric: String,
    },
    /// A bucket without bound, or a quantile without its number.
    #[error("{series} has no label `{label}`, which a {metric_type} needs here")]
    MissingBound {
        /// Name and labels.
        series: String,
        /// `le` or `quantile`.
        label: &'static str,
        /// `histogram` or `summary`.
        metric_type: MetricType,
    },
    /// A bound of a bucket, or a quantile, that is none.
    #[error("{found:?} is not a bound or quantile")]
    NotABound {
        /// Text that stands there.
        found: String,
    },
    /// A count that is none.
    #[error("{found:?} is not a count: a whole number, not negative")]
    NotACount {
        /// Text that stands there.
        found: String,
    },
    /// A counter that would fall.
    #[error("{} cannot be added to counter {metric}, which only grows", format_float(*number))]
    CounterFalls {
        /// The metric name.
        metric: String,
        /// Number to be added.
        number: f64,
    },
    /// A histogram or summary without its count.
    #[error("{series} has no sample {metric}_count")]
    NoCount {
        /// Name and labels.
        series: String,
        /// The metric name.
        metric: String,
    },
    /// A histogram or summary that contradicts itself.
    #[error("{series}: {error}")]
    Value {
        /// Name and labels.
        series: String,
        /// Contradiction between its samples.
        error: ValueError,
    },
}
