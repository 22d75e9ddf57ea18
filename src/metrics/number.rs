//! Numbers that many threads change at once, without locks.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that many threads can change without waiting for each other. A thread that reads it sees
/// what another has counted before it added to it.
#[derive(Debug, Default)]
pub(super) struct AtomicFloat(AtomicU64);

impl AtomicFloat {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, number: f64) {
        self.0.store(number.to_bits(), Ordering::Release);
    }

    pub(super) fn add(&self, by: f64) {
        let mut bits = self.0.load(Ordering::Relaxed);
        loop {
            let sum = (f64::from_bits(bits) + by).to_bits();
            let exchanged =
                self.0
                    .compare_exchange_weak(bits, sum, Ordering::Release, Ordering::Relaxed);
            match exchanged {
                Ok(_) => return,
                Err(now) => bits = now,
            }
        }
    }
}

/// Maximum that is added to the whole part of an [`AtomicTotal`] at once. It takes at least two weeks of
/// nothing else to make it overflow.
const SMALL: f64 = 65536.0;

/// A number that only grows. Whole numbers are added in one step, whatever other threads do; adding a
/// fraction is repeated when another thread was faster.
#[derive(Debug, Default)]
pub(super) struct AtomicTotal {
    whole: AtomicU64,
    rest: AtomicFloat,
}

impl AtomicTotal {
    pub(super) fn increment(&self) {
        self.whole.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a number that is not negative.
    pub(super) fn add(&self, by: f64) {
        if by <= SMALL && by.trunc().to_bits() == by.to_bits() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole, small and not negative"
            )]
            self.whole.fetch_add(by as u64, Ordering::Relaxed);
        } else {
            self.rest.add(by);
        }
    }

    pub(super) fn get(&self) -> f64 {
        float(self.whole.load(Ordering::Relaxed)) + self.rest.get()
    }
}

/// A count.
#[derive(Debug, Default)]
pub(super) struct AtomicCount(AtomicU64);

impl AtomicCount {
    pub(super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A count as the value of a sample.
#[expect(
    clippy::cast_precision_loss,
    reason = "a sample is a float; beyond 2^53 it is rounded"
)]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}
