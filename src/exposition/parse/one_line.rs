use std::borrow::Cow;

use crate::exposition::error::{ParseError, ParseErrorKind};
use crate::exposition::family::MetricType;
use crate::exposition::labels::Labels;
use crate::exposition::names::{LabelName, MetricName, NameValidation};
use crate::exposition::text::column;

use super::Series;
use super::scan::{Dialect, Scanner};
use super::statement::{Declared, LabelSpan, Name, Sample, ScanError, Statement, unescape};

/// What one line says, whatever the others do. Places are in bytes from its beginning.
pub(crate) enum OneLine<'a> {
    /// Nothing: it is blank, or a comment of no meaning.
    Nothing,
    /// The help text of a metric.
    Help { name: MetricName, help: String },
    /// The type of a metric, whose name stands at this place.
    Type {
        at: usize,
        name: MetricName,
        metric_type: MetricType,
    },
    /// A sample: a series at one place and its value at another, which was read from this text.
    Sample {
        at: usize,
        value_at: usize,
        series: Series,
        text: &'a str,
        value: f64,
    },
}

/// Reads one line, without the newline at its end.
pub(crate) fn one_line(
    bytes: &[u8],
    number: usize,
    names: NameValidation,
) -> Result<OneLine<'_>, ParseError> {
    let mut scanner = Scanner::new(Dialect {
        names,
        open_metrics: false,
    });
    let read = scanner.scan(bytes).and_then(|statement| match statement {
        Statement::Nothing | Statement::Mention { .. } => Ok(OneLine::Nothing),
        Statement::Help { name, line, at } => {
            let text = &line[at..];
            if let Err(error) = std::str::from_utf8(text) {
                return Err((at + error.valid_up_to(), ParseErrorKind::NotUtf8));
            }
            let name = metric_name(name)?;
            let help = unescape(text).into_owned();
            Ok(OneLine::Help { name, help })
        }
        Statement::Type { name, declared } => {
            let at = name.at;
            let name = metric_name(name)?;
            match declared {
                Declared::Type(metric_type) => Ok(OneLine::Type {
                    at,
                    name,
                    metric_type,
                }),
                Declared::GaugeHistogram => Err((at, ParseErrorKind::GaugeHistogram)),
            }
        }
        Statement::Sample(sample) => read_sample(bytes, &sample),
    });
    read.map_err(|(at, reason)| ParseError::new(number, column(bytes, at), reason))
}

fn read_sample<'a>(bytes: &'a [u8], sample: &Sample<'_>) -> Result<OneLine<'a>, ScanError> {
    if let Some(timestamp) = sample.timestamp {
        return Err((timestamp.start - 1, ParseErrorKind::Timestamp));
    }
    let value = sample.value;
    let labels = labels(bytes, &sample.labels, sample.at)?;
    Ok(OneLine::Sample {
        at: sample.at,
        value_at: value.start,
        series: Series {
            name: metric_name(sample.name())?,
            labels,
        },
        // A number is ASCII.
        text: std::str::from_utf8(&bytes[value.start..value.end]).unwrap_or_default(),
        value: sample.number(),
    })
}

fn metric_name(name: Name<'_>) -> Result<MetricName, ScanError> {
    MetricName::utf8(unescape(name.raw).into_owned())
        .map_err(|_| (name.at, ParseErrorKind::NoMetricName))
}

/// The labels of a series that stands at this place. What is taken in a line for the type that it may have, as two of `le`, is
/// refused here.
pub(super) fn labels(line: &[u8], spans: &[LabelSpan], at: usize) -> Result<Labels, ScanError> {
    let pairs: Result<Vec<_>, _> = spans.iter().map(|label| pair(line, label)).collect();
    Labels::of_pairs(pairs?).map_err(|error| (at, ParseErrorKind::Family(error)))
}

fn pair<'a>(line: &'a [u8], label: &LabelSpan) -> Result<(LabelName, Cow<'a, str>), ScanError> {
    let name = LabelName::utf8(unescape(label.name.of(line)))
        .map_err(|_| (label.name.start, ParseErrorKind::NoLabelName))?;
    Ok((name, unescape(label.value.of(line))))
}
