//! Texts, lines and series read into the model.

mod assemble;
#[cfg(target_os = "linux")]
mod line;
mod parse;
mod series;

#[cfg(target_os = "linux")]
pub(crate) use line::{ParsedLine, parse_line};
pub use parse::{parse, parse_names};
pub use series::Series;
