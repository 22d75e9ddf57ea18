//! The counter.

use std::sync::Arc;

use crate::exposition::{MetricType, MetricValue};

use super::error::MetricsError;
use super::instrument::Instrument;
use super::number::AtomicTotal;

/// A number that only grows, from 0. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicTotal>);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.0.increment();
    }

    /// Adds a number. After an infinite one the counter stays infinite.
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

    /// Returns the count.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

impl Instrument for Counter {
    type Options = ();
    const METRIC_TYPE: MetricType = MetricType::Counter;

    fn with_options((): &()) -> Self {
        Self::default()
    }

    fn value(&self) -> MetricValue {
        MetricValue::Counter(self.get())
    }
}
