//! Texts, in memory or in files.

use std::io;

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
