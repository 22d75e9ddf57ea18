//! A reader of JSON that holds no more of it than one text.

use std::io::{ErrorKind, Read};

use super::error::BodyError;

/// Length of the buffer, in bytes.
const BUFFER: usize = 16 * 1024;

/// Maximum depth of nested values.
const MAX_DEPTH: u32 = 64;

/// Reads JSON from the first byte to the last. What nobody asks for is skipped, not stored.
pub(super) struct JsonReader<R> {
    input: R,
    buffer: Box<[u8]>,
    /// The part of the buffer that is still to be read.
    begin: usize,
    end: usize,
    /// Number of bytes that came before the buffer's.
    before: u64,
    limit: u64,
    depth: u32,
    /// Number of bytes of text that may still be kept.
    text_left: usize,
}

impl<R: Read> JsonReader<R> {
    /// A reader of at most `limit` bytes.
    pub(super) fn new(input: R, limit: u64) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            begin: 0,
            end: 0,
            before: 0,
            limit,
            depth: 0,
            text_left: 0,
        }
    }

    /// Allows this many bytes of text to be kept from here on.
    pub(super) fn allow_text(&mut self, bytes: usize) {
        self.text_left = bytes;
    }

    /// Counts text that has been released before as kept.
    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), BodyError> {
        let left = self.text_left.checked_sub(bytes);
        self.text_left = left.ok_or_else(|| self.long_text())?;
        Ok(())
    }

    /// Counts text as no longer kept.
    pub(super) fn release(&mut self, bytes: usize) {
        self.text_left += bytes;
    }

    /// Reads an object. `member` reads or skips the value of each key.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, String) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        self.nested(b'{', b'}', |reader| {
            let key = reader.string()?;
            // It is not kept for longer than its member is read, unless that says so.
            reader.release(key.len());
            reader.colon()?;
            member(reader, key)
        })
    }

    /// Reads an array. `element` reads or skips each value.
    pub(super) fn array(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        self.nested(b'[', b']', element)
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Result<String, BodyError> {
        let mut text = Vec::new();
        self.text(Some(&mut text))?;
        String::from_utf8(text).map_err(|_| self.unexpected())
    }

    /// Skips a value.
    pub(super) fn skip(&mut self) -> Result<(), BodyError> {
        match self.peek()? {
            b'{' => self.nested(b'{', b'}', |reader| {
                reader.text(None)?;
                reader.colon()?;
                reader.skip()
            }),
            b'[' => self.nested(b'[', b']', Self::skip),
            b'"' => self.text(None),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.unexpected()),
        }
    }

    /// Returns the first byte of the next value, which is not read by that.
    pub(super) fn peek(&mut self) -> Result<u8, BodyError> {
        loop {
            match self.look()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.begin += 1,
                Some(byte) => return Ok(byte),
                None => return Err(self.cut()),
            }
        }
    }

    /// Returns an error where something other than whitespace follows.
    pub(super) fn end(&mut self) -> Result<(), BodyError> {
        match self.peek() {
            Ok(_) => Err(self.unexpected()),
            Err(BodyError::Cut { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn unexpected(&self) -> BodyError {
        let byte = self.position();
        BodyError::Unexpected { byte }
    }

    pub(super) fn long_text(&self) -> BodyError {
        let byte = self.position();
        BodyError::LongText { byte }
    }

    fn cut(&self) -> BodyError {
        let byte = self.position();
        BodyError::Cut { byte }
    }

    /// Number of bytes that have been read.
    fn position(&self) -> u64 {
        self.before + self.begin as u64
    }

    /// Fills the buffer if it is empty, and returns the next byte.
    fn look(&mut self) -> Result<Option<u8>, BodyError> {
        while self.begin == self.end {
            self.before += self.end as u64;
            (self.begin, self.end) = (0, 0);
            let (limit, byte) = (self.limit, self.before);
            let room = usize::try_from(limit.saturating_add(1).saturating_sub(byte));
            let room = room.unwrap_or(BUFFER).min(BUFFER);
            self.end = match self.input.read(&mut self.buffer[..room]) {
                Ok(0) => return Ok(None),
                Ok(length) => length.min(room),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err(BodyError::Timeout { byte });
                }
                Err(_) => return Err(BodyError::Cut { byte }),
            };
            if self.before + self.end as u64 > limit {
                return Err(BodyError::TooLong { limit });
            }
        }
        Ok(Some(self.buffer[self.begin]))
    }

    fn next(&mut self) -> Result<u8, BodyError> {
        let byte = self.look()?.ok_or_else(|| self.cut())?;
        self.begin += 1;
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), BodyError> {
        if self.peek()? != byte {
            return Err(self.unexpected());
        }
        self.begin += 1;
        Ok(())
    }

    fn colon(&mut self) -> Result<(), BodyError> {
        self.expect(b':')
    }

    /// Reads what stands between brackets, separated by commas.
    fn nested(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), BodyError>,
    ) -> Result<(), BodyError> {
        self.expect(open)?;
        if self.depth == MAX_DEPTH {
            let byte = self.position();
            return Err(BodyError::TooDeep { byte });
        }
        self.depth += 1;
        if self.peek()? != close {
            item(self)?;
            while self.peek()? == b',' {
                self.begin += 1;
                item(self)?;
            }
        }
        self.depth -= 1;
        self.expect(close)
    }

    fn word(&mut self, word: &[u8]) -> Result<(), BodyError> {
        for byte in word {
            if self.next()? != *byte {
                return Err(self.unexpected());
            }
        }
        Ok(())
    }

    /// Skips a number. How its digits stand is not checked.
    fn number(&mut self) -> Result<(), BodyError> {
        while let Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') = self.look()? {
            self.begin += 1;
        }
        Ok(())
    }

    /// Reads a string, and keeps it where there is a place for it.
    fn text(&mut self, mut kept: Option<&mut Vec<u8>>) -> Result<(), BodyError> {
        self.expect(b'"')?;
        loop {
            self.look()?;
            let rest = &self.buffer[self.begin..self.end];
            let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let plain = rest.iter().position(is_special).unwrap_or(rest.len());
            let mut decoded = [0; 4];
            let decoded_length = if plain > 0 {
                0
            } else {
                match self.next()? {
                    b'"' => return Ok(()),
                    b'\\' => self.escape()?.encode_utf8(&mut decoded).len(),
                    _ => return Err(self.unexpected()),
                }
            };
            let part = plain.max(decoded_length);
            if let Some(kept) = &mut kept {
                self.keep(part)?;
                kept.extend(&decoded[..decoded_length]);
                kept.extend(&self.buffer[self.begin..self.begin + plain]);
            }
            self.begin += plain;
        }
    }

    /// Reads an escape sequence behind its backslash.
    fn escape(&mut self) -> Result<char, BodyError> {
        Ok(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.code_unit()?;
                let mut units = vec![unit];
                if (0xd800..0xdc00).contains(&unit) {
                    self.word(b"\\u")?;
                    units.push(self.code_unit()?);
                }
                let character = char::decode_utf16(units).next();
                let character = character.and_then(Result::ok);
                character.ok_or_else(|| self.unexpected())?
            }
            _ => return Err(self.unexpected()),
        })
    }

    fn code_unit(&mut self) -> Result<u16, BodyError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16);
            let digit = digit.and_then(|digit| u16::try_from(digit).ok());
            unit = unit << 4 | digit.ok_or_else(|| self.unexpected())?;
        }
        Ok(unit)
    }
}
