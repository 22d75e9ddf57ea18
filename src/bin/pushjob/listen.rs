//! What Prometheus can scrape while the job runs.

use std::borrow::Cow;
use std::error::Error;
use std::mem;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use pushjob::exposition::{Gather, MetricFamilies};
use pushjob::job::release_text;
use pushjob::metrics_file::MetricsFile;
use pushjob::report::Report;
use pushjob::sink::scrape::{ScrapeEndpoint, Serving};

use crate::console::{Console, chain};
use crate::job_metrics::{JobMetrics, rules};
use crate::record::Aim;
use crate::settings::{Gateways, Listen, NOT_SERVED, Settings, Trouble};

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
    Waiting(ScrapeEndpoint, Report),
    /// Serves for as long as it is here.
    Serving(#[expect(dead_code, reason = "it is there to be dropped")] Serving),
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
                let endpoint = endpoint.labels(key.clone()).when_idle(release_text);
                listener.state = State::Waiting(endpoint, report);
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
        if let State::Waiting(endpoint, _) = &self.state {
            let address = endpoint.local_addr();
            console.note(format_args!(
                "http://{address}/metrics can be scraped while the job runs"
            ));
        }
    }

    /// Serves, now that the job has been started: at this time, and to measure from at this moment.
    pub(crate) fn serve(&mut self, started: SystemTime, begin: Instant) -> Result<(), String> {
        let State::Waiting(endpoint, report) = mem::replace(&mut self.state, State::Absent) else {
            return Ok(());
        };
        let page = RunPage {
            report,
            job: self.job.clone(),
            started,
            begin,
        };
        let serving = endpoint.serve(page);
        let serving = serving.map_err(|error| format!("{}; {NOT_SERVED}", chain(&error)))?;
        self.state = State::Serving(serving);
        Ok(())
    }

    /// Is gone, now that the job has ended.
    pub(crate) fn close(&mut self) {
        self.state = State::Absent;
    }

    /// Says what the job has left that could not be served, and whether that was nothing.
    pub(crate) fn say_what_is_left_out(&self, console: Console) -> bool {
        self.job.as_ref().is_none_or(|job| {
            let _ = job.all();
            job.say_what_is_left_out(console)
        })
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
