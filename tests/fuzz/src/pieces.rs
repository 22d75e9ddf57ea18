use std::io;

use pushjob::exposition::Text;

/// A text that is handed out in pieces of 1 to `most` bytes, always the same ones.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    text: &'a [u8],
    most: u64,
}

impl<'a> Pieces<'a> {
    /// How long the longest piece is follows from the text, so that an input is nothing but text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        let sum = text.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        Self {
            text,
            most: sum % 23 + 1,
        }
    }
}

impl Text for Pieces<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.most + 1;
        let most = buffer.len().min(usize::try_from(length).unwrap_or(1));
        self.text.read_at(&mut buffer[..most], offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.text.length()
    }
}
