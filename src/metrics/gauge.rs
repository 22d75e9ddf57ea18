//! The gauge.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::exposition::{MetricType, MetricValue};

use super::instrument::Instrument;
use super::number::AtomicFloat;
use super::timer::{Observer, Timer};

/// A number that goes up and down, from 0. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicFloat>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, number: f64) {
        self.0.set(number);
    }

    /// Sets it to the current time of the wall clock, in Unix seconds with a fraction.
    pub fn set_to_current_time(&self) {
        self.set(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(error) => -error.duration().as_secs_f64(),
        });
    }

    /// Adds one.
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts one.
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Adds a number, which may be negative.
    pub fn add(&self, by: f64) {
        self.0.add(by);
    }

    /// Subtracts a number.
    pub fn sub(&self, by: f64) {
        self.add(-by);
    }

    /// Adds one until the returned value is dropped, also by a panic.
    ///
    /// ```
    /// let uploads = pushjob::metrics::Registry::new().gauge("uploads_in_progress", "")?;
    /// {
    ///     let _upload = uploads.track_in_progress();
    ///     assert_eq!(uploads.get(), 1.0);
    /// }
    /// assert_eq!(uploads.get(), 0.0);
    /// # Ok::<(), pushjob::metrics::MetricsError>(())
    /// ```
    pub fn track_in_progress(&self) -> InProgress {
        self.inc();
        InProgress(self.clone())
    }

    /// Sets it to how long `work` takes, in seconds, also when it panics.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let _timer = self.start_timer();
        work()
    }

    /// Sets it to how long the returned value lives, in seconds.
    pub fn start_timer(&self) -> Timer<Self> {
        Timer::new(self.clone())
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

impl Instrument for Gauge {
    type Options = ();
    const METRIC_TYPE: MetricType = MetricType::Gauge;

    fn with_options((): &()) -> Self {
        Self::default()
    }

    fn value(&self) -> MetricValue {
        MetricValue::Gauge(self.get())
    }
}

impl Observer for Gauge {
    fn elapsed(&self, duration: Duration) {
        self.set(duration.as_secs_f64());
    }
}

/// Work in progress, which a [`Gauge`] counts until this is dropped.
#[derive(Debug)]
#[must_use = "it counts for as long as it lives"]
pub struct InProgress(Gauge);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.dec();
    }
}
