//! Metrics of batch jobs, left where Prometheus sees them.
pub mod exposition;
pub mod grouping;
#[cfg(target_os = "linux")]
pub mod job;
pub mod metrics;
pub mod push;
#[cfg(target_os = "linux")]
pub mod report;
