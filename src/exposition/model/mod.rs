//! The model: what the format can express.

mod distribution;
mod error;
mod escape;
mod families;
mod family;
mod gather;
mod labels;
mod metric_type;
mod names;
mod number;
mod series;
mod value;

pub(crate) use distribution::{DistributionBuilder, SampleRole, to_count};
#[cfg(target_os = "linux")]
pub(crate) use distribution::{DistributionError, exact_count};
pub use error::FamilyError;
pub(super) use escape::{push_escaped, push_name};
pub use families::MetricFamilies;
#[cfg(target_os = "linux")]
pub(crate) use families::suffix_collision;
pub use family::MetricFamily;
pub use gather::Gather;
pub use labels::Labels;
pub use metric_type::MetricType;
#[cfg(target_os = "linux")]
pub(crate) use metric_type::owner as series_owner;
pub use names::{LabelName, MetricName, NameError, NameValidation};
pub(crate) use names::{is_legacy, is_legacy_label, legacy_chars, legacy_form};
pub(super) use names::{name_length, name_run};
pub use number::format_float;
pub(super) use number::push_float;
pub(crate) use series::LabelList;
pub(super) use series::WrittenLabels;
pub use value::{Bucket, HistogramValue, MetricValue, Quantile, SummaryValue, ValueError};
pub(super) use value::{check_counts, sort_by_bound};
