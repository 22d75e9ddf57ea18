//! Lines about families in the other format, `OpenMetrics`.

use crate::exposition::model::NameValidation;

use super::cursor::Cursor;
use super::error::LineError;
use super::statement::{Name, Span};

/// A line about a family, in the other format.
pub(crate) struct Metadata<'a> {
    pub(crate) keyword: &'static str,
    pub(crate) name: Name<'a>,
    pub(crate) text: Span,
}

/// Reads a line of the other format that begins with `#`. None for what has no meaning there.
pub(crate) fn metadata(
    line: &[u8],
    names: NameValidation,
) -> Result<Option<Metadata<'_>>, LineError> {
    let mut cursor = Cursor { line, at: 0, names };
    cursor.skip_blanks();
    cursor.at += 1;
    let Some(keyword) = cursor.keyword(&["HELP", "TYPE", "UNIT"]) else {
        return Ok(None);
    };
    let name = cursor.name_in_comment(keyword)?;
    cursor.skip_blanks();
    let text = cursor.rest();
    if keyword == "HELP" {
        cursor.utf8(text)?;
        cursor.help(true)?;
    }
    Ok(Some(Metadata {
        keyword,
        name,
        text,
    }))
}
