//! Types of metrics, and the names that their series have.

use std::fmt;

/// The type of a metric family, as its TYPE line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution counted in buckets.
    Histogram,
    /// A distribution given by quantiles.
    Summary,
    /// Not declared.
    Untyped,
}

impl MetricType {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Counter,
        Self::Gauge,
        Self::Histogram,
        Self::Summary,
        Self::Untyped,
    ];

    /// The word for it in a TYPE line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped",
        }
    }

    /// The label that the format itself puts on series of this type, so that none of theirs may
    /// have its name.
    #[must_use]
    pub fn reserved_label(self) -> Option<&'static str> {
        match self {
            Self::Histogram => Some("le"),
            Self::Summary => Some("quantile"),
            Self::Counter | Self::Gauge | Self::Untyped => None,
        }
    }

    /// The endings that the names of its series have besides the bare name.
    pub(crate) fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Histogram => &["_bucket", "_sum", "_count"],
            Self::Summary => &["_sum", "_count"],
            Self::Counter | Self::Gauge | Self::Untyped => &[],
        }
    }
}

impl fmt::Display for MetricType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of the histogram or summary that a series of this name belongs to, and the ending it
/// has there. The types of families come from `type_of`.
pub(crate) fn owner(
    series: &str,
    type_of: impl Fn(&str) -> Option<MetricType>,
) -> Option<(&str, &'static str)> {
    // A histogram has all the endings there are.
    MetricType::Histogram.suffixes().iter().find_map(|suffix| {
        let base = series.strip_suffix(suffix)?;
        let suffixes = type_of(base)?.suffixes();
        suffixes.contains(suffix).then_some((base, *suffix))
    })
}
