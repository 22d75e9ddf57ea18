use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::exposition::{MetricType, MetricValue};

use super::error::MetricsError;

/// A number that many threads can change.
#[derive(Clone, Debug, Default)]
struct Number(Arc<AtomicU64>);

impl Number {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, number: f64) {
        self.0.store(number.to_bits(), Ordering::Relaxed);
    }

    fn add(&self, by: f64) {
        // The closure always returns a value, so there is no failure to look at.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                Some((f64::from_bits(bits) + by).to_bits())
            });
    }
}

/// A number that only grows, from 0. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counter(Number);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.0.add(1.0);
    }

    /// Adds a number.
    ///
    /// # Errors
    ///
    /// [`MetricsError::NegativeIncrease`] when it is negative or NaN; the counter stays as it is.
    pub fn inc_by(&self, by: f64) -> Result<(), MetricsError> {
        if by >= 0.0 {
            self.0.add(by);
            Ok(())
        } else {
            Err(MetricsError::NegativeIncrease { by })
        }
    }

    /// What it has counted.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// A number that goes up and down, from 0. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Number);

impl Gauge {
    /// Sets it.
    pub fn set(&self, number: f64) {
        self.0.set(number);
    }

    /// Adds a number, which may be negative.
    pub fn add(&self, by: f64) {
        self.0.add(by);
    }

    /// What it is.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// What a vector can have for children. Sealed: the registry relies on the type and the value agreeing.
pub trait Instrument: Clone + Default + Send + Sync + 'static {
    /// The type of its family.
    const METRIC_TYPE: MetricType;

    /// Its present value.
    fn value(&self) -> MetricValue;
}

impl Instrument for Counter {
    const METRIC_TYPE: MetricType = MetricType::Counter;

    fn value(&self) -> MetricValue {
        MetricValue::Counter(self.get())
    }
}

impl Instrument for Gauge {
    const METRIC_TYPE: MetricType = MetricType::Gauge;

    fn value(&self) -> MetricValue {
        MetricValue::Gauge(self.get())
    }
}
