//! Texts, lines and series read into the model.

mod assemble;
#[cfg(target_os = "linux")]
mod line;
mod series;
mod texts;

#[cfg(target_os = "linux")]
pub(crate) use line::{ParsedLine, parse_line};
pub use series::Series;
pub use texts::{parse, parse_names};
