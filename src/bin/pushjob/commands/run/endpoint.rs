//! The endpoint that Prometheus can scrape while the job runs.

use std::mem;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use pushjob::record::{FileMetrics, RunMetrics, RunPage};
use pushjob::report::Report;
use pushjob::sink::scrape::{ScrapeEndpoint, Serving};

use crate::settings::{ConfigWarning, EndpointSettings, NOT_SERVED, SettingSource, Settings};
use crate::terminal::{Console, chain};

/// An endpoint that is there from before the job is started until it has ended.
pub(super) enum Endpoint {
    /// Not asked for, not to be had, or over.
    Absent,
    /// Listens, until the job has been started.
    Bound(ScrapeEndpoint, SettingSource),
    Serving(Serving),
    /// Could not serve when the job had been started.
    Failed,
}

impl Endpoint {
    /// Listens, where that is asked for. An address that cannot be had is a warning.
    pub(super) fn bind(given: &EndpointSettings, settings: &mut Settings) -> Self {
        let (EndpointSettings::Given(address, source), Some(key)) = (given, &settings.key) else {
            return Self::Absent;
        };
        match ScrapeEndpoint::bind_to(*address) {
            Ok(endpoint) => Self::Bound(endpoint.labels(key.clone()), *source),
            Err(error) => {
                settings.warnings.push(ConfigWarning {
                    message: format!("{source}: {}", chain(&error)),
                    consequence: NOT_SERVED.to_owned(),
                });
                Self::Absent
            }
        }
    }

    /// Tells where it is, which nobody knows who has left the port to the system.
    pub(super) fn announce(&self, console: Console) {
        if let Self::Bound(endpoint, _) = self {
            let address = endpoint.local_addr();
            console.note(format_args!(
                "http://{address}/metrics can be scraped while the job runs"
            ));
        }
    }

    /// Serves, now that the job has been started: by the wall clock at this time, by the monotonic clock at
    /// this one. Returns a warning.
    pub(super) fn serve(
        &mut self,
        report: &Report,
        metrics: Option<&Arc<FileMetrics>>,
        (started, begin): (SystemTime, Instant),
    ) -> Option<String> {
        let Self::Bound(endpoint, source) = mem::replace(self, Self::Absent) else {
            return None;
        };
        let metrics = metrics.map(Arc::clone);
        let metrics = metrics.map(|metrics| metrics as Arc<dyn RunMetrics>);
        let page = RunPage::new(report.clone(), metrics, started, begin);
        match page.trim_memory().serve(endpoint) {
            Ok(serving) => {
                *self = Self::Serving(serving);
                None
            }
            Err(error) => {
                *self = Self::Failed;
                Some(format!("{source}: {}; {NOT_SERVED}", chain(&error)))
            }
        }
    }

    /// Closes, now that the job has ended. Returns whether it was there if it was asked for. A page that is
    /// being made just then is not waited for.
    pub(super) fn close(self) -> bool {
        match self {
            Self::Failed => false,
            Self::Serving(serving) => {
                serving.leave();
                true
            }
            Self::Absent | Self::Bound(..) => true,
        }
    }
}
