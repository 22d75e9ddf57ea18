//! The [text exposition format], version 0.0.4: what it can express, how it is written and how it
//! is read.
//!
//! A [`MetricFamily`] is one metric name with its type, help text and samples; [`MetricFamilies`]
//! is a set of them in which no name occurs twice. [`encode`] writes a set, [`parse`] reads one.
//! Names and labels are checked on entry, so that a value of these types is well-formed by itself.
//!
//! [text exposition format]: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
//!
//! Each layer knows only those before it: `model`, with `encode` beside it; `scan`, which reads
//! lines; `normalize`, which changes lines; `check`, which holds them against each other; and
//! `parse`.

mod check;
mod encode;
mod model;
mod normalize;
mod parse;
mod scan;

pub use check::{Check, CheckReport, CheckedFamily, CheckedSample, Inspector, Problem, Severity};
pub(crate) use check::{PUSH_FAILURE_TIME, PUSH_TIME, Purpose};
pub use encode::{CONTENT_TYPE, encode};
#[cfg(target_os = "linux")]
pub(crate) use encode::{write_metadata, write_samples};
pub use model::{
    Bucket, FamilyError, Gather, HistogramValue, LabelName, Labels, MetricFamilies, MetricFamily,
    MetricName, MetricType, MetricValue, NameError, NameValidation, Quantile, SummaryValue,
    ValueError, format_float,
};
#[cfg(target_os = "linux")]
pub(crate) use model::{
    DistributionBuilder, DistributionError, SampleRole, exact_count, series_owner, suffix_collision,
};
pub(crate) use model::{LabelList, is_legacy, is_legacy_label, legacy_chars, legacy_form};
pub use normalize::{Format, Normalizations, Output};
#[cfg(target_os = "linux")]
pub(crate) use parse::{ParsedLine, parse_line};
pub use parse::{Series, parse, parse_names};
pub use scan::{LINE_LIMIT, ParseError, Text, lines_of, parse_float};
#[cfg(target_os = "linux")]
pub(crate) use scan::{Line, LineEnding, LineReader, column};
