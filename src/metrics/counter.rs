use std::sync::Arc;

use crate::exposition::{MetricType, MetricValue};

use super::error::MetricsError;
use super::instrument::{Instrument, NoOptions};
use super::number::Total;

/// A number that only grows, from 0. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<Total>);

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

    /// What it has counted.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

impl Instrument for Counter {
    type Options = NoOptions;
    const METRIC_TYPE: MetricType = MetricType::Counter;

    fn with_options(_: &NoOptions) -> Self {
        Self::default()
    }

    fn value(&self) -> MetricValue {
        MetricValue::Counter(self.get())
    }
}
