use std::time::{Duration, Instant};

/// What can be told how long something took. Sealed.
pub trait Observer {
    /// It took this long.
    fn elapsed(&self, duration: Duration);
}

/// Tells its instrument when it is dropped how long it has lived, by the monotonic clock.
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
    /// None when there is nothing more to tell.
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

    /// Tells it now, and returns what was told.
    pub fn stop(mut self) -> Duration {
        self.tell()
    }

    /// Ends without telling anything.
    pub fn discard(mut self) {
        self.observer = None;
    }

    fn tell(&mut self) -> Duration {
        let elapsed = self.begin.elapsed();
        if let Some(observer) = self.observer.take() {
            observer.elapsed(elapsed);
        }
        elapsed
    }
}

impl<O: Observer> Drop for Timer<O> {
    fn drop(&mut self) {
        self.tell();
    }
}
