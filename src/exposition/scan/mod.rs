//! Texts read line by line, and each line for what it says by itself: over bytes and without
//! allocation.

mod cursor;
mod error;
mod float;
mod lines;
mod metadata;
mod plain;
mod quote;
mod scanner;
mod statement;
mod text;

pub use error::ParseError;
pub(super) use error::{LineError, SyntaxError};
pub use float::parse_float;
pub(super) use float::parse_float_bytes;
#[cfg(target_os = "linux")]
pub(crate) use lines::LineEnding;
pub use lines::{LINE_LIMIT, lines_of};
pub(crate) use lines::{Line, LineReader, column};
pub(super) use metadata::{Metadata, metadata};
pub(super) use scanner::{Dialect, Scanner};
pub(super) use statement::{Declared, LabelSpan, Name, SampleLine, Statement, unescape};
pub use text::Text;
