use std::fmt::Write;
use std::ops::Range;

use super::family::{MetricFamilies, MetricFamily};
use super::labels::Labels;
use super::names::is_bare;
use super::value::{Histogram, MetricValue, Summary};

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes families in the text format: sorted by name, their series by labels, so that the same metrics always give
/// the same bytes. A family without series is left out.
///
/// ```
/// use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName, encode};
///
/// let mut families = MetricFamilies::new();
/// families.insert(MetricFamily::gauge(MetricName::new("rows")?, 42.0).with_help("Rows loaded."))?;
/// assert_eq!(encode(&families), "# HELP rows Rows loaded.\n# TYPE rows gauge\nrows 42\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn encode(families: &MetricFamilies) -> String {
    let mut out = String::new();
    for family in families.iter().filter(|family| !family.is_empty()) {
        write_family(&mut out, family);
    }
    out
}

fn write_family(out: &mut String, family: &MetricFamily) {
    write_metadata(out, family);
    write_samples(out, family);
}

/// Writes the HELP and TYPE lines of a family.
pub(crate) fn write_metadata(out: &mut String, family: &MetricFamily) {
    let name = family.name().as_str();
    if let Some(help) = family.help() {
        out.push_str("# HELP ");
        push_name(out, name, true);
        out.push(' ');
        push_escaped(out, help, false);
        out.push('\n');
    }
    out.push_str("# TYPE ");
    push_name(out, name, true);
    out.push(' ');
    out.push_str(family.metric_type().as_str());
    out.push('\n');
}

/// Writes the series of a family, without its HELP and TYPE lines.
pub(crate) fn write_samples(out: &mut String, family: &MetricFamily) {
    let name = family.name().as_str();
    let mut writer = SampleWriter {
        out,
        name,
        bare: is_bare(name, true),
    };
    for (labels, value) in family.written() {
        match value {
            MetricValue::Counter(number)
            | MetricValue::Gauge(number)
            | MetricValue::Untyped(number) => writer.sample("", labels, Number::Float(*number)),
            MetricValue::Histogram(histogram) => writer.histogram(labels, histogram),
            MetricValue::Summary(summary) => writer.summary(labels, summary),
        }
    }
}

/// Labels, and how they are written, without the braces, where that is known.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) labels: &'a Labels,
    pub(super) text: Option<&'a str>,
}

impl<'a> Written<'a> {
    pub(super) fn new(labels: &'a Labels) -> Self {
        Self { labels, text: None }
    }
}

/// Writes the samples of one family.
struct SampleWriter<'a> {
    out: &'a mut String,
    name: &'a str,
    /// Whether the name stands without quotation marks.
    bare: bool,
}

/// The value of a sample.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Count(u64),
}

impl Number {
    fn push(self, out: &mut String) {
        match self {
            Self::Float(number) => push_float(out, number),
            // Writing to a text does not fail.
            Self::Count(count) => {
                let _ = write!(out, "{count}");
            }
        }
    }
}

impl SampleWriter<'_> {
    fn histogram(&mut self, labels: Written<'_>, histogram: &Histogram) {
        for bucket in histogram.buckets() {
            let bound = ("le", bucket.upper_bound);
            let count = Number::Count(bucket.cumulative_count);
            self.labelled("_bucket", labels, Some(bound), count);
        }
        let count = Number::Count(histogram.count());
        self.labelled("_bucket", labels, Some(("le", f64::INFINITY)), count);
        self.sample("_sum", labels, Number::Float(histogram.sum()));
        self.sample("_count", labels, count);
    }

    fn summary(&mut self, labels: Written<'_>, summary: &Summary) {
        for entry in summary.quantiles() {
            let quantile = ("quantile", entry.quantile);
            self.labelled("", labels, Some(quantile), Number::Float(entry.value));
        }
        self.sample("_sum", labels, Number::Float(summary.sum()));
        self.sample("_count", labels, Number::Count(summary.count()));
    }

    fn sample(&mut self, suffix: &str, labels: Written<'_>, value: Number) {
        self.labelled(suffix, labels, None, value);
    }

    /// Writes a sample with a label that belongs to the format.
    fn labelled(
        &mut self,
        suffix: &str,
        labels: Written<'_>,
        extra: Option<(&str, f64)>,
        value: Number,
    ) {
        if self.bare {
            self.out.push_str(self.name);
            self.out.push_str(suffix);
            write_labels(self.out, labels, extra);
        } else {
            // A name in quotation marks stands in the braces, before the labels.
            self.out.push_str("{\"");
            push_escaped(self.out, self.name, true);
            self.out.push_str(suffix);
            self.out.push('"');
            write_pairs(self.out, Some(','), labels, extra);
            self.out.push('}');
        }
        self.out.push(' ');
        value.push(self.out);
        self.out.push('\n');
    }
}

/// Writes labels in braces, and after them one that belongs to the format; nothing when there are none.
pub(super) fn write_labels(out: &mut String, labels: Written<'_>, extra: Option<(&str, f64)>) {
    if write_pairs(out, Some('{'), labels, extra) {
        out.push('}');
    }
}

/// Writes labels with `first` before the first of them, and says whether there are any.
pub(super) fn write_pairs(
    out: &mut String,
    first: Option<char>,
    Written { labels, text }: Written<'_>,
    extra: Option<(&str, f64)>,
) -> bool {
    let mut separator = first;
    let any = !labels.is_empty() || extra.is_some();
    if let Some(text) = text.filter(|_| !labels.is_empty()) {
        out.extend(separator);
        out.push_str(text);
        separator = Some(',');
    } else {
        for (name, value) in labels.iter() {
            out.extend(separator);
            push_name(out, name.as_str(), false);
            out.push_str("=\"");
            push_escaped(out, value, true);
            out.push('"');
            separator = Some(',');
        }
    }
    if let Some((name, bound)) = extra {
        out.extend(separator);
        out.push_str(name);
        out.push_str("=\"");
        push_float(out, bound);
        out.push('"');
    }
    any
}

/// Writes a name, in quotation marks where it is not one of the legacy scheme.
fn push_name(out: &mut String, name: &str, colons: bool) {
    if is_bare(name, colons) {
        out.push_str(name);
    } else {
        out.push('"');
        push_escaped(out, name, true);
        out.push('"');
    }
}

/// Help texts escape the backslash and the newline, label values the quotation mark as well.
fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    let special = |byte: &u8| matches!(byte, b'\\' | b'\n') || (quotes && *byte == b'"');
    while let Some(at) = rest.bytes().position(|byte| special(&byte)) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            _ => "\\\"",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The shortest text that reads back as the same number: `42`, `0.1`, `1.5e300`, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn format_float(number: f64) -> String {
    let mut text = String::new();
    push_float(&mut text, number);
    text
}

/// Numbers below this that are whole are written as such, which takes less time.
const WHOLE: f64 = 1e15;

/// Numbers in this range that are not whole are written with a point and without an exponent by whatever writes them the
/// shortest way.
const PLAIN: Range<f64> = 1e-3..WHOLE;

fn push_float(out: &mut String, number: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "it is in range")]
    let is_whole = (whole as f64).to_bits() == number.to_bits() && number.abs() < WHOLE;
    if !is_whole && PLAIN.contains(&number.abs()) {
        out.push_str(zmij::Buffer::new().format_finite(number));
        return;
    }
    // Writing to a text does not fail.
    let _ = if is_whole {
        write!(out, "{whole}")
    } else if number.is_nan() {
        write!(out, "NaN")
    } else if number.is_infinite() {
        write!(out, "{}Inf", if number > 0.0 { '+' } else { '-' })
    } else if number != 0.0 && !(1e-5..1e17).contains(&number.abs()) {
        write!(out, "{number:e}")
    } else {
        write!(out, "{number}")
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_any_size_read_back_the_same_and_are_no_longer_than_they_must_be() {
        let mut bits: u64 = 1;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // From 2^-13 to 2^51, around all that is written in this way.
            let exponent = 1023 - 13 + (bits >> 58);
            let number = f64::from_bits((exponent << 52) | (bits >> 6 & ((1 << 52) - 1)));
            for number in [number, -number] {
                let text = format_float(number);
                assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
                // Where two are as short, each writer has its own.
                assert_eq!(text.len(), number.to_string().len(), "{text}");
            }
        }
    }

    #[test]
    fn numbers_are_spelled_shortest_and_read_back_the_same() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (42.0, "42"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1_795_340_000.123_456, "1795340000.123456"),
            (1e16, "10000000000000000"),
            (1e17, "1e17"),
            (1e-5, "0.00001"),
            (1e-6, "1e-6"),
            (1.5e300, "1.5e300"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(format_float(number), text);
            let back: f64 = text.parse().unwrap();
            assert!(
                back.to_bits() == number.to_bits() || number.is_nan(),
                "{text}"
            );
        }
    }
}
