//! Lines about families in OpenMetrics.

use crate::exposition::model::NameValidation;

use super::cursor::Cursor;
use super::error::{LineError, SyntaxError};
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
    cursor.skip_blanks();
    let keyword = match cursor.word().of(line) {
        b"HELP" => "HELP",
        b"TYPE" => "TYPE",
        b"UNIT" => "UNIT",
        _ => return Ok(None),
    };
    cursor.skip_blanks();
    let at = cursor.at;
    let raw = if cursor.peek() == Some(b'"') {
        cursor.quoted_name()?.of(line)
    } else {
        cursor.bare_name(true)
    };
    if raw.is_empty() || !matches!(cursor.peek(), None | Some(b' ' | b'\t')) {
        return Err(SyntaxError::NoMetricNameInComment { keyword }.at(at));
    }
    cursor.skip_blanks();
    let text = cursor.rest();
    if keyword == "HELP" {
        cursor.utf8(text)?;
        cursor.help(true)?;
    }
    Ok(Some(Metadata {
        keyword,
        name: Name { at, raw },
        text,
    }))
}
