//! Reading single series.

use std::borrow::Cow;

use crate::exposition::model::{LabelName, Labels, MetricName, NameValidation};
use crate::exposition::scan::{
    Dialect, LabelSpan, LineError, Name, ParseError, Scanner, SyntaxError, unescape,
};

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

    /// Does the same with names by a scheme of choice, see
    /// [`parse_names`](crate::exposition::parse_names).
    ///
    /// # Errors
    ///
    /// [`ParseError`] with the column of the first thing that is wrong.
    pub fn parse_prefix_names(
        text: &str,
        names: NameValidation,
    ) -> Result<(Self, &str), ParseError> {
        let bytes = text.as_bytes();
        let mut scanner = Scanner::new(Dialect {
            names,
            open_metrics: false,
        });
        let read = scanner.series(bytes).and_then(|(name, spans, end)| {
            let labels = read_labels(bytes, spans, name.at)?;
            let name = read_name(name)?;
            Ok((Self { name, labels }, &text[end..]))
        });
        read.map_err(|error| error.in_line(bytes, 1))
    }
}

pub(super) fn read_name(name: Name<'_>) -> Result<MetricName, LineError> {
    MetricName::utf8(unescape(name.raw).into_owned())
        .map_err(|_| SyntaxError::NoMetricName.at(name.at))
}

/// The labels of a series that stands at this place. What is taken in a line for the type that it
/// may have, as two of `le`, is refused here.
pub(super) fn read_labels(
    line: &[u8],
    spans: &[LabelSpan],
    at: usize,
) -> Result<Labels, LineError> {
    let pairs: Result<Vec<_>, _> = spans.iter().map(|label| read_pair(line, label)).collect();
    Labels::of_pairs(pairs?).map_err(|error| LineError::new(at, error))
}

fn read_pair<'a>(
    line: &'a [u8],
    label: &LabelSpan,
) -> Result<(LabelName, Cow<'a, str>), LineError> {
    let name = LabelName::utf8(unescape(label.name.of(line)))
        .map_err(|_| SyntaxError::NoLabelName.at(label.name.start))?;
    Ok((name, unescape(label.value.of(line))))
}
