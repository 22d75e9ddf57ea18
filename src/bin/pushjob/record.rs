//! What a run delivers: its start, signs of life and its end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use pushjob::exposition::{MetricFamilies, MetricFamily};
use pushjob::grouping::GroupingKey;
use pushjob::metrics::{MetricsError, Registry};
use pushjob::metrics_file::MetricsFile;
use pushjob::push::{Change, GatewayKind, side_by_side};
use pushjob::report::Report;
use pushjob::sink::{Sink, Textfile};
use pushjob::spool::Spool;
use pushjob::supervise::{Outcome, trim_memory};

use crate::announce::{Announced, News, Told};
use crate::args::Method;
use crate::console::{Console, chain, done};
use crate::destinations::{Destinations, conclude_embedded};
use crate::job_metrics::{JobMetrics, rules};
use crate::recipient::{Conclusion, Delivery, End, Recipient};
use crate::settings::{Gateway, Gateways, Settings, Trouble};
use crate::spool::RunSpool;
use crate::textfile::TextfileRecipient;

/// What is to be delivered, and how.
pub(crate) struct Aim {
    pub(crate) report: Report,
    pub(crate) methods: Methods,
    /// The folder in which is kept what could not be delivered.
    pub(crate) spool: Option<PathBuf>,
    /// The file to write beside gateways, or in their place.
    pub(crate) textfile: Option<Textfile>,
    pub(crate) dry_run: bool,
}

impl Aim {
    /// What a gateway cannot do of what the end of a run is to do to the group. A mistake when the command line names that
    /// gateway, trouble when the environment does.
    pub(crate) fn unsupported(&self, settings: &Settings) -> Result<Option<Trouble>, String> {
        let Gateways::Given(gateways) = &settings.gateways else {
            return Ok(None);
        };
        let methods = [self.methods.on_success, self.methods.on_failure];
        let (method, consequence) = if methods.contains(&Method::Delete) {
            (
                "delete",
                "nothing is deleted there, nor recorded in its place",
            )
        } else if methods.contains(&Method::Push) {
            ("replace", "the metrics are added there")
        } else {
            return Ok(None);
        };
        let unable = |gateway: &&Gateway| gateway.kind == GatewayKind::VictoriaMetrics;
        let Some(gateway) = gateways.iter().find(unable) else {
            return Ok(None);
        };
        let Gateway { kind, .. } = gateway;
        let source = gateway.kind_source;
        let message = format!("{source}: {kind} has no groups to {method}: use pushadd");
        if source.is_flag() && !self.dry_run {
            return Err(message);
        }
        Ok(Some(Trouble {
            message,
            consequence: consequence.to_owned(),
        }))
    }
}

/// What the end of a run does to the group.
pub(crate) struct Methods {
    pub(crate) on_success: Method,
    pub(crate) on_failure: Method,
}

impl Methods {
    fn of(&self, outcome: &Outcome) -> Method {
        if outcome.is_success() {
            self.on_success
        } else {
            self.on_failure
        }
    }
}

/// Delivers the start, signs of life and the end of a run.
pub(crate) struct Recorder {
    key: GroupingKey,
    push_timeout: Duration,
    destinations: Destinations,
    aim: Aim,
    /// What the job leaves in its file, where it has one.
    job: Option<Arc<JobMetrics>>,
    console: Console,
    /// Whether the start has been announced.
    started: bool,
    /// Whether there have been signs of life.
    beating: bool,
    pending: Pending,
}

/// The places to which the end is still under way.
#[derive(Clone, Default)]
pub(crate) struct Pending(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    places: Vec<String>,
    /// Whether there have been any.
    have_begun: bool,
}

impl Pending {
    pub(crate) fn begin(&self, place: &str) {
        let mut pending = self.lock();
        pending.places.push(place.to_owned());
        pending.have_begun = true;
    }

    pub(crate) fn end(&self, place: &str) {
        self.lock().places.retain(|other| other != place);
    }

    /// For a message: ` to` and their URLs, or nothing.
    pub(crate) fn places(&self) -> String {
        let pending = self.lock();
        if pending.places.is_empty() {
            return String::new();
        }
        format!(" to {}", pending.places.join(", "))
    }

    /// Whether the end has come to all of them, or failed to, and what goes on is others'.
    pub(crate) fn is_over(&self) -> bool {
        let pending = self.lock();
        pending.have_begun && pending.places.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder {
    /// None when a mistake in the environment leaves open where to deliver.
    pub(crate) fn new(
        settings: Settings,
        aim: Aim,
        file: Option<Arc<MetricsFile>>,
        console: Console,
    ) -> Option<Self> {
        let destinations = Destinations::new(settings.gateways, &aim)?;
        let key = settings.key?;
        let job = file.map(|file| {
            let rules = rules(&aim.report, &key, settings.names);
            Arc::new(JobMetrics::new(file, rules))
        });
        Some(Self {
            key,
            push_timeout: settings.push_timeout,
            destinations,
            aim,
            job,
            console,
            started: false,
            beating: false,
            pending: Pending::default(),
        })
    }

    /// Where the end is still under way.
    pub(crate) fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// Says that the job has started, without waiting for an answer.
    pub(crate) fn announce(&mut self, started: SystemTime) -> Result<(), String> {
        self.started = true;
        self.tell(self.aim.report.start(started), None)
            .map_err(|reason| format!("cannot announce the start: {reason}"))
    }

    /// Says that the job runs, and once more when it was started, in case that was not heard.
    pub(crate) fn beat(&mut self, started: SystemTime) -> Result<(), String> {
        self.beating = true;
        let mut families = self.aim.report.heartbeat(SystemTime::now());
        if self.started {
            families.extend(self.aim.report.start(started));
        }
        self.tell(families, self.job.clone())
            .map_err(|reason| format!("cannot push a heartbeat: {reason}"))
    }

    fn tell(
        &mut self,
        families: Vec<MetricFamily>,
        job: Option<Arc<JobMetrics>>,
    ) -> Result<(), String> {
        let families = gather(families).map_err(|error| chain(&error))?;
        let Destinations {
            gateways,
            textfile,
            embedded,
        } = &mut self.destinations;
        if let Some((gateway, _)) = embedded {
            // What the job has left can be seen there only at the end.
            let change = Change::PushAdd(&families);
            let delivered = gateway.deliver(&self.key, change, self.push_timeout);
            delivered.map_err(|error| chain(&error))?;
            trim_memory();
        }
        let news = News { families, job };
        let told = gateways
            .iter_mut()
            .map(|recipient| recipient.tell(&self.key, news.clone(), self.aim.spool.as_ref()));
        // One that cannot be told keeps none of the others from it.
        let mut told: Vec<_> = told.collect();
        if let Some(textfile) = textfile {
            told.push(textfile.tell(&self.key, news, self.push_timeout));
        }
        told.into_iter().collect()
    }

    /// The spool, if one is asked for and can be had.
    fn spool(&self) -> Option<RunSpool> {
        match Spool::open(self.aim.spool.as_ref()?) {
            Ok(spool) => Some(RunSpool {
                spool,
                lasting: self.aim.report.lasting(),
            }),
            Err(error) => {
                let error = chain(&error);
                self.console
                    .warning(format_args!("{error}; what cannot be delivered is lost"));
                None
            }
        }
    }

    /// Delivers the end, within the time of one delivery, and says whether that succeeded everywhere.
    pub(crate) fn record(self, outcome: &Outcome) -> bool {
        let method = self.aim.methods.of(outcome);
        let families = match gather(self.aim.report.end(outcome)) {
            Ok(families) => families,
            Err(error) => {
                self.console
                    .error(format_args!("cannot push: {}", chain(&error)));
                return false;
            }
        };
        let spool = match self.destinations.gateways[..] {
            [] => None,
            _ => self.spool(),
        };
        let end = End {
            method,
            key: &self.key,
            families: &families,
            job: self.job.as_ref(),
            beating: self.beating,
            push_timeout: self.push_timeout,
            completed: outcome.completed,
            spool: spool.as_ref(),
        };
        let told = || {
            let job = self.job.as_ref();
            job.is_none_or(|job| {
                // Also where it could not be pushed.
                let _ = end.job_families(method);
                job.say_what_is_left_out(self.console)
            })
        };
        let Destinations {
            gateways,
            textfile,
            embedded,
        } = self.destinations;
        // What is known of one place is said at once: another may take its time, or be given up.
        let conclude = |place: Place| {
            let conclusion = match place {
                Place::Gateway(gateway) => gateway.conclude(&end, &self.pending),
                Place::Textfile(textfile) => textfile.conclude(&end, &self.pending),
            };
            say(conclusion, &end, self.console)
        };
        let gateways = gateways.into_iter().map(Box::new).map(Place::Gateway);
        let places = gateways.chain(textfile.map(Place::Textfile));
        let mut delivered = side_by_side(places, conclude);
        if let Some((gateway, _)) = &embedded {
            let conclusion = conclude_embedded(gateway, &end);
            delivered.push(say(conclusion, &end, self.console));
        }
        let whole = told();
        if let Some((gateway, why)) = embedded {
            self.console.page(why, &gateway.page());
        }
        whole && delivered.into_iter().all(|delivered| delivered)
    }
}

/// Where an end goes.
enum Place {
    Gateway(Box<Recipient>),
    Textfile(TextfileRecipient),
}

/// Says how it went there, and whether all was delivered.
fn say(conclusion: Conclusion, end: &End<'_>, console: Console) -> bool {
    let (verb, what) = end.words();
    let Conclusion {
        url,
        delivery: Delivery {
            result,
            job,
            notices,
        },
        announced,
    } = conclusion;
    for notice in notices {
        notice.say(console);
    }
    match &result {
        Ok(delivered) => {
            if let Some(delivered) = delivered {
                console.note(done(what, &url, *delivered));
            }
            let announced = announced.as_ref();
            if let Some(trouble) = announced.and_then(|told| trouble(told, &url, end)) {
                console.warning(trouble);
            }
        }
        // One message is enough when what came before did not arrive either.
        Err(reason) => console.error(format_args!("cannot {verb}: {reason}")),
    }
    match &job {
        Ok(Some(delivered)) => {
            let what = "delivered the metrics of the job to";
            console.note(done(what, &url, *delivered));
        }
        Ok(None) => {}
        Err(reason) => {
            console.error(format_args!("cannot push the metrics of the job: {reason}"));
        }
    }
    result.is_ok() && job.is_ok()
}

/// What is wrong with what was pushed while the job ran. A last heartbeat that had no answer yet is nothing: it would have
/// said that the job runs.
fn trouble(announced: &Announced, url: &str, end: &End<'_>) -> Option<String> {
    match announced {
        Announced::Told(Told {
            delivered,
            failed,
            last_error: Some(error),
            ..
        }) if end.beating => Some(format!(
            "{failed} of {} pushes while the job ran were not delivered, the last: {error}",
            delivered + failed,
        )),
        Announced::Told(Told {
            last_error: Some(error),
            ..
        }) => Some(format!("cannot announce the start: {error}")),
        Announced::CutOff if !end.beating => Some(format!(
            "cannot announce the start: {url}: it had no answer when the job ended"
        )),
        Announced::CutOff if end.may_be_outrun() => Some(format!(
            "{url}: the last heartbeat had no answer; should it arrive late, it brings older metrics of the job"
        )),
        Announced::Told(_) | Announced::CutOff => None,
    }
}

fn gather(families: Vec<MetricFamily>) -> Result<MetricFamilies, MetricsError> {
    let registry = Registry::new();
    for family in families {
        registry.register(family)?;
    }
    registry.gather()
}
