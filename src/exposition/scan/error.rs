//! Errors of single lines.

use std::fmt;

use super::lines::column;

/// Text that is not in the exposition format, with the place.
///
/// ```
/// use pushjob::exposition::parse;
///
/// let error = parse(b"rows 1\nrows{table=users} 2\n").unwrap_err();
/// assert_eq!((error.line(), error.column()), (2, 12));
/// assert_eq!(error.to_string(), "line 2, column 12: the value of label `table` does not begin with `\"`");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    line: usize,
    column: usize,
    reason: String,
}

impl ParseError {
    pub(in crate::exposition) fn new(
        line: usize,
        column: usize,
        reason: impl fmt::Display,
    ) -> Self {
        Self {
            line,
            column,
            reason: reason.to_string(),
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

    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> String {
        self.reason.clone()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.reason
        )
    }
}

impl std::error::Error for ParseError {}

/// Something wrong in a line, at a byte of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineError {
    pub(crate) at: usize,
    reason: String,
}

impl LineError {
    pub(crate) fn new(at: usize, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self { at, reason }
    }

    /// The error with its place, for the line that it is in.
    pub(crate) fn in_line(self, line: &[u8], number: usize) -> ParseError {
        ParseError {
            line: number,
            column: column(line, self.at),
            reason: self.reason,
        }
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Reasons why a line is not in the format.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum SyntaxError {
    #[error("not valid UTF-8")]
    NotUtf8,
    #[error("expected a metric name")]
    NoMetricName,
    #[error("a name in quotation marks is one in UTF-8, which has to be asked for")]
    QuotedName,
    #[error("the name has no closing `\"`")]
    OpenName,
    #[error("expected `,` or `}}` after the metric name")]
    NoCommaAfterName,
    #[error("expected a metric name in the {keyword} line")]
    NoMetricNameInComment { keyword: &'static str },
    #[error(
        "{found:?} is not a metric type: counter, gauge, histogram, summary or untyped{}",
        type_hint(found)
    )]
    UnknownType { found: String },
    #[error("second {keyword} line for {metric}")]
    SecondComment {
        keyword: &'static str,
        metric: String,
    },
    #[error("`\\{found}` is not an escape: only {allowed} are")]
    BadEscape {
        found: String,
        allowed: &'static str,
    },
    #[error("expected a label name or `}}`")]
    NoLabelName,
    #[error("label name `{label}` is reserved")]
    ReservedLabel { label: String },
    #[error("expected `=` after label name `{label}`")]
    NoEquals { label: String },
    #[error("the value of label `{label}` does not begin with `\"`")]
    NoOpeningQuote { label: String },
    #[error("the value of label `{label}` has no closing `\"`")]
    NoClosingQuote { label: String },
    #[error("expected `,` or `}}` after the value of label `{label}`")]
    NoComma { label: String },
    #[error("expected a value after {series}")]
    NoValue { series: String },
    #[error("{found:?} is not a number{}", number_hint(found))]
    NotANumber { found: String },
    #[error("the line goes on after the value: {found:?}")]
    Trailing { found: String },
    #[error("a timestamp, which a Pushgateway refuses")]
    Timestamp,
}

impl SyntaxError {
    pub(crate) fn at(self, at: usize) -> LineError {
        LineError::new(at, self)
    }
}

/// Reason why a text that looks like a number is none.
fn number_hint(text: &str) -> &'static str {
    let unsigned = text.trim_start_matches(['+', '-']);
    let is_all = |allowed: &str| {
        unsigned.starts_with(|first: char| first.is_ascii_digit())
            && unsigned
                .chars()
                .all(|found| found.is_ascii_digit() || allowed.contains(found))
    };
    if unsigned.len() + 1 < text.len() {
        ": it has two signs"
    } else if unsigned.eq_ignore_ascii_case("nan") {
        ": NaN has no sign"
    } else if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        ": hexadecimal numbers are not taken"
    } else if is_all("_.") && text.contains('_') {
        ": underscores are not taken"
    } else if is_all(",.") && text.contains(',') {
        ": the decimal sign is a point, and there is none for thousands"
    } else if is_all("eE+-.") && text.parse::<f64>().is_ok_and(f64::is_infinite) {
        ": it is too large"
    } else {
        ""
    }
}

/// Note on a type that only the other format has.
fn type_hint(word: &str) -> &'static str {
    match word {
        "unknown" | "info" | "stateset" | "gaugehistogram" => "; it is one of OpenMetrics",
        _ => "",
    }
}
