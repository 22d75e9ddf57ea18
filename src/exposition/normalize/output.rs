//! Texts as a gateway takes them, to be sent.

use std::fmt;
use std::io::{self, ErrorKind, Read};

use crate::exposition::scan::{LineReader, Text};

use super::normalizer::{NormalizedLine, Normalizer};

/// A text as a gateway takes it, to be read; only a piece of it is in memory.
pub struct Output<'t> {
    source: OutputSource<'t>,
    /// How much is to come of the source, in bytes.
    left: u64,
    /// A newline that has been read and not handed out.
    held: bool,
    /// Why no more can be handed out, once the line that was begun has been spoilt.
    failed: Option<io::Error>,
}

/// What makes a line wrong that was cut off.
const SPOILER: u8 = b'{';

enum OutputSource<'t> {
    /// As it is.
    Same {
        text: &'t dyn Text,
        offset: u64,
    },
    Normalized(Box<NormalizedLines<'t>>),
}

/// Lines that are normalized on the way.
struct NormalizedLines<'t> {
    lines: LineReader<'t>,
    normalizer: Normalizer,
    /// What has been made and not been read, from `read` on.
    ready: Vec<u8>,
    read: usize,
}

impl<'t> Output<'t> {
    /// Reads a text as it is, or by way of a normalizer where something is to be changed.
    pub(in crate::exposition) fn new(
        text: &'t dyn Text,
        normalizer: Option<Normalizer>,
        length: u64,
    ) -> Self {
        let source = match normalizer {
            None => OutputSource::Same { text, offset: 0 },
            Some(normalizer) => OutputSource::Normalized(Box::new(NormalizedLines {
                lines: LineReader::new(text),
                normalizer,
                ready: Vec::new(),
                read: 0,
            })),
        };
        Self {
            source,
            left: length,
            held: false,
            failed: None,
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            OutputSource::Same { text, offset } => {
                let amount = text.read_at(buffer, *offset)?;
                *offset += amount as u64;
                Ok(amount)
            }
            OutputSource::Normalized(lines) => lines.read(buffer),
        }
    }
}

impl Read for Output<'_> {
    /// Reads the next bytes. When the text is no longer what it was when it was checked, as far as
    /// its length tells, that is an error.
    ///
    /// A gateway takes what was cut off at the end of a line for the whole. So a newline is never
    /// the last that is handed out, but for the very last one, and before an error comes a byte
    /// that spoils the line.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut filled = 0;
        if std::mem::take(&mut self.held) {
            buffer[0] = b'\n';
            filled = 1;
            // There is more to come behind it, for which there is no room here.
            if buffer.len() == 1 {
                return Ok(1);
            }
        }
        let amount = self.read_some(&mut buffer[filled..]);
        let is_other = match &amount {
            Ok(0) => self.left > 0,
            Ok(amount) => *amount as u64 > self.left,
            Err(_) => true,
        };
        if is_other {
            self.failed = Some(amount.err().unwrap_or_else(|| {
                let reason = "the text was changed while it was being sent";
                io::Error::new(ErrorKind::InvalidData, reason)
            }));
            buffer[filled] = SPOILER;
            return Ok(filled + 1);
        }
        let amount = amount?;
        self.left -= amount as u64;
        filled += amount;
        if self.left > 0 && filled > 1 && buffer[filled - 1] == b'\n' {
            self.held = true;
            filled -= 1;
        }
        Ok(filled)
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl NormalizedLines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.ready.len() {
            self.ready.clear();
            self.read = 0;
            if !self.lines.advance()? {
                return Ok(0);
            }
            let line = self.lines.line();
            let number = line.number;
            let normalized = self.normalizer.normalize(line).map_err(|error| {
                let reason = format!("line {number}: {error}");
                io::Error::new(ErrorKind::InvalidData, reason)
            })?;
            match normalized {
                NormalizedLine::Line(line, ended) => {
                    self.ready.extend_from_slice(line);
                    if ended {
                        self.ready.push(b'\n');
                    }
                }
                NormalizedLine::Lines(lines) => self.ready.extend_from_slice(lines),
            }
        }
        let ready = &self.ready[self.read..];
        let amount = ready.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&ready[..amount]);
        self.read += amount;
        Ok(amount)
    }
}
