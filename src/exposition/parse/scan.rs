//! Lines, read over bytes and without allocation.

use crate::exposition::error::ParseErrorKind;
use crate::exposition::names::NameValidation;

use super::cursor::Cursor;
use super::plain::plain_sample;
use super::statement::{LabelSpan, Name, Parts, Sample, ScanError, Span, Statement};

/// How a text is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) names: NameValidation,
    /// Whether a sample may have a timestamp with a fraction and an exemplar, as the other format has them.
    pub(crate) open_metrics: bool,
}

/// Reads one line after the other; what it needs for one is kept for the next.
#[derive(Default)]
pub(crate) struct Scanner {
    dialect: Dialect,
    parts: Parts,
}

impl Scanner {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            ..Self::default()
        }
    }

    /// Reads a line, without its newline.
    pub(crate) fn scan<'a>(&'a mut self, line: &'a [u8]) -> Result<Statement<'a>, ScanError> {
        let parts = &mut self.parts;
        if plain_sample(line, parts) {
            return Ok(Statement::Sample(Sample { line, parts }));
        }
        let mut cursor = Cursor {
            line,
            at: 0,
            names: self.dialect.names,
        };
        cursor.skip_blanks();
        match cursor.peek() {
            None => Ok(Statement::Nothing),
            Some(b'#') => {
                cursor.at += 1;
                cursor.comment()
            }
            Some(_) => {
                cursor.sample(parts, self.dialect.open_metrics)?;
                Ok(Statement::Sample(Sample { line, parts }))
            }
        }
    }

    /// Reads a series at the beginning of a text, and says where it ends.
    pub(super) fn series<'a>(
        &'a mut self,
        text: &'a [u8],
    ) -> Result<(Name<'a>, &'a [LabelSpan], usize), ScanError> {
        let mut cursor = Cursor {
            line: text,
            at: 0,
            names: self.dialect.names,
        };
        let name = cursor.series(&mut self.parts)?;
        Ok((name, &self.parts.labels, cursor.at))
    }
}

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
) -> Result<Option<Metadata<'_>>, ScanError> {
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
        return Err((at, ParseErrorKind::NoMetricNameInComment { keyword }));
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
