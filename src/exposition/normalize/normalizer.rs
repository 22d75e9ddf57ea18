//! Lines as a gateway takes them: without carriage returns, timestamps and whatever else it
//! refuses.

use crate::exposition::model::NameValidation;
use crate::exposition::scan::{Dialect, Line, LineError, Scanner, Statement};

use super::changes::Normalizations;
use super::format::Format;
use super::openmetrics::Converter;

/// Rules for the lines of a text.
#[derive(Clone, Copy, Debug)]
pub(in crate::exposition) struct NormalizerOptions {
    pub(in crate::exposition) names: NameValidation,
    pub(in crate::exposition) format: Format,
    /// Whether line ends and a byte order mark are normalized.
    pub(in crate::exposition) line_ends: bool,
    /// Whether timestamps are removed.
    pub(in crate::exposition) timestamps: bool,
}

/// Byte order mark, which some editors write before a text.
pub(in crate::exposition) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lines that take the place of one.
pub(in crate::exposition) enum NormalizedLine<'a> {
    /// One line, and whether it has a newline at its end.
    Line(&'a [u8], bool),
    /// Any number of lines, each with its newline.
    Lines(&'a [u8]),
}

impl<'a> NormalizedLine<'a> {
    /// How long it is, in bytes.
    pub(in crate::exposition) fn length(&self) -> usize {
        match self {
            Self::Line(line, ended) => line.len() + usize::from(*ended),
            Self::Lines(lines) => lines.len(),
        }
    }

    /// Its lines, without their newlines.
    pub(in crate::exposition) fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (one, many) = match *self {
            Self::Line(line, _) => (Some(line), None),
            Self::Lines(lines) => (None, Some(lines)),
        };
        let many = many.and_then(|lines| lines.strip_suffix(b"\n"));
        let many = many.map(|lines| lines.split(|byte| *byte == b'\n'));
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// Normalizes one line after the other.
pub(in crate::exposition) struct Normalizer {
    line_ends: bool,
    /// Finds the timestamps that are to go.
    timestamps: Option<Scanner>,
    converter: Option<Converter>,
    converted: Vec<u8>,
    pub(in crate::exposition) changes: Normalizations,
}

impl Normalizer {
    pub(in crate::exposition) fn new(options: NormalizerOptions) -> Self {
        let NormalizerOptions {
            names,
            format,
            line_ends,
            timestamps,
        } = options;
        let dialect = Dialect {
            names,
            open_metrics: false,
        };
        Self {
            line_ends,
            timestamps: timestamps.then(|| Scanner::new(dialect)),
            converter: (format == Format::OpenMetrics).then(|| Converter::new(names, timestamps)),
            converted: Vec::new(),
            changes: Normalizations::default(),
        }
    }

    /// Ends the text. An error says what its last lines lack.
    pub(in crate::exposition) fn finish(&self) -> Result<(), LineError> {
        self.converter.as_ref().map_or(Ok(()), Converter::finish)
    }

    pub(in crate::exposition) fn normalize<'a>(
        &'a mut self,
        line: Line<'a>,
    ) -> Result<NormalizedLine<'a>, LineError> {
        let (bytes, ended) = if self.line_ends {
            self.normalize_end(line)
        } else {
            (line.bytes, line.has_newline())
        };
        if let Some(converter) = &mut self.converter {
            self.converted.clear();
            converter.convert(bytes, &mut self.converted, &mut self.changes)?;
            return Ok(NormalizedLine::Lines(&self.converted));
        }
        if let Some(scanner) = &mut self.timestamps {
            if let Ok(Statement::Sample(sample)) = scanner.scan(bytes) {
                if sample.timestamp.is_some() {
                    self.changes.timestamps += 1;
                    return Ok(NormalizedLine::Line(&bytes[..sample.value.end], ended));
                }
            }
        }
        Ok(NormalizedLine::Line(bytes, ended))
    }

    fn normalize_end<'a>(&mut self, line: Line<'a>) -> (&'a [u8], bool) {
        let mut bytes = line.bytes;
        if line.number == 1 {
            if let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK) {
                self.changes.byte_order_mark = true;
                bytes = rest;
            }
        }
        if let Some(rest) = bytes.strip_suffix(b"\r") {
            self.changes.carriage_returns += 1;
            bytes = rest;
        }
        if !line.has_newline() && !bytes.is_empty() {
            self.changes.final_newline = true;
            return (bytes, true);
        }
        (bytes, line.has_newline())
    }
}
