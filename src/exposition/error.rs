use std::fmt;

use super::encode::format_float;
use super::family::MetricType;

/// A name that the data model does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a metric name.
    #[error(
        "{name:?} is not a metric name: letters, digits, `_` and `:`, not beginning with a digit"
    )]
    Metric {
        /// What was given.
        name: String,
    },
    /// Not a label name.
    #[error("{name:?} is not a label name: letters, digits and `_`, not beginning with a digit")]
    Label {
        /// What was given.
        name: String,
    },
    /// No name at all.
    #[error("the name is empty")]
    Empty,
    /// A label name that Prometheus keeps for itself.
    #[error("label name {name:?} is reserved: names beginning with `__` belong to Prometheus")]
    ReservedLabel {
        /// What was given.
        name: String,
    },
}

/// A histogram or summary that contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A bucket or quantile is not a number.
    #[error("a bucket bound or quantile is NaN")]
    NanBound,
    /// Two buckets or quantiles are the same.
    #[error("bucket or quantile {} occurs twice", format_float(*bound))]
    DuplicateBound {
        /// The bound or quantile.
        bound: f64,
    },
    /// A bucket counts less than the one below it.
    #[error("bucket {} counts less than the one below it", format_float(*bound))]
    NotCumulative {
        /// The bound of the smaller bucket.
        bound: f64,
    },
    /// A bucket does not fit the number of observations.
    #[error("bucket {} does not fit the count {count}", format_float(*bound))]
    CountMismatch {
        /// The bound of the bucket.
        bound: f64,
        /// The number of observations.
        count: u64,
    },
}

/// Families or series that cannot stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FamilyError {
    /// A value of one type in a family of another.
    #[error("{metric} is of type {declared}, not {found}")]
    WrongType {
        /// The metric name.
        metric: String,
        /// The type of the family.
        declared: MetricType,
        /// The type of the value.
        found: MetricType,
    },
    /// A label that the format itself uses in this type.
    #[error("label `{label}` of {metric_type} {metric} belongs to the format")]
    ReservedLabel {
        /// The metric name.
        metric: String,
        /// `le` or `quantile`.
        label: &'static str,
        /// The type of the family.
        metric_type: MetricType,
    },
    /// A name that the data model does not allow.
    #[error("{0}")]
    Name(NameError),
    /// A label name twice in one series.
    #[error("label `{label}` occurs twice")]
    DuplicateLabel {
        /// The label name.
        label: String,
    },
    /// Two series of the same name and labels.
    #[error("series {series} occurs twice")]
    DuplicateSeries {
        /// Name and labels.
        series: String,
    },
    /// Two families of the same name.
    #[error("metric family {metric} occurs twice")]
    DuplicateFamily {
        /// The metric name.
        metric: String,
    },
    /// A family whose name is that of a series of a histogram or summary.
    #[error("metric family {metric} has the name of a series of {owner}")]
    SuffixCollision {
        /// The plain family.
        metric: String,
        /// The histogram or summary.
        owner: String,
    },
}

impl From<NameError> for FamilyError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

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
    reason: ParseErrorKind,
}

impl ParseError {
    pub(super) fn new(line: usize, column: usize, reason: ParseErrorKind) -> Self {
        Self {
            line,
            column,
            reason,
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
        self.reason.to_string()
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

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum ParseErrorKind {
    #[error("the last line has no newline at its end")]
    NoFinalNewline,
    #[error("the line ends with a carriage return: lines end with a bare newline")]
    CarriageReturn,
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
        only_open(found)
    )]
    UnknownType { found: String },
    #[error("there is a byte order mark before the text")]
    ByteOrderMark,
    #[error("second {keyword} line for {metric}")]
    SecondComment {
        keyword: &'static str,
        metric: String,
    },
    #[error("the TYPE line of {metric} comes after its first sample")]
    TypeAfterSample { metric: String },
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
    #[error("{found:?} is not a number{}", why_not(found))]
    NotANumber { found: String },
    #[error("{found:?} is not a count: a whole number, not negative")]
    NotACount { found: String },
    #[error("label `{label}` is {found:?}, which is not a number")]
    NotABound { label: &'static str, found: String },
    #[error("the line goes on after the value: {found:?}")]
    Trailing { found: String },
    #[error("a timestamp, which a Pushgateway refuses")]
    Timestamp,
    #[error(
        "{series} has no number as label `{label}`, as a {metric_type} needs here: it is left out"
    )]
    MissingBound {
        series: String,
        label: &'static str,
        metric_type: MetricType,
    },
    #[error("{series} has no sample {metric}{suffix}: a gateway shows 0")]
    NoPart {
        series: String,
        metric: String,
        suffix: &'static str,
    },
    #[error("{series} has no bucket +Inf: a gateway shows one with the count")]
    NoInfinity { series: String },
    #[error(
        "type gauge_histogram is one that a gateway takes and cannot show: it would break the page of all"
    )]
    GaugeHistogram,
    #[error("no blank between the name {name} and the value {value}")]
    NoBlank { name: String, value: String },
    #[error("label `job` is overwritten by that of the group")]
    JobLabel,
    #[error(
        "series {series} is the same as another, once `job` is that of the group and `instance` is not empty"
    )]
    SameInGroup { series: String },
    #[error("{metric} is set by the gateway itself, which drops this one")]
    OwnMetric { metric: String },
    #[error(
        "push_failure_time_seconds is set by the gateway itself: a second push would break the page of all"
    )]
    FailureTime,
    #[error("{reason}")]
    Objection { reason: String },
    #[error("the text does not end with `# EOF`, as OpenMetrics does: it may have been cut off")]
    NoEof,
    #[error("there is something after `# EOF`")]
    AfterEof,
    #[error("the metadata of {metric} comes after its first sample")]
    MetadataAfterSample { metric: String },
    #[error(
        "{found:?} is not a type of OpenMetrics: counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown"
    )]
    UnknownOpenType { found: String },
    #[error("metric family {metric} comes in two blocks, which OpenMetrics does not allow")]
    SecondBlock { metric: String },
    #[error("{sample} is no sample of {metric} in OpenMetrics, which has {endings}")]
    NotOfFamily {
        sample: String,
        metric: String,
        endings: String,
    },
    #[error("{metric} has no HELP line")]
    LintNoHelp { metric: String },
    #[error("{metric} has no TYPE line")]
    LintNoType { metric: String },
    #[error("counter {metric} should have a name that ends with _total")]
    LintNoTotal { metric: String },
    #[error("{metric} is a {metric_type}, and only names of counters end with _total")]
    LintTotal {
        metric: String,
        metric_type: MetricType,
    },
    #[error("{metric} ends with {suffix}, as only series of histograms and summaries do")]
    LintSuffix {
        metric: String,
        suffix: &'static str,
    },
    #[error("{metric} should be in {base}, not in {unit}")]
    LintUnit {
        metric: String,
        unit: &'static str,
        base: &'static str,
    },
    #[error("{metric} has its type in its name: {word}")]
    LintTypeInName { metric: String, word: String },
    #[error("{metric} has a colon, which is for recording rules")]
    LintColon { metric: String },
    #[error("{metric} is not in snake_case")]
    LintUpperCase { metric: String },
    #[error("{series}: {error}")]
    Value { series: String, error: ValueError },
    #[error("{0}")]
    Family(FamilyError),
}

impl ParseErrorKind {
    pub(super) fn duplicate_label(label: String) -> Self {
        Self::Family(FamilyError::DuplicateLabel { label })
    }

    /// Whether a series is there already.
    pub(super) fn is_repetition(&self) -> bool {
        matches!(
            self,
            Self::SameInGroup { .. } | Self::Family(FamilyError::DuplicateSeries { .. })
        )
    }
}

/// What makes it none, where it looks like one.
fn why_not(text: &str) -> &'static str {
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

/// A type that only the other format has.
fn only_open(word: &str) -> &'static str {
    match word {
        "unknown" | "info" | "stateset" | "gaugehistogram" => "; it is one of OpenMetrics",
        _ => "",
    }
}
