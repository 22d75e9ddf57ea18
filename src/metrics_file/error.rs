use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::exposition::{FamilyError, MetricType, ParseError, ValueError, format_float};

use super::lines::LONGEST_LINE;

/// Why there is no file for the metrics of a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is no `/proc`.
    #[error("there is no /proc, through which a job finds its file")]
    NoProc {
        /// Why, in the system's words.
        source: io::Error,
    },
    /// No folder can be written to, and the system gives no file in memory.
    #[error("no file can be made, not even in memory")]
    NoFile {
        /// Why not in memory.
        source: io::Error,
    },
}

/// Why metrics were not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The file cannot be opened, or not written to.
    #[error("cannot write to {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The run that had made the file has ended.
    #[error("the run that {} belongs to has ended", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// There was no room for all.
    #[error("only {written} of {length} bytes were written to {}", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// How many bytes were.
        written: usize,
        /// How many there are.
        length: usize,
    },
}

/// A line that is left out.
///
/// Its text is the place and the reason, as in `line 3, column 5: expected a value after rows`.
#[derive(Clone, Debug, PartialEq)]
pub struct BadLine {
    line: usize,
    column: usize,
    fault: Fault,
}

impl BadLine {
    pub(super) fn new(line: usize, column: usize, fault: Fault) -> Self {
        Self {
            line,
            column,
            fault,
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

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.fault
        )
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
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
        /// The most that is read.
        limit: u64,
    },
    /// There are more series than are held.
    #[error("there are {limit} other series already")]
    ManySeries {
        /// The most that are held.
        limit: usize,
    },
    /// A name that could be one of the run's own.
    #[error("metric {metric} begins with `{prefix}`, as the metrics of the run itself do")]
    Prefix {
        /// The metric name.
        metric: String,
        /// How the names of the run's own metrics begin.
        prefix: String,
    },
    /// A metric that the gateway itself sets.
    #[error("metric {metric} is set by the gateway itself")]
    ReservedMetric {
        /// The metric name.
        metric: String,
    },
    /// A label that the gateway would overwrite in silence.
    #[error("series {series} has the label `{label}`, which the grouping key sets")]
    GroupingLabel {
        /// Name and labels.
        series: String,
        /// The label.
        label: String,
    },
    /// A grouping label that the format itself puts on series of this type.
    #[error(
        "grouping label `{label}` cannot be used with {metric_type} {metric}, whose series have that label"
    )]
    FormatLabel {
        /// `le` or `quantile`.
        label: &'static str,
        /// `histogram` or `summary`.
        metric_type: MetricType,
        /// The metric name.
        metric: String,
    },
    /// An empty `instance`, which a gateway cannot tell from none.
    #[error("series {series} has an empty label `instance`, which a gateway adds by itself")]
    EmptyInstance {
        /// Name and labels.
        series: String,
    },
    /// Two names in UTF-8 that are one to whoever reads only legacy names.
    #[error("{one} and {other} are the same name to who reads only legacy names")]
    SameLegacyName {
        /// The one that was there before.
        one: String,
        /// The other.
        other: String,
    },
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
        /// What stands there.
        found: String,
    },
    /// A count that is none.
    #[error("{found:?} is not a count: a whole number, not negative")]
    NotACount {
        /// What stands there.
        found: String,
    },
    /// A counter that would fall.
    #[error("{} cannot be added to counter {metric}, which only grows", format_float(*number))]
    CounterFalls {
        /// The metric name.
        metric: String,
        /// What was to be added.
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
        /// How.
        error: ValueError,
    },
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn what_no_test_can_bring_about_says_what_it_is() {
        let refused = CreateError::NoFile {
            source: io::Error::from_raw_os_error(24),
        };
        let text = "no file can be made, not even in memory";
        assert_eq!(refused.to_string(), text);
        let source = refused.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("Too many open files (os error 24)"));
        for (fault, text) in [
            (
                Fault::LongFile { limit: 7 },
                "line 3, column 5: only the first 7 bytes are read",
            ),
            (
                Fault::LongLine,
                "line 3, column 5: the line holds more than 1048576 bytes",
            ),
        ] {
            assert_eq!(BadLine::new(3, 5, fault).to_string(), text);
        }
    }
}
