use std::borrow::Cow;
use std::error::Error;
use std::time::{Instant, SystemTime};

use crate::exposition::{Gather, MetricFamilies};
use crate::grouping::GroupingKey;
use crate::metrics::Registry;
use crate::report::Report;
use crate::sink::scrape::{ListenAddress, ScrapeEndpoint, ScrapeError, Serving};

/// What Prometheus can scrape while a run goes on.
pub(super) struct RunPage {
    pub(super) report: Report,
    pub(super) registry: Registry,
    /// When it was started.
    pub(super) started: SystemTime,
    /// The same, to measure from.
    pub(super) begin: Instant,
}

impl RunPage {
    /// Serves it with the labels of the group, until the result is dropped.
    pub(super) fn serve(
        self,
        address: ListenAddress,
        key: &GroupingKey,
    ) -> Result<Serving, ScrapeError> {
        let endpoint = ScrapeEndpoint::bind_to(address)?;
        endpoint.labels(key.clone()).serve(self)
    }
}

impl Gather for RunPage {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut families = MetricFamilies::new();
        for family in self.report.running(self.started, self.begin.elapsed()) {
            families.insert(family)?;
        }
        for family in self.registry.gather()? {
            // What would get in the way of ours is left out.
            let _ = families.insert(family);
        }
        Ok(Cow::Owned(families))
    }
}
