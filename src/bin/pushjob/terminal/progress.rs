//! ProgressLine of a large text, on a terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pushjob::exposition::Text;

use super::console::transient;

/// Time before progress is shown for the first time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Time between two updates.
const INTERVAL: Duration = Duration::from_millis(200);

/// Length in bytes below which no progress is shown.
const LARGE: u64 = 1 << 20;

/// A text that counts what is read of it.
pub(crate) struct ProgressLine<'t> {
    text: &'t dyn Text,
    read: AtomicU64,
    phase: Mutex<Phase>,
}

/// Phase of the work on a text.
#[derive(Clone, Copy)]
struct Phase {
    word: &'static str,
    /// Line when all is read.
    end: &'static str,
    /// Bytes to read in this phase.
    total: u64,
}

impl<'t> ProgressLine<'t> {
    /// Runs `work` on a text, and shows its progress on a terminal.
    pub(crate) fn of<T>(text: &'t dyn Text, work: impl FnOnce(&Self) -> T) -> T {
        let length = text.length().unwrap_or_default();
        let progress = Self {
            text,
            read: AtomicU64::new(0),
            phase: Mutex::new(Phase {
                word: "checked",
                end: "checked",
                total: length,
            }),
        };
        if length < LARGE || !io::stderr().is_terminal() {
            return work(&progress);
        }
        let (done, end) = sync_channel::<()>(0);
        thread::scope(|scope| {
            let progress = &progress;
            scope.spawn(move || {
                let mut pause = PATIENCE;
                while let Err(RecvTimeoutError::Timeout) = end.recv_timeout(pause) {
                    transient(&progress.line());
                    pause = INTERVAL;
                }
                if pause == INTERVAL {
                    transient("");
                }
            });
            let result = work(progress);
            drop(done);
            result
        })
    }

    /// Begins the phase in which the text is sent to this many gateways.
    pub(crate) fn sending(&self, gateways: usize) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        self.read.store(0, Ordering::Relaxed);
        let length = self.text.length().unwrap_or_default();
        *phase = Phase {
            word: "sent",
            end: "sent, waiting for the answer",
            total: length.saturating_mul(gateways as u64),
        };
    }

    fn line(&self) -> String {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.read.load(Ordering::Relaxed);
        // Of what is sent once more there is more than all.
        if read >= phase.total {
            return format!("pushjob: {}", phase.end);
        }
        let percent = u128::from(read) * 100 / u128::from(phase.total);
        format!("pushjob: {} {percent} %", phase.word)
    }
}

impl Text for ProgressLine<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let amount = self.text.read_at(buffer, offset)?;
        self.read.fetch_add(amount as u64, Ordering::Relaxed);
        Ok(amount)
    }

    fn length(&self) -> io::Result<u64> {
        self.text.length()
    }
}
