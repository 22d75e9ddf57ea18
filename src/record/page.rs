//! The page that Prometheus can scrape while a run goes on.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::exposition::{Gather, MetricFamilies};
use crate::report::Report;
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::{ScrapeEndpoint, ScrapeError, Serving};

use super::metrics::RunMetrics;

/// The page of a run that goes on: its start, for how long it has been running, and its metrics.
pub struct RunPage {
    report: Report,
    metrics: Option<Arc<dyn RunMetrics>>,
    /// Start of the run by the wall clock.
    started: SystemTime,
    /// Start of the run by the monotonic clock.
    begin: Instant,
    #[cfg(all(feature = "scrape", unix))]
    idle: fn(),
}

impl RunPage {
    /// The page of a run that was started at this time, and now.
    #[must_use]
    pub fn new(
        report: Report,
        metrics: Option<Arc<dyn RunMetrics>>,
        started: SystemTime,
        begin: Instant,
    ) -> Self {
        Self {
            report,
            metrics,
            started,
            begin,
            #[cfg(all(feature = "scrape", unix))]
            idle: || (),
        }
    }

    /// Gives back memory when nobody has come for a while, for a program that does nothing but wait for a
    /// job. Defaults to keeping it.
    #[cfg(all(feature = "scrape", target_os = "linux"))]
    #[must_use]
    pub fn trim_memory(self) -> Self {
        let idle = crate::supervise::trim_memory;
        Self { idle, ..self }
    }

    /// Serves the page on this endpoint, until the result is dropped.
    ///
    /// # Errors
    ///
    /// As from [`ScrapeEndpoint::serve`].
    #[cfg(all(feature = "scrape", unix))]
    pub fn serve(self, endpoint: ScrapeEndpoint) -> Result<Serving, ScrapeError> {
        let idle = self.idle;
        endpoint.when_idle(idle).serve(self)
    }
}

impl Gather for RunPage {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut families = self.report.running(self.started, self.begin.elapsed());
        let metrics = self.metrics.as_ref().map(|metrics| metrics.so_far());
        for family in metrics.transpose()?.into_iter().flatten() {
            // What would get in the way of the report is skipped.
            let _ = families.insert(family);
        }
        Ok(Cow::Owned(families))
    }
}
