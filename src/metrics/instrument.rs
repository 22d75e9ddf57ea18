use crate::exposition::{MetricType, MetricValue};

/// What a vector can have for children. Sealed: the registry relies on the type and the value agreeing.
pub trait Instrument: Clone + Send + Sync + 'static {
    /// What all of one family have in common.
    type Options: Send + Sync;

    /// The type of its family.
    const METRIC_TYPE: MetricType;

    /// One that has not counted anything.
    fn with_options(options: &Self::Options) -> Self;

    /// Its present value.
    fn value(&self) -> MetricValue;
}

/// For instruments that have none.
#[derive(Debug)]
pub struct NoOptions;
