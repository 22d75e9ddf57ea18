mod assemble;
mod cursor;
mod float;
#[cfg(target_os = "linux")]
mod one_line;
mod plain;
mod scan;
mod statement;

use super::check::{Check, Destiny};
use super::error::{ParseError, ParseErrorKind};
use super::family::MetricFamilies;
use super::labels::Labels;
use super::names::{MetricName, NameValidation};
use super::text::column;
use assemble::Assembly;
use one_line::labels;

#[cfg(target_os = "linux")]
pub(crate) use one_line::{OneLine, one_line};

pub use float::parse_float;
pub(super) use float::parse_float_bytes;
pub(super) use scan::{Dialect, Metadata, Scanner, metadata};
pub(super) use statement::{Declared, Name, Sample, ScanError, Statement, unescape};

/// Reads text in the exposition format, and refuses what a Pushgateway refuses: a last line without newline, carriage returns,
/// timestamps, series that occur twice, TYPE lines after samples, names and escapes out of the format. [`Check`] finds more
/// than the first mistake, and does not keep the text in memory.
///
/// A histogram or summary is kept as it is read, also where it contradicts itself: a gateway takes it. Two blocks of the same
/// family are read as one. Comments and blank lines are passed over.
///
/// # Errors
///
/// [`ParseError`] with the line and column of the first thing that is wrong.
///
/// ```
/// use pushjob::exposition::parse;
///
/// let families = parse(b"# TYPE rows gauge\nrows{table=\"users\"} 42\n")?;
/// assert_eq!(families.len(), 1);
/// # Ok::<(), pushjob::exposition::ParseError>(())
/// ```
pub fn parse(input: &[u8]) -> Result<MetricFamilies, ParseError> {
    parse_names(input, NameValidation::Legacy)
}

/// Reads text in the exposition format as [`parse`] does, with names by a scheme of choice: with
/// [`NameValidation::Utf8`] also `{"rows.loaded","k8s.pod"="p"} 42` and `# TYPE "rows.loaded" gauge`.
///
/// # Errors
///
/// [`ParseError`] with the line and column of the first thing that is wrong.
pub fn parse_names(input: &[u8], names: NameValidation) -> Result<MetricFamilies, ParseError> {
    let mut assembly = Assembly::default();
    let check = Check::new().names(names).destiny(Destiny::Reader);
    // What is in memory can be read; what remains is a line that is too long.
    if let Err(error) = check.walk(&input, &mut assembly) {
        let reason = error.to_string();
        return Err(ParseError::new(1, 1, ParseErrorKind::Objection { reason }));
    }
    assembly.finish()
}

/// The name and labels of one series, as in `rows{table="users"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The metric name.
    pub name: MetricName,
    /// The labels.
    pub labels: Labels,
}

impl Series {
    /// Reads a series at the beginning of `text` and returns it with what follows.
    ///
    /// # Errors
    ///
    /// [`ParseError`] with the column of the first thing that is wrong.
    ///
    /// ```
    /// use pushjob::exposition::Series;
    ///
    /// let (series, rest) = Series::parse_prefix("rows{table=\"a=b\"}=42")?;
    /// assert_eq!((series.name.as_str(), series.labels.get("table"), rest), ("rows", Some("a=b"), "=42"));
    /// # Ok::<(), pushjob::exposition::ParseError>(())
    /// ```
    pub fn parse_prefix(text: &str) -> Result<(Self, &str), ParseError> {
        Self::parse_prefix_names(text, NameValidation::Legacy)
    }

    /// Does the same with names by a scheme of choice, see [`parse_names`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] with the column of the first thing that is wrong.
    pub fn parse_prefix_names(
        text: &str,
        names: NameValidation,
    ) -> Result<(Self, &str), ParseError> {
        let fail =
            |(at, reason): ScanError| ParseError::new(1, column(text.as_bytes(), at), reason);
        let mut scanner = Scanner::new(Dialect {
            names,
            open_metrics: false,
        });
        let (name, spans, end) = scanner.series(text.as_bytes()).map_err(fail)?;
        let (name, at) = (unescape(name.raw).into_owned(), name.at);
        let name = MetricName::utf8(name).map_err(|_| fail((at, ParseErrorKind::NoMetricName)))?;
        let labels = labels(text.as_bytes(), spans, at).map_err(fail)?;
        Ok((Self { name, labels }, &text[end..]))
    }
}
