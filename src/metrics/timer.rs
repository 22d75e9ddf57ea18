//! Timers, which tell an instrument how long something took.

use std::time::{Duration, Instant};

/// An instrument that takes durations. Sealed.
pub trait Observer {
    /// Records a duration.
    fn elapsed(&self, duration: Duration);
}

/// Records in its instrument how long it has lived when it is dropped, by the monotonic clock.
///
/// ```
/// use pushjob::metrics::{Buckets, Registry};
///
/// let registry = Registry::new();
/// let requests = registry.histogram("request_duration_seconds", "", Buckets::default())?;
/// {
///     let _timer = requests.start_timer();
///     // The request.
/// }
/// let timer = requests.start_timer();
/// timer.discard();
/// assert_eq!(requests.count(), 1);
/// # Ok::<(), pushjob::metrics::MetricsError>(())
/// ```
#[derive(Debug)]
#[must_use = "it measures for as long as it lives"]
pub struct Timer<O: Observer> {
    /// None when there is nothing more to record.
    observer: Option<O>,
    begin: Instant,
}

impl<O: Observer> Timer<O> {
    pub(super) fn new(observer: O) -> Self {
        Self {
            observer: Some(observer),
            begin: Instant::now(),
        }
    }

    /// Records the time now, and returns it.
    pub fn stop(mut self) -> Duration {
        self.record()
    }

    /// Ends without recording anything.
    pub fn discard(mut self) {
        self.observer = None;
    }

    fn record(&mut self) -> Duration {
        let elapsed = self.begin.elapsed();
        if let Some(observer) = self.observer.take() {
            observer.elapsed(elapsed);
        }
        elapsed
    }
}

impl<O: Observer> Drop for Timer<O> {
    fn drop(&mut self) {
        self.record();
    }
}
