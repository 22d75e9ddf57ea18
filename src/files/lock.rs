//! Locks on files. They end when the file is closed, however the process ends.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::identity::is_at;
use super::open::{open_existing, open_options, private_options};

/// The pauses between two attempts to get a file that another process has, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// The lock on a file that exists for nothing else.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
}

impl FileLock {
    /// Locks a file, which is made if it is missing; None when another process had it for all of
    /// `patience`.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        Self::wait_for(private_options().open(path)?, patience)
    }

    /// Makes a file with this content, which nobody else has, and locks it. A process that meets it
    /// without content and has locked it for a moment is waited for.
    pub(crate) fn create(path: &Path, text: &str, patience: Duration) -> io::Result<Option<Self>> {
        let lock = Self::wait_for(private_options().create_new(true).open(path)?, patience)?;
        if let Some(lock) = &lock {
            (&lock.file).write_all(text.as_bytes())?;
        }
        Ok(lock)
    }

    fn wait_for(file: File, patience: Duration) -> io::Result<Option<Self>> {
        let locked = retry_for(patience, || Ok(try_lock(&file)?.then_some(())))?;
        Ok(locked.map(|()| Self { file }))
    }

    /// Locks a file that is there; None when another process has it, or it has gone.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open_existing(open_options().read(true).write(true), path)? else {
            return Ok(None);
        };
        Ok((try_lock(&file)? && is_at(&file, path)).then_some(Self { file }))
    }

    /// The content of the file, at most so many bytes.
    pub(crate) fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        (&self.file).take(limit).read_to_end(&mut content)?;
        Ok(content)
    }
}

/// Locks a file unless another process has it; false when one has.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    match retry_on_intr(|| flock(file, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Attempts something until it is there or `patience` is used up; at least once. The system has no
/// way to wait for a lock that ends.
pub(crate) fn retry_for<T>(
    patience: Duration,
    mut attempt: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<Option<T>> {
    let begin = Instant::now();
    let (mut pause, longest) = PAUSES;
    loop {
        if let Some(found) = attempt()? {
            return Ok(Some(found));
        }
        let left = patience.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}
