//! Locks on files. They end when the file is closed, however the process ends.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::open::private_options;

/// The pauses between two attempts to get a file that another process has, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// The lock on a file that exists for nothing else.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Locks a file, which is made if it is missing; None when another process had it for all of
    /// `patience`.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let file = private_options().open(path)?;
        let locked = retry_for(patience, || Ok(try_lock(&file)?.then_some(())))?;
        Ok(locked.map(|()| Self { _file: file }))
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
