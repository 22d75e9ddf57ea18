//! What the instruments have in common.

use crate::exposition::{MetricType, MetricValue};

/// An instrument that a vector can hold. Sealed: the registry relies on the type and the value agreeing.
pub trait Instrument: Clone + Send + Sync + 'static {
    /// Settings that all instruments of a family share.
    type Options: Send + Sync;

    /// The type of its family.
    const METRIC_TYPE: MetricType;

    /// Makes an instrument that has not counted anything.
    fn with_options(options: &Self::Options) -> Self;

    /// Returns its current value.
    fn value(&self) -> MetricValue;
}
