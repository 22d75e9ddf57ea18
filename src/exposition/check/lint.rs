//! Good practice in names, as the [naming conventions] have it.
//!
//! [naming conventions]: https://prometheus.io/docs/practices/naming/

use crate::exposition::model::MetricType;

use super::families::FamilyCheck;

/// Base units, and others that stand in their place.
const UNITS: [(&str, &str); 5] = [
    (
        "seconds",
        "nanoseconds microseconds milliseconds minutes hours days weeks ns us ms sec secs min mins hrs",
    ),
    (
        "bytes",
        "bits kilobytes megabytes gigabytes terabytes kibibytes mebibytes gibibytes kb mb gb tb kib mib gib",
    ),
    ("celsius", "fahrenheit kelvin"),
    ("ratio", "percent percents"),
    ("meters", "kilometers centimeters millimeters"),
];

/// Finds whatever in a family is against good practice.
pub(super) fn lint(family: &FamilyCheck) -> Vec<String> {
    let name = family.name.as_str();
    let metric_type = family.metric_type();
    let is_counter = metric_type == MetricType::Counter;
    let is_total = name.ends_with("_total");
    let words = || name.split(['_', ':']);
    let mut found = Vec::new();
    if !family.has_help {
        found.push(format!("{name} has no HELP line"));
    }
    if family.declared.is_none() {
        found.push(format!("{name} has no TYPE line"));
    }
    if is_counter && !is_total {
        found.push(format!(
            "counter {name} should have a name that ends with _total"
        ));
    }
    if family.declared.is_some() && !is_counter && is_total {
        found.push(format!(
            "{name} is a {metric_type}, and only names of counters end with _total"
        ));
    }
    let mut suffixes = MetricType::Histogram.suffixes().iter();
    if let Some(suffix) = suffixes.find(|suffix| name.ends_with(*suffix)) {
        found.push(format!(
            "{name} ends with {suffix}, as only series of histograms and summaries do"
        ));
    }
    for word in words() {
        let has_word = |units: &str| units.split(' ').any(|unit| unit == word);
        if let Some((base, _)) = UNITS.iter().find(|(_, units)| has_word(units)) {
            found.push(format!("{name} should be in {base}, not in {word}"));
        }
    }
    let types = MetricType::ALL
        .iter()
        .map(|metric_type| metric_type.as_str());
    if let Some(word) = words().find(|word| types.clone().any(|name| name == *word)) {
        found.push(format!("{name} has its type in its name: {word}"));
    }
    if name.contains(':') {
        found.push(format!("{name} has a colon, which is for recording rules"));
    }
    if name.contains(|character: char| character.is_ascii_uppercase()) {
        found.push(format!("{name} is not in snake_case"));
    }
    found
}
