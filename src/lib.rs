//! Metrics of batch jobs, left where Prometheus sees them.
pub mod exposition;
pub mod grouping;
pub mod metrics;
pub mod push;
