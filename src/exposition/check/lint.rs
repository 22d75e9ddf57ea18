//! Good practice in names, as the [naming conventions] have it.
//!
//! [naming conventions]: https://prometheus.io/docs/practices/naming/

use crate::exposition::model::MetricType;

use super::families::FamilyState;

/// Names that are against good practice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum LintFinding {
    #[error("{metric} has no HELP line")]
    NoHelp { metric: String },
    #[error("{metric} has no TYPE line")]
    NoType { metric: String },
    #[error("counter {metric} should have a name that ends with _total")]
    NoTotal { metric: String },
    #[error("{metric} is a {metric_type}, and only names of counters end with _total")]
    Total {
        metric: String,
        metric_type: MetricType,
    },
    #[error("{metric} ends with {suffix}, as only series of histograms and summaries do")]
    Suffix {
        metric: String,
        suffix: &'static str,
    },
    #[error("{metric} should be in {base}, not in {unit}")]
    Unit {
        metric: String,
        unit: &'static str,
        base: &'static str,
    },
    #[error("{metric} has its type in its name: {word}")]
    TypeInName { metric: String, word: String },
    #[error("{metric} has a colon, which is for recording rules")]
    Colon { metric: String },
    #[error("{metric} is not in snake_case")]
    UpperCase { metric: String },
}

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

/// Finds whatever in a family is against good practice.
pub(super) fn lint(family: &FamilyState) -> Vec<LintFinding> {
    let metric = || family.name.clone();
    let name = family.name.as_str();
    let metric_type = family.metric_type();
    let words = || name.split(['_', ':']);
    let mut found = Vec::new();
    if !family.has_help {
        found.push(LintFinding::NoHelp { metric: metric() });
    }
    if family.declared.is_none() {
        found.push(LintFinding::NoType { metric: metric() });
    }
    let total = name.ends_with("_total");
    if metric_type == MetricType::Counter && !total {
        found.push(LintFinding::NoTotal { metric: metric() });
    }
    if family.declared.is_some() && metric_type != MetricType::Counter && total {
        let metric = metric();
        found.push(LintFinding::Total {
            metric,
            metric_type,
        });
    }
    let suffixes = MetricType::Histogram.suffixes();
    if let Some(suffix) = suffixes.iter().find(|suffix| name.ends_with(*suffix)) {
        let metric = metric();
        found.push(LintFinding::Suffix { metric, suffix });
    }
    for word in words() {
        let unit = UNITS.iter().find(|(unit, _)| *unit == word);
        if let Some((unit, base)) = unit {
            let metric = metric();
            found.push(LintFinding::Unit { metric, unit, base });
        }
    }
    let is_type = |word: &&str| {
        MetricType::ALL
            .iter()
            .any(|metric_type| metric_type.as_str() == *word)
    };
    if let Some(word) = words().find(is_type) {
        let (metric, word) = (metric(), word.to_owned());
        found.push(LintFinding::TypeInName { metric, word });
    }
    if name.contains(':') {
        found.push(LintFinding::Colon { metric: metric() });
    }
    if name.contains(|character: char| character.is_ascii_uppercase()) {
        found.push(LintFinding::UpperCase { metric: metric() });
    }
    found
}
