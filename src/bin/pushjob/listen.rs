//! What Prometheus can scrape while the job runs.

use std::borrow::Cow;
use std::error::Error;
use std::mem;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use pushjob::exposition::{Gather, MetricFamilies};
use pushjob::metrics_file::MetricsFile;
use pushjob::report::Report;
use pushjob::sink::scrape::{ScrapeEndpoint, Serving};
use pushjob::supervise::trim_memory;

use crate::console::{Console, chain};
use crate::job_metrics::{JobMetrics, rules};
use crate::record::Aim;
use crate::settings::{Gateways, Listen, NOT_SERVED, Settings, Source, Trouble};

/// An endpoint that is there from before the job is started until it has ended.
pub(crate) struct Listener {
    state: State,
    /// What the job leaves in its file.
    job: Option<Arc<JobMetrics>>,
    /// Whether nobody else hears of the run.
    is_alone: bool,
}

enum State {
    /// Not asked for, not to be had, or over.
    Absent,
    /// For the job to start.
    Waiting(ScrapeEndpoint, Report, Source),
    /// Serves for as long as it is here.
    Serving(Serving),
    /// Could not serve when the job had been started.
    Failed,
}

impl Listener {
    /// Listens, where that is asked for. What keeps it from that is kept with the troubles.
    pub(crate) fn bind(
        listen: Listen,
        aim: &Aim,
        file: Option<Arc<MetricsFile>>,
        settings: &mut Settings,
    ) -> Self {
        let nobody_else = matches!(settings.gateways, Gateways::NotGiven) && aim.textfile.is_none();
        let mut listener = Self {
            state: State::Absent,
            job: None,
            is_alone: nobody_else && !matches!(listen, Listen::NotGiven),
        };
        let (Listen::Given(address, source), Some(key)) = (listen, &settings.key) else {
            return listener;
        };
        match ScrapeEndpoint::bind_to(address) {
            Ok(endpoint) => {
                let rules = rules(&aim.report, key, settings.names);
                listener.job = file.map(|file| Arc::new(JobMetrics::new(file, rules)));
                let report = aim.report.clone();
                // A job that runs for hours does so without what a scrape has taken.
                let endpoint = endpoint.labels(key.clone()).when_idle(trim_memory);
                listener.state = State::Waiting(endpoint, report, source);
            }
            Err(error) => settings.troubles.push(Trouble {
                message: format!("{source}: {}", chain(&error)),
                consequence: NOT_SERVED.to_owned(),
            }),
        }
        listener
    }

    /// Whether nobody else hears of the run.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Says where it is to be found, which nobody knows who has left the port to the system.
    pub(crate) fn say_where(&self, console: Console) {
        if let State::Waiting(endpoint, ..) = &self.state {
            let address = endpoint.local_addr();
            console.note(format_args!(
                "http://{address}/metrics can be scraped while the job runs"
            ));
        }
    }

    /// Serves, now that the job has been started: at this time, and to measure from at this moment.
    pub(crate) fn serve(&mut self, started: SystemTime, begin: Instant) -> Result<(), String> {
        let State::Waiting(endpoint, report, source) = mem::replace(&mut self.state, State::Absent)
        else {
            return Ok(());
        };
        let page = RunPage {
            report,
            job: self.job.clone(),
            started,
            begin,
        };
        match endpoint.serve(page) {
            Ok(serving) => {
                self.state = State::Serving(serving);
                Ok(())
            }
            Err(error) => {
                self.state = State::Failed;
                Err(format!("{source}: {}; {NOT_SERVED}", chain(&error)))
            }
        }
    }

    /// Is gone, now that the job has ended, and says whether it was there if it was asked for. A page that is being made just then is
    /// not waited for.
    pub(crate) fn close(&mut self) -> bool {
        match mem::replace(&mut self.state, State::Absent) {
            State::Failed => false,
            State::Serving(serving) => {
                serving.leave();
                true
            }
            State::Absent | State::Waiting(..) => true,
        }
    }

    /// What the job has left, for who hears of nothing else.
    pub(crate) fn left(&self) -> Option<Arc<JobMetrics>> {
        self.job.clone().filter(|_| self.is_alone)
    }
}

/// The page of a run that goes on.
struct RunPage {
    report: Report,
    job: Option<Arc<JobMetrics>>,
    /// When the job was started.
    started: SystemTime,
    /// The same, to measure from.
    begin: Instant,
}

impl Gather for RunPage {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut families = MetricFamilies::new();
        for family in self.report.running(self.started, self.begin.elapsed()) {
            families.insert(family)?;
        }
        let job = self.job.as_ref().and_then(|job| job.so_far());
        for family in job.into_iter().flatten() {
            // What would get in the way of ours is left out.
            let _ = families.insert(family);
        }
        Ok(Cow::Owned(families))
    }
}
