//! The [text exposition format], version 0.0.4: what it can express, how it is written and how it is read.
//!
//! A [`MetricFamily`] is one metric name with its type, help text and samples; [`MetricFamilies`] is a set of them in
//! which no name occurs twice. [`encode`] writes a set, [`parse`] reads one. Names and labels are checked on entry, so
//! that a value of these types is well-formed by itself.
//!
//! [text exposition format]: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

mod check;
mod distribution;
mod encode;
mod error;
mod family;
mod gather;
mod labels;
mod names;
mod openmetrics;
mod parse;
mod series;
mod text;
mod value;

pub(crate) use check::Destiny;
pub use check::{
    Check, Checked, CheckedFamily, CheckedSample, Format, Inspector, Mended, Output, Problem,
    Severity,
};
#[cfg(target_os = "linux")]
pub(crate) use distribution::{DistributionBuilder, DistributionError, SampleRole, exact_count};
pub use encode::{CONTENT_TYPE, encode, format_float};
#[cfg(target_os = "linux")]
pub(crate) use encode::{write_metadata, write_samples};
pub use error::{FamilyError, NameError, ParseError, ValueError};
pub use family::{MetricFamilies, MetricFamily, MetricType};
#[cfg(target_os = "linux")]
pub(crate) use family::{owner as series_owner, suffix_collision};
pub use gather::Gather;
pub use labels::Labels;
pub use names::{LabelName, MetricName, NameValidation};
pub(crate) use names::{is_legacy, is_legacy_label, legacy_chars, legacy_form};
#[cfg(target_os = "linux")]
pub(crate) use parse::{OneLine, one_line};
pub use parse::{Series, parse, parse_float, parse_names};
pub(crate) use series::LabelList;
pub use text::{LINE_LIMIT, Text, lines_of};
#[cfg(target_os = "linux")]
pub(crate) use text::{Line, LineEnding, LineReader, column};
pub use value::{Bucket, Histogram, MetricValue, Quantile, Summary};
