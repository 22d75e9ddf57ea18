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
    push_all(out, &[" ", family.metric_type().as_str(), "\n"]);
    let mut writer = SampleWriter { out, name };
    for (labels, value) in family.metrics() {
        match value {
            MetricValue::Counter(number)
            | MetricValue::Gauge(number)
            | MetricValue::Untyped(number) => writer.sample("", labels, &format_float(*number)),
            MetricValue::Histogram(histogram) => writer.histogram(labels, histogram),
            MetricValue::Summary(summary) => writer.summary(labels, summary),
        }
    }
}

/// Writes the samples of one family.
struct SampleWriter<'a> {
    out: &'a mut String,
    name: &'a str,
}

impl SampleWriter<'_> {
    fn histogram(&mut self, labels: &Labels, histogram: &Histogram) {
        for bucket in histogram.buckets() {
            let bound = format_float(bucket.upper_bound);
            let count = bucket.cumulative_count.to_string();
            self.labelled("_bucket", labels, Some(("le", &bound)), &count);
        }
        let count = histogram.count().to_string();
        self.labelled("_bucket", labels, Some(("le", "+Inf")), &count);
        self.sample("_sum", labels, &format_float(histogram.sum()));
        self.sample("_count", labels, &count);
    }

    fn summary(&mut self, labels: &Labels, summary: &Summary) {
        for entry in summary.quantiles() {
            let quantile = format_float(entry.quantile);
            let value = format_float(entry.value);
            self.labelled("", labels, Some(("quantile", &quantile)), &value);
        }
        self.sample("_sum", labels, &format_float(summary.sum()));
        self.sample("_count", labels, &summary.count().to_string());
    }

    fn sample(&mut self, suffix: &str, labels: &Labels, value: &str) {
        self.labelled(suffix, labels, None, value);
    }

    /// Writes a sample with a label that belongs to the format.
    fn labelled(
        &mut self,
        suffix: &str,
        labels: &Labels,
        extra: Option<(&str, &str)>,
        value: &str,
    ) {
        if is_bare(self.name, true) {
            push_all(self.out, &[self.name, suffix]);
            write_labels(self.out, labels, extra);
        } else {
            // A name in quotation marks stands in the braces, before the labels.
            self.out.push_str("{\"");
            push_escaped(self.out, self.name, true);
            push_all(self.out, &[suffix, "\""]);
            write_pairs(self.out, ",", labels, extra);
            self.out.push('}');
        }
        push_all(self.out, &[" ", value, "\n"]);
    }
}

/// Writes labels in braces, and after them one that belongs to the format; nothing when there are none.
pub(super) fn write_labels(out: &mut String, labels: &Labels, extra: Option<(&str, &str)>) {
    if write_pairs(out, "{", labels, extra) {
        out.push('}');
    }
}

/// Writes labels with `first` before the first of them, and says whether there are any.
fn write_pairs(
    out: &mut String,
    first: &'static str,
    labels: &Labels,
    extra: Option<(&str, &str)>,
) -> bool {
    let mut separator = first;
    let mut any = false;
    let own = labels.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in own.chain(extra) {
        out.push_str(separator);
        push_name(out, name, false);
        out.push_str("=\"");
        push_escaped(out, value, true);
        out.push('"');
        separator = ",";
        any = true;
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

fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// Help texts escape the backslash and the newline, label values the quotation mark as well.
fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

/// The shortest text that reads back as the same number: `42`, `0.1`, `1.5e300`, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn format_float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if number != 0.0 && !(1e-5..1e17).contains(&number.abs()) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
