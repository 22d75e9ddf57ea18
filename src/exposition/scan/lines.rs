//! Texts, read line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

use super::text::Text;

/// The lines of these numbers, without their newlines, each as far as 64 KiB.
///
/// # Errors
///
/// What keeps the text from being read.
pub fn lines_of(
    text: &dyn Text,
    numbers: &BTreeSet<usize>,
) -> io::Result<BTreeMap<usize, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut lines = LineReader::new(text);
    while found.len() < numbers.len() && lines.advance()? {
        let line = lines.line();
        if numbers.contains(&line.number) {
            let excerpt = line.bytes.get(..LINE_EXCERPT).unwrap_or(line.bytes);
            found.insert(line.number, excerpt.to_vec());
        }
    }
    Ok(found)
}

/// The most of a line that is taken out of a text, in bytes.
const LINE_EXCERPT: usize = 64 * 1024;

/// The longest line that is read, in bytes.
pub const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// How much is read at once, in bytes; of a short text all, for which there is no need of so much
/// room.
const CHUNK: usize = 128 * 1024;

/// The least room for a piece, in bytes.
const LEAST_CHUNK: usize = 512;

/// Reads text line by line; only a piece of it is in memory.
pub(crate) struct LineReader<'t> {
    text: &'t dyn Text,
    limits: ReadLimits,
    /// Where the text is read next.
    offset: u64,
    /// How much of it is read at once, at least.
    chunk: usize,
    buffer: Vec<u8>,
    /// The part of the buffer that has not been given out.
    start: usize,
    end: usize,
    /// How much of that is known to hold no newline.
    searched: usize,
    /// Whether the line that is being read is longer than a line may be.
    too_long: bool,
    line: LinePlace,
    number: usize,
}

/// Most that is read.
struct ReadLimits {
    /// Longest line, in bytes.
    line: usize,
    /// Whether a longer one is an error; else it is skipped.
    fails: bool,
    /// Offset at which reading ends, even where there is more.
    end: u64,
    /// Whether there is more that must not be read.
    cut: bool,
}

/// Place of the line in the buffer.
struct LinePlace {
    start: usize,
    end: usize,
    ending: LineEnding,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its bytes, without the newline; none of a line that is too long.
    pub(crate) bytes: &'a [u8],
    /// Number of the line, from 1.
    pub(crate) number: usize,
    pub(crate) ending: LineEnding,
}

impl Line<'_> {
    /// Whether there is a newline at its end.
    pub(crate) fn has_newline(&self) -> bool {
        self.ending == LineEnding::Newline
    }
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnding {
    /// With a newline.
    Newline,
    /// With the text.
    EndOfText,
    /// It is longer than a line may be, and has been skipped.
    TooLong,
    /// There is more text than may be read: nothing comes after this line, which may be cut off.
    ByteLimit,
}

impl<'t> LineReader<'t> {
    /// Reads all of a text. A line longer than [`LINE_LIMIT`] is an error.
    pub(crate) fn new(text: &'t dyn Text) -> Self {
        let length = text.length().unwrap_or(u64::MAX);
        let limits = ReadLimits {
            line: LINE_LIMIT,
            fails: true,
            end: u64::MAX,
            cut: false,
        };
        Self::with_limits(text, length, limits)
    }

    /// Reads a text as far as it goes now, for others may be adding to it, and no further than
    /// `byte_limit`. A line longer than `line_limit` is skipped without being held in memory.
    #[cfg(target_os = "linux")]
    pub(crate) fn bounded(
        text: &'t dyn Text,
        line_limit: usize,
        byte_limit: u64,
    ) -> io::Result<Self> {
        let length = text.length()?;
        let limits = ReadLimits {
            line: line_limit,
            fails: false,
            end: length.min(byte_limit),
            cut: length > byte_limit,
        };
        Ok(Self::with_limits(text, length, limits))
    }

    fn with_limits(text: &'t dyn Text, length: u64, limits: ReadLimits) -> Self {
        // And a byte more, to see where it ends.
        let whole = usize::try_from(length.saturating_add(1)).unwrap_or(usize::MAX);
        Self {
            text,
            limits,
            offset: 0,
            chunk: whole.clamp(LEAST_CHUNK, CHUNK),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            searched: 0,
            too_long: false,
            line: LinePlace {
                start: 0,
                end: 0,
                ending: LineEnding::EndOfText,
            },
            number: 0,
        }
    }

    /// The line that was read last.
    pub(crate) fn line(&self) -> Line<'_> {
        Line {
            bytes: &self.buffer[self.line.start..self.line.end],
            number: self.number,
            ending: self.line.ending,
        }
    }

    /// Reads the next line; false at the end.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        loop {
            let unread = &self.buffer[self.start + self.searched..self.end];
            if let Some(length) = memchr::memchr(b'\n', unread) {
                self.begin_line(self.searched + length, LineEnding::Newline)?;
                return Ok(true);
            }
            self.searched = self.end - self.start;
            if self.searched > self.limits.line {
                self.exceed_limit()?;
                self.start = self.end;
                self.searched = 0;
            }
            if self.fill()? == 0 {
                return self.last_line();
            }
        }
    }

    /// Begins the line of whatever is left at the end, once.
    fn last_line(&mut self) -> io::Result<bool> {
        let rest = self.end - self.start;
        let ending = if std::mem::take(&mut self.limits.cut) {
            LineEnding::ByteLimit
        } else if rest > 0 || self.too_long {
            LineEnding::EndOfText
        } else {
            return Ok(false);
        };
        self.begin_line(rest, ending).map(|()| true)
    }

    fn begin_line(&mut self, length: usize, ending: LineEnding) -> io::Result<()> {
        if length > self.limits.line {
            self.exceed_limit()?;
        }
        let skipped = std::mem::take(&mut self.too_long);
        self.line = LinePlace {
            start: self.start,
            end: self.start + if skipped { 0 } else { length },
            ending: if skipped && ending != LineEnding::ByteLimit {
                LineEnding::TooLong
            } else {
                ending
            },
        };
        self.start += length + usize::from(ending == LineEnding::Newline);
        self.searched = 0;
        self.number += 1;
        Ok(())
    }

    fn exceed_limit(&mut self) -> io::Result<()> {
        if !self.limits.fails {
            self.too_long = true;
            return Ok(());
        }
        let (number, limit) = (self.number + 1, self.limits.line);
        let reason = format!("line {number} is longer than {limit} bytes");
        Err(io::Error::new(ErrorKind::InvalidData, reason))
    }

    /// Reads more, behind all that has not been given out, and says how much.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() - self.end < self.chunk {
            let length = (self.end + self.chunk).max(self.end.saturating_mul(2));
            self.buffer.resize(length, 0);
        }
        let room = &mut self.buffer[self.end..];
        let left = usize::try_from(self.limits.end - self.offset).unwrap_or(usize::MAX);
        let room_length = room.len().min(left);
        loop {
            match self.text.read_at(&mut room[..room_length], self.offset) {
                Ok(amount) => {
                    self.end += amount;
                    self.offset += amount as u64;
                    return Ok(amount);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Column of the character at a byte of a line, from 1.
pub(crate) fn column(line: &[u8], at: usize) -> usize {
    String::from_utf8_lossy(&line[..at]).chars().count() + 1
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a text, as far as it may be read.
    fn bounded_lines(content: &[u8], line_limit: usize, byte_limit: u64) -> Vec<String> {
        let mut lines = LineReader::bounded(&content, line_limit, byte_limit).unwrap();
        let mut found = Vec::new();
        while lines.advance().unwrap() {
            let line = lines.line();
            let text = match line.bytes {
                long if long.len() > 100 => long.len().to_string(),
                bytes => String::from_utf8_lossy(bytes).into_owned(),
            };
            found.push(match line.ending {
                LineEnding::Newline => format!("{}: {text}", line.number),
                other => format!("{}: {text} {other:?}", line.number),
            });
        }
        found
    }

    #[test]
    fn lines_are_found_wherever_a_piece_ends() {
        let lines = |content: &[u8]| bounded_lines(content, 1 << 20, u64::MAX);
        assert_eq!(lines(b""), [""; 0]);
        assert_eq!(lines(b"\n"), ["1: "]);
        assert_eq!(lines(b"a\n\nb\n"), ["1: a", "2: ", "3: b"]);
        assert_eq!(lines(b"a\nb"), ["1: a", "2: b EndOfText"]);
        for length in CHUNK - 3..CHUNK + 3 {
            let long = "x".repeat(length);
            let content = format!("{long}\nb\n");
            let found = lines(content.as_bytes());
            assert_eq!(found, [format!("1: {length}"), "2: b".to_owned()]);
        }
    }

    #[test]
    fn long_lines_are_skipped() {
        const LIMIT: usize = 1 << 20;
        for (length, found) in [
            (LIMIT, format!("1: {LIMIT}")),
            (LIMIT + 1, "1:  TooLong".to_owned()),
            (3 * LIMIT, "1:  TooLong".to_owned()),
        ] {
            let long = "x".repeat(length);
            let whole = bounded_lines(format!("{long}\nb\n").as_bytes(), LIMIT, u64::MAX);
            assert_eq!(whole, [found, "2: b".to_owned()], "{length}");
        }
        for length in [LIMIT + 1, 2 * LIMIT] {
            let open = "x".repeat(length);
            let found = bounded_lines(open.as_bytes(), LIMIT, u64::MAX);
            assert_eq!(found, ["1:  TooLong"]);
        }
    }

    #[test]
    fn text_beyond_the_limit_is_not_read() {
        for (limit, found) in [
            (4, &["1: a", "2: b"][..]),
            (3, &["1: a", "2: b ByteLimit"]),
            (2, &["1: a", "2:  ByteLimit"]),
        ] {
            assert_eq!(bounded_lines(b"a\nb\n", 9, limit), found);
        }
        assert_eq!(bounded_lines(b"aaaa\nb\n", 2, 4), ["1:  ByteLimit"]);
    }
}
