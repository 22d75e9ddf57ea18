//! Lines, read over bytes and without allocation.

use crate::exposition::model::NameValidation;

use super::cursor::Cursor;
use super::error::LineError;
use super::plain::plain_sample;
use super::statement::{LabelSpan, Name, SampleLine, SampleParts, Statement};

/// How a text is spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) names: NameValidation,
    /// Whether a sample may have a timestamp with a fraction and an exemplar, as the other format
    /// has them.
    pub(crate) open_metrics: bool,
}

/// Reads one line after the other; what it needs for one is kept for the next.
#[derive(Default)]
pub(crate) struct Scanner {
    dialect: Dialect,
    parts: SampleParts,
}

impl Scanner {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            ..Self::default()
        }
    }

    /// Reads a line, without its newline.
    pub(crate) fn scan<'a>(&'a mut self, line: &'a [u8]) -> Result<Statement<'a>, LineError> {
        let parts = &mut self.parts;
        if plain_sample(line, parts) {
            return Ok(Statement::Sample(SampleLine { line, parts }));
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
                Ok(Statement::Sample(SampleLine { line, parts }))
            }
        }
    }

    /// Reads a series at the beginning of a text, and says where it ends.
    pub(crate) fn series<'a>(
        &'a mut self,
        text: &'a [u8],
    ) -> Result<(Name<'a>, &'a [LabelSpan], usize), LineError> {
        let mut cursor = Cursor {
            line: text,
            at: 0,
            names: self.dialect.names,
        };
        let name = cursor.series(&mut self.parts)?;
        Ok((name, &self.parts.labels, cursor.at))
    }
}
