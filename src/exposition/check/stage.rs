//! Lines as a gateway takes them.

use crate::exposition::openmetrics::Converter;
use crate::exposition::parse::{ScanError, Scanner, Statement};
use crate::exposition::text::Line;

use super::format::Format;
use super::judge::Timestamps;
use super::setup::Check;

/// What some editors write before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What has been changed, or would be, for a gateway to take the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// Whether there was a byte order mark before it.
    pub byte_order_mark: bool,
    /// How many lines ended with a carriage return.
    pub carriage_returns: u64,
    /// Whether the last line had no newline.
    pub final_newline: bool,
    /// How many timestamps were removed.
    pub timestamps: u64,
    /// How many exemplars were left out.
    pub exemplars: u64,
}

/// What stands for a line.
pub(super) enum Staged<'a> {
    /// One line, and whether it has a newline at its end.
    Line(&'a [u8], bool),
    /// Any number of lines, each with its newline.
    Lines(&'a [u8]),
}

impl<'a> Staged<'a> {
    /// How long it is, in bytes.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Line(line, ended) => line.len() + usize::from(*ended),
            Self::Lines(lines) => lines.len(),
        }
    }

    /// Its lines, without their newlines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (one, many) = match *self {
            Self::Line(line, _) => (Some(line), None),
            Self::Lines(lines) => (None, Some(lines)),
        };
        let many = many.and_then(|lines| lines.strip_suffix(b"\n"));
        let many = many.map(|lines| lines.split(|byte| *byte == b'\n'));
        one.into_iter().chain(many.into_iter().flatten())
    }
}

/// Mends or converts one line after the other, as a check asks for.
pub(super) struct Stage {
    mends: bool,
    /// Finds the timestamps that are to go.
    timestamps: Option<Scanner>,
    converter: Option<Converter>,
    converted: Vec<u8>,
    pub(super) mended: Mended,
}

impl Stage {
    pub(super) fn new(check: &Check) -> Self {
        let strips = check.timestamps == Timestamps::Removed;
        let converter = match check.format {
            Format::Text => None,
            Format::OpenMetrics => Some(Converter::new(check.names, strips)),
        };
        Self {
            mends: check.mends,
            timestamps: strips.then(|| Scanner::new(check.dialect())),
            converter,
            converted: Vec::new(),
            mended: Mended::default(),
        }
    }

    /// Whether a text that ends here is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.converter.as_ref().is_none_or(Converter::has_ended)
    }

    pub(super) fn stage<'a>(&'a mut self, line: Line<'a>) -> Result<Staged<'a>, ScanError> {
        let (bytes, ended) = if self.mends {
            self.mend(line)
        } else {
            (line.bytes, line.has_newline())
        };
        if let Some(converter) = &mut self.converter {
            self.converted.clear();
            converter.convert(bytes, &mut self.converted, &mut self.mended)?;
            return Ok(Staged::Lines(&self.converted));
        }
        if let Some(scanner) = &mut self.timestamps {
            if let Ok(Statement::Sample(sample)) = scanner.scan(bytes) {
                if sample.timestamp.is_some() {
                    self.mended.timestamps += 1;
                    return Ok(Staged::Line(&bytes[..sample.value.end], ended));
                }
            }
        }
        Ok(Staged::Line(bytes, ended))
    }

    fn mend<'a>(&mut self, line: Line<'a>) -> (&'a [u8], bool) {
        let mut bytes = line.bytes;
        if line.number == 1 {
            if let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK) {
                self.mended.byte_order_mark = true;
                bytes = rest;
            }
        }
        if let Some(rest) = bytes.strip_suffix(b"\r") {
            self.mended.carriage_returns += 1;
            bytes = rest;
        }
        if !line.has_newline() && !bytes.is_empty() {
            self.mended.final_newline = true;
            return (bytes, true);
        }
        (bytes, line.has_newline())
    }
}
