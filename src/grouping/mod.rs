//! Groups of metrics on a Pushgateway: the labels that identify one, the path of its URL, and the
//! rules for its metrics.
//!
//! A [`GroupingKey`] names a group. [`GroupRules`] refuse, before anything is sent, metrics that a
//! Pushgateway would store wrongly in it or that would break the page of all groups.

mod key;
mod path;
mod rules;

pub use key::{GroupingError, GroupingKey};
#[cfg(target_os = "linux")]
pub(crate) use rules::LegacyNames;
pub(crate) use rules::check_families;
pub use rules::{GroupRules, PUSH_FAILURE_TIME, PUSH_TIME, UnpushableError};
