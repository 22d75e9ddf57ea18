mod assemble;
mod line;

use super::error::{ParseError, ParseErrorKind};
use super::family::MetricFamilies;
use super::labels::Labels;
use super::names::{MetricName, NameValidation};
use assemble::Assembly;
use line::Line;

/// Reads text in the exposition format, refusing what a Pushgateway refuses: a last line without newline, carriage
/// returns, timestamps, duplicate series, TYPE lines after samples, names and escapes out of the format.
///
/// It also refuses what contradicts itself, which a Pushgateway takes: a series twice, histograms whose buckets do not
/// grow up to their count, counts that are no whole numbers, summaries and histograms without count.
///
/// Two blocks of the same family are read as one. Comments and blank lines are passed over.
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
    let mut rest = input;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let length = rest.iter().position(|&byte| byte == b'\n');
        let (bytes, after) = match length {
            Some(length) => (&rest[..length], &rest[length + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        let mut line = Line::new(bytes, number, names)?;
        read_line(&mut line, &mut assembly)?;
        if length.is_none() {
            return Err(line.error_at_end(ParseErrorKind::NoFinalNewline));
        }
        rest = after;
    }
    assembly.finish()
}

fn read_line(line: &mut Line<'_>, assembly: &mut Assembly) -> Result<(), ParseError> {
    line.skip_blanks();
    if line.at_end() {
        return Ok(());
    }
    if line.take('#') {
        return match line.comment()? {
            Some(comment) => assembly.comment(&comment, line),
            None => Ok(()),
        };
    }
    let sample = line.sample()?;
    assembly.sample(sample, line)
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
        let mut line = Line::new(text.as_bytes(), 1, names)?;
        let series = line.series()?;
        Ok((series, line.rest()))
    }
}

/// Reads a number as the format spells it: decimal, with or without exponent, `NaN`, `Inf` and `Infinity` in any case.
/// Hexadecimal numbers, underscores and numbers out of range are none.
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let infinite =
        unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity");
    if !infinite && !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    (infinite || number.is_finite()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_gateway_reads_them() {
        for (text, number) in [
            ("1", 1.0),
            ("+1", 1.0),
            ("-1.5e3", -1500.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1E5", 100_000.0),
            ("Inf", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e-999", 0.0),
        ] {
            assert_eq!(parse_float(text), Some(number), "{text}");
        }
        assert!(parse_float("nan").is_some_and(f64::is_nan));
        for text in [
            "", "+", ".", "e5", "1e", "+nan", "-NaN", "0x10", "0x1p3", "1_0", "1e999", "infin",
            "1 ", "--1",
        ] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }
}
