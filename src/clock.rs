//! Start and end of a run, by the wall clock and the monotonic clock.

use std::time::{Duration, Instant, SystemTime};

/// Start of a run by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunClock {
    pub(crate) wall_clock: SystemTime,
    pub(crate) monotonic: Instant,
}

impl RunClock {
    pub(crate) fn start() -> Self {
        Self {
            wall_clock: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.monotonic.elapsed()
    }

    /// End of a run that ends now, by the wall clock, and how long it took by the monotonic clock.
    ///
    /// A wall clock that was set back meanwhile would have it end before its start, or too early: then
    /// the end is the start and the time that has passed. Of a clock that runs evenly that is never
    /// later, as the wall clock is read first at the start and last at the end.
    pub(crate) fn end(&self) -> (SystemTime, Duration) {
        let duration = self.elapsed();
        let least = self.wall_clock.checked_add(duration);
        let now = SystemTime::now();
        (least.map_or(now, |least| least.max(now)), duration)
    }
}
