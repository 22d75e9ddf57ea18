//! Texts held against what a gateway takes, and all that is wrong with them.
//!
//! A [`Check`] takes the lines of a text one after the other: a normalizer changes what a gateway
//! would refuse, the scanner reads what each says, and a checker of statements holds it against the
//! lines before.

mod distribution;
mod error;
mod families;
mod inspector;
mod lint;
mod options;
mod problem;
mod report;
mod rules;
mod search;
mod series_id;
mod series_id_set;
mod statements;
mod texts;
mod visitor;
mod walk;

#[cfg(target_os = "linux")]
pub(super) use error::RuleError;
pub(super) use families::{FamilyCheck, LineOwner};
pub(crate) use families::{PUSH_FAILURE_TIME, PUSH_TIME};
pub use inspector::{CheckedSample, Inspector};
pub use problem::{Problem, Severity};
pub use report::{CheckReport, CheckedFamily};
pub(crate) use rules::Purpose;
pub use texts::Check;
pub(super) use visitor::Visitor;
