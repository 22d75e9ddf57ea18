//! Reading single lines.

use crate::exposition::check::RuleError;
use crate::exposition::model::{MetricName, MetricType, NameValidation};
use crate::exposition::scan::{
    Declared, Dialect, LineError, ParseError, SampleLine, Scanner, Statement, SyntaxError, unescape,
};

use super::series::{Series, read_labels, read_name};

/// Meaning of a line by itself, whatever the others say. Places are in bytes from its beginning.
pub(crate) enum ParsedLine<'a> {
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
pub(crate) fn parse_line(
    bytes: &[u8],
    number: usize,
    names: NameValidation,
) -> Result<ParsedLine<'_>, ParseError> {
    let mut scanner = Scanner::new(Dialect {
        names,
        open_metrics: false,
    });
    let read = scanner.scan(bytes).and_then(|statement| match statement {
        Statement::Nothing | Statement::Mention { .. } => Ok(ParsedLine::Nothing),
        Statement::Help { name, line, at } => {
            let text = &line[at..];
            if let Err(error) = std::str::from_utf8(text) {
                return Err(SyntaxError::NotUtf8.at(at + error.valid_up_to()));
            }
            let name = read_name(name)?;
            let help = unescape(text).into_owned();
            Ok(ParsedLine::Help { name, help })
        }
        Statement::Type { name, declared } => {
            let at = name.at;
            let name = read_name(name)?;
            match declared {
                Declared::Type(metric_type) => Ok(ParsedLine::Type {
                    at,
                    name,
                    metric_type,
                }),
                Declared::GaugeHistogram => Err(RuleError::GaugeHistogram.at(at)),
            }
        }
        Statement::Sample(sample) => read_sample(bytes, &sample),
    });
    read.map_err(|error| error.in_line(bytes, number))
}

fn read_sample<'a>(bytes: &'a [u8], sample: &SampleLine<'_>) -> Result<ParsedLine<'a>, LineError> {
    if let Some(timestamp) = sample.timestamp {
        return Err(SyntaxError::Timestamp.at(timestamp.start - 1));
    }
    let value = sample.value;
    let labels = read_labels(bytes, &sample.labels, sample.at)?;
    Ok(ParsedLine::Sample {
        at: sample.at,
        value_at: value.start,
        series: Series {
            name: read_name(sample.name())?,
            labels,
        },
        // A number is ASCII.
        text: std::str::from_utf8(&bytes[value.start..value.end]).unwrap_or_default(),
        value: sample.number(),
    })
}
