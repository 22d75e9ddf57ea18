use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

/// The longest that a line may be, in bytes. A longer one is passed over without being held in memory.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// How much is read at a time, in bytes.
const PIECE: usize = 1 << 16;

/// One line of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// Without the newline at its end.
    Whole(&'a [u8]),
    /// The last one, without a newline at its end.
    Open,
    /// Longer than [`LONGEST_LINE`].
    TooLong,
    /// The beginning of what is beyond the limit.
    Beyond {
        /// The most that is read, in bytes.
        limit: u64,
    },
}

/// Reads a file line by line, as long as it was when this began: others may be writing to it. Its own position is not
/// used.
pub(super) struct Lines<'a> {
    file: &'a File,
    /// Up to where to read, and from where the next piece.
    end: u64,
    at: u64,
    limit: u64,
    cut: bool,
    /// What has been read, of which the first `used` bytes are done with.
    buffer: Vec<u8>,
    used: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a File, limit: u64) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self {
            file,
            end: length.min(limit),
            at: 0,
            limit,
            cut: length > limit,
            buffer: Vec::new(),
            used: 0,
            number: 0,
        })
    }

    /// The next line with its number, counted from 1.
    pub(super) fn next(&mut self) -> io::Result<Option<(usize, Line<'_>)>> {
        self.number += 1;
        let mut searched = 0;
        let mut too_long = false;
        loop {
            let rest = &self.buffer[self.used..];
            let newline = rest[searched..].iter().position(|byte| *byte == b'\n');
            if let Some(length) = newline.map(|at| searched + at) {
                let begin = self.used;
                self.used += length + 1;
                let line = if too_long || length > LONGEST_LINE {
                    Line::TooLong
                } else {
                    Line::Whole(&self.buffer[begin..begin + length])
                };
                return Ok(Some((self.number, line)));
            }
            too_long |= rest.len() > LONGEST_LINE;
            if too_long {
                self.used = self.buffer.len();
            }
            searched = self.buffer.len() - self.used;
            if !self.fill()? {
                return Ok(self.last(too_long).map(|line| (self.number, line)));
            }
        }
    }

    /// What there is at the end, once.
    fn last(&mut self, too_long: bool) -> Option<Line<'static>> {
        let open = too_long || self.used < self.buffer.len();
        self.used = self.buffer.len();
        if std::mem::take(&mut self.cut) {
            return Some(Line::Beyond { limit: self.limit });
        }
        open.then_some(if too_long { Line::TooLong } else { Line::Open })
    }

    /// Reads one more piece, and says whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let wanted = usize::try_from(self.end - self.at).map_or(PIECE, |left| left.min(PIECE));
        let begin = self.buffer.len();
        self.buffer.resize(begin + wanted, 0);
        let read = loop {
            match self.file.read_at(&mut self.buffer[begin..], self.at) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(begin + *read.as_ref().unwrap_or(&0));
        let read = read?;
        self.at += read as u64;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What stands in a file, line by line.
    fn lines(content: &[u8], limit: u64) -> Vec<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let mut lines = Lines::new(&file, limit).unwrap();
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            found.push(match line {
                Line::Whole(bytes) if bytes.len() > 100 => format!("{number}: {}", bytes.len()),
                Line::Whole(bytes) => format!("{number}: {}", String::from_utf8_lossy(bytes)),
                other => format!("{number}: {other:?}"),
            });
        }
        found
    }

    #[test]
    fn lines_are_found_wherever_a_piece_ends() {
        let limit = u64::MAX;
        assert_eq!(lines(b"", limit), [""; 0]);
        assert_eq!(lines(b"\n", limit), ["1: "]);
        assert_eq!(lines(b"a\n\nb\n", limit), ["1: a", "2: ", "3: b"]);
        assert_eq!(lines(b"a\nb", limit), ["1: a", "2: Open"]);
        for length in PIECE - 3..PIECE + 3 {
            let long = "x".repeat(length);
            let found = lines(format!("{long}\nb\n").as_bytes(), limit);
            assert_eq!(found, [format!("1: {length}"), "2: b".to_owned()]);
        }
    }

    #[test]
    fn long_lines_are_passed_over() {
        let limit = u64::MAX;
        for (length, found) in [
            (LONGEST_LINE, format!("1: {LONGEST_LINE}")),
            (LONGEST_LINE + 1, "1: TooLong".to_owned()),
            (3 * LONGEST_LINE, "1: TooLong".to_owned()),
        ] {
            let long = "x".repeat(length);
            let whole = lines(format!("{long}\nb\n").as_bytes(), limit);
            assert_eq!(whole, [found, "2: b".to_owned()], "{length}");
        }
        let open = "x".repeat(2 * LONGEST_LINE);
        assert_eq!(lines(open.as_bytes(), limit), ["1: TooLong"]);
    }

    #[test]
    fn what_is_beyond_the_limit_is_not_read() {
        for (limit, found) in [
            (4, &["1: a", "2: b"][..]),
            (3, &["1: a", "2: Beyond { limit: 3 }"]),
            (2, &["1: a", "2: Beyond { limit: 2 }"]),
        ] {
            assert_eq!(lines(b"a\nb\n", limit), found);
        }
    }
}
