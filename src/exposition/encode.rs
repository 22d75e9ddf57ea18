//! Writing the text format.

use std::fmt::Write;

use super::model::{
    HistogramValue, MetricFamilies, MetricFamily, MetricValue, SummaryValue, WrittenLabels,
    is_legacy, push_escaped, push_float, push_name,
};

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes families in the text format: sorted by name, their series by labels, so that the same
/// metrics always give the same bytes. A family without series is left out.
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
        write_metadata(&mut out, family);
        write_samples(&mut out, family);
    }
    out
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
        bare: is_legacy(name),
    };
    for (labels, value) in family.written() {
        match value {
            MetricValue::Counter(number)
            | MetricValue::Gauge(number)
            | MetricValue::Untyped(number) => {
                writer.sample("", labels, SampleValue::Float(*number));
            }
            MetricValue::Histogram(histogram) => writer.histogram(labels, histogram),
            MetricValue::Summary(summary) => writer.summary(labels, summary),
        }
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
enum SampleValue {
    Float(f64),
    Count(u64),
}

impl SampleValue {
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
    fn histogram(&mut self, labels: WrittenLabels<'_>, histogram: &HistogramValue) {
        for bucket in histogram.buckets() {
            let bound = ("le", bucket.upper_bound);
            let count = SampleValue::Count(bucket.cumulative_count);
            self.labelled("_bucket", labels, Some(bound), count);
        }
        let count = SampleValue::Count(histogram.count());
        self.labelled("_bucket", labels, Some(("le", f64::INFINITY)), count);
        self.sample("_sum", labels, SampleValue::Float(histogram.sum()));
        self.sample("_count", labels, count);
    }

    fn summary(&mut self, labels: WrittenLabels<'_>, summary: &SummaryValue) {
        for entry in summary.quantiles() {
            let quantile = ("quantile", entry.quantile);
            self.labelled("", labels, Some(quantile), SampleValue::Float(entry.value));
        }
        self.sample("_sum", labels, SampleValue::Float(summary.sum()));
        self.sample("_count", labels, SampleValue::Count(summary.count()));
    }

    fn sample(&mut self, suffix: &str, labels: WrittenLabels<'_>, value: SampleValue) {
        self.labelled(suffix, labels, None, value);
    }

    /// Writes a sample with a label that belongs to the format.
    fn labelled(
        &mut self,
        suffix: &str,
        labels: WrittenLabels<'_>,
        extra: Option<(&str, f64)>,
        value: SampleValue,
    ) {
        let out = &mut *self.out;
        let mut separator = if self.bare {
            out.extend([self.name, suffix]);
            '{'
        } else {
            // A name in quotation marks stands in the braces, before the labels.
            out.push_str("{\"");
            push_escaped(out, self.name, true);
            out.extend([suffix, "\""]);
            ','
        };
        if !labels.labels.is_empty() {
            out.push(separator);
            labels.push_to(out);
            separator = ',';
        }
        if let Some((name, bound)) = extra {
            out.push(separator);
            out.extend([name, "=\""]);
            push_float(out, bound);
            out.push('"');
            separator = ',';
        }
        if separator == ',' {
            out.push('}');
        }
        out.push(' ');
        value.push(out);
        out.push('\n');
    }
}
