use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

/// Text that can be read more than once, from any place: bytes in memory, or a file.
///
/// Where the text is longer than memory should be, it is checked in one go and sent in another.
pub trait Text: Send + Sync {
    /// Reads bytes from `offset` on into `buffer` and says how many; 0 at the end.
    ///
    /// # Errors
    ///
    /// What keeps it from being read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How long it is, in bytes.
    ///
    /// # Errors
    ///
    /// What keeps that from being known.
    fn length(&self) -> io::Result<u64>;
}

impl Text for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..))
            .unwrap_or_default();
        let amount = rest.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&rest[..amount]);
        Ok(amount)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl Text for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.as_slice().length()
    }
}

/// A regular file. Its position is neither used nor changed.
#[cfg(unix)]
impl Text for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// Lets bytes that are borrowed stand as text.
impl<T: Text + ?Sized> Text for &T {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        (**self).length()
    }
}

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
    let mut lines = Lines::new(text);
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

/// How much is read at once, in bytes; of a short text all, for which there is no need of so much room.
const CHUNK: usize = 128 * 1024;

/// The least room for a piece, in bytes.
const LEAST_CHUNK: usize = 512;

/// Reads text line by line; only a piece of it is in memory.
pub(super) struct Lines<'t> {
    text: &'t dyn Text,
    /// Where the text is read next.
    offset: u64,
    /// How much of it is read at once, at least.
    chunk: usize,
    buffer: Vec<u8>,
    /// What of the buffer has not been given out.
    start: usize,
    end: usize,
    /// How much of that is known to hold no newline.
    searched: usize,
    line: Place,
    number: usize,
}

/// Where the line stands in the buffer.
#[derive(Default)]
struct Place {
    start: usize,
    end: usize,
    ended: bool,
}

/// One line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Without the newline.
    pub(super) bytes: &'a [u8],
    /// From 1.
    pub(super) number: usize,
    /// Whether there is a newline at its end.
    pub(super) ended: bool,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t dyn Text) -> Self {
        // And a byte more, to see where it ends.
        let whole = text.length().unwrap_or(u64::MAX).saturating_add(1);
        let whole = usize::try_from(whole).unwrap_or(usize::MAX);
        Self {
            text,
            offset: 0,
            chunk: whole.clamp(LEAST_CHUNK, CHUNK),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            searched: 0,
            line: Place::default(),
            number: 0,
        }
    }

    /// The line that it is at.
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            bytes: &self.buffer[self.line.start..self.line.end],
            number: self.number,
            ended: self.line.ended,
        }
    }

    /// Goes on to the next line; false at the end.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        loop {
            let unread = &self.buffer[self.start + self.searched..self.end];
            if let Some(length) = memchr::memchr(b'\n', unread) {
                let length = self.searched + length;
                return self.turn_to(length, true).map(|()| true);
            }
            self.searched = self.end - self.start;
            if self.fill()? == 0 {
                let rest = self.end - self.start;
                return match rest {
                    0 => Ok(false),
                    _ => self.turn_to(rest, false).map(|()| true),
                };
            }
        }
    }

    fn turn_to(&mut self, length: usize, ended: bool) -> io::Result<()> {
        if length > LINE_LIMIT {
            return Err(self.too_long());
        }
        self.line = Place {
            start: self.start,
            end: self.start + length,
            ended,
        };
        self.start += length + usize::from(ended);
        self.searched = 0;
        self.number += 1;
        Ok(())
    }

    fn too_long(&self) -> io::Error {
        let number = self.number + 1;
        let reason = format!("line {number} is longer than {LINE_LIMIT} bytes");
        io::Error::new(ErrorKind::InvalidData, reason)
    }

    /// Reads more, behind what has not been given out, and says how much.
    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end > LINE_LIMIT {
            return Err(self.too_long());
        }
        if self.buffer.len() - self.end < self.chunk {
            let length = (self.end + self.chunk).max(self.end.saturating_mul(2));
            self.buffer.resize(length, 0);
        }
        loop {
            match self.text.read_at(&mut self.buffer[self.end..], self.offset) {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Text of which every other read is interrupted.
    struct Interrupted<'a>(&'a [u8], AtomicUsize);

    impl Text for Interrupted<'_> {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if self.1.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
                return Err(ErrorKind::Interrupted.into());
            }
            self.0.read_at(buffer, offset)
        }

        fn length(&self) -> io::Result<u64> {
            self.0.length()
        }
    }

    #[test]
    fn a_read_that_was_interrupted_is_tried_again() {
        let text = Interrupted(b"a 1\nb 2", AtomicUsize::new(0));
        let found = lines_of(&text, &BTreeSet::from([1, 2])).unwrap();
        let expected = [(1, b"a 1".to_vec()), (2, b"b 2".to_vec())];
        assert_eq!(found, BTreeMap::from(expected));
        assert!(text.1.into_inner() > 2);
    }

    #[test]
    fn of_a_long_line_the_beginning_is_taken_out() {
        let lines: Vec<Vec<u8>> = [LINE_EXCERPT - 1, LINE_EXCERPT, LINE_EXCERPT + 1, 3 * CHUNK]
            .map(|length| vec![b'x'; length])
            .into();
        let text = lines.join(&b'\n');
        let found = lines_of(&text, &(1..=4).collect()).unwrap();
        let lengths: Vec<usize> = found.values().map(Vec::len).collect();
        let kept = 64 * 1024;
        assert_eq!(lengths, [kept - 1, kept, kept, kept]);
    }
}
