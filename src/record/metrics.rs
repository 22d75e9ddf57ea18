//! The metrics that a run has of its own.

use std::time::Duration;

use crate::exposition::MetricFamilies;

use super::delivery_error::DeliveryError;

/// The metrics that a run has of its own, beside the report. They are delivered by themselves, so that
/// what is wrong with them cannot take the report along.
pub trait RunMetrics: Send + Sync {
    /// The metrics while the run goes on; none where there are too many to be shown then.
    ///
    /// # Errors
    ///
    /// The reason why they cannot be had.
    fn so_far(&self) -> Result<MetricFamilies, DeliveryError>;

    /// The metrics when the run has ended, if there are any within this time. They are read once for all
    /// destinations.
    fn at_end(&self, timeout: Duration) -> Option<&MetricFamilies>;

    /// The metrics when the run has ended, if they are at hand and few enough for a spool.
    fn to_keep(&self) -> Option<&MetricFamilies>;

    /// Whether there may be any.
    fn has_any(&self) -> bool;
}
