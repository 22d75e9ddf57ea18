//! Good practice in names, as the [naming conventions] have it.
//!
//! [naming conventions]: https://prometheus.io/docs/practices/naming/

use crate::exposition::error::ParseErrorKind;
use crate::exposition::family::MetricType;

use super::family::Family;

/// Units that are not the base units, and those they should be.
const UNITS: [(&str, &str); 37] = [
    ("nanoseconds", "seconds"),
    ("microseconds", "seconds"),
    ("milliseconds", "seconds"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("ns", "seconds"),
    ("us", "seconds"),
    ("ms", "seconds"),
    ("sec", "seconds"),
    ("secs", "seconds"),
    ("min", "seconds"),
    ("mins", "seconds"),
    ("hrs", "seconds"),
    ("bits", "bytes"),
    ("kilobytes", "bytes"),
    ("megabytes", "bytes"),
    ("gigabytes", "bytes"),
    ("terabytes", "bytes"),
    ("kibibytes", "bytes"),
    ("mebibytes", "bytes"),
    ("gibibytes", "bytes"),
    ("kb", "bytes"),
    ("mb", "bytes"),
    ("gb", "bytes"),
    ("tb", "bytes"),
    ("kib", "bytes"),
    ("mib", "bytes"),
    ("gib", "bytes"),
    ("fahrenheit", "celsius"),
    ("kelvin", "celsius"),
    ("percent", "ratio"),
    ("percents", "ratio"),
    ("kilometers", "meters"),
    ("centimeters", "meters"),
    ("millimeters", "meters"),
];

/// What a family should have otherwise.
pub(super) fn lint(family: &Family) -> Vec<ParseErrorKind> {
    let metric = || family.name.clone();
    let name = family.name.as_str();
    let metric_type = family.metric_type();
    let words = || name.split(['_', ':']);
    let mut found = Vec::new();
    if !family.has_help {
        found.push(ParseErrorKind::LintNoHelp { metric: metric() });
    }
    if family.declared.is_none() {
        found.push(ParseErrorKind::LintNoType { metric: metric() });
    }
    let total = name.ends_with("_total");
    if metric_type == MetricType::Counter && !total {
        found.push(ParseErrorKind::LintNoTotal { metric: metric() });
    }
    if family.declared.is_some() && metric_type != MetricType::Counter && total {
        let metric = metric();
        found.push(ParseErrorKind::LintTotal {
            metric,
            metric_type,
        });
    }
    let suffixes = MetricType::Histogram.suffixes();
    if let Some(suffix) = suffixes.iter().find(|suffix| name.ends_with(*suffix)) {
        let metric = metric();
        found.push(ParseErrorKind::LintSuffix { metric, suffix });
    }
    for word in words() {
        let unit = UNITS.iter().find(|(unit, _)| *unit == word);
        if let Some((unit, base)) = unit {
            let metric = metric();
            found.push(ParseErrorKind::LintUnit { metric, unit, base });
        }
    }
    let is_type = |word: &&str| {
        MetricType::ALL
            .iter()
            .any(|metric_type| metric_type.as_str() == *word)
    };
    if let Some(word) = words().find(is_type) {
        let (metric, word) = (metric(), word.to_owned());
        found.push(ParseErrorKind::LintTypeInName { metric, word });
    }
    if name.contains(':') {
        found.push(ParseErrorKind::LintColon { metric: metric() });
    }
    if name.contains(|character: char| character.is_ascii_uppercase()) {
        found.push(ParseErrorKind::LintUpperCase { metric: metric() });
    }
    found
}
