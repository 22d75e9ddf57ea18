//! The report: how a run went, as metric families.
//!
//! All are gauges of one series without labels; the grouping key says which job they belong to. Times
//! are Unix seconds with a fraction. Only a success sets the last success, and only a failure the last
//! failure, so that a [`push_add`](crate::push::Pushgateway::push_add) of one leaves the other as it is.

mod completion;
#[cfg(target_os = "linux")]
mod exit_codes;
mod families;
mod names;
#[cfg(target_os = "linux")]
mod verdict;

pub use completion::{Completion, Verdict};
#[cfg(target_os = "linux")]
pub use exit_codes::{ExitCodes, ExitCodesError};
pub use families::Report;
pub use names::DEFAULT_PREFIX;
#[cfg(target_os = "linux")]
pub use verdict::{InterruptedVerdict, VerdictRules};
