//! Settings of a job in this process, and its run.

use std::fmt;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::time::Duration;

use crate::exposition::NameError;
use crate::grouping::{GroupingError, GroupingKey};
use crate::metrics::Registry;
use crate::push::{ConfigError, Pushgateway};
use crate::record::{
    Destination, EndMethod, EndMethods, GatewayDestination, PUSH_TIMEOUT, Recorder, SinkDestination,
};
#[cfg(target_os = "linux")]
use crate::record::{RunSpool, TextfileDestination};
use crate::report::{DEFAULT_PREFIX, Report};
use crate::sink::Sink;
#[cfg(target_os = "linux")]
use crate::sink::Textfile;
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::ListenAddress;

use super::trouble::Trouble;

/// Time after which the start is announced, unless another is chosen.
const START_AFTER: Duration = Duration::from_secs(1);

/// A job in this process, whose runs are recorded. The name is the value of the grouping label `job`.
///
/// See [the module](crate::batch) for what is recorded.
pub fn job(name: impl Into<String>) -> BatchJob {
    BatchJob::new(name)
}

/// A job in this process: its destinations, and how its runs are recorded.
///
/// A setting that is wrong does not keep the job from running. It is reported when the job runs, unless
/// [`check`](Self::check) is asked before.
///
/// ```no_run
/// use std::time::Duration;
///
/// use pushjob::push::{Pushgateway, Secret};
///
/// let gateway = Pushgateway::builder("https://gateway.example.org")
///     .bearer_token(Secret::File("token".into()));
/// pushjob::job("etl")
///     .label("zone", "eu")
///     .gateway(gateway)
///     .max_age(Duration::from_secs(26 * 3600))
///     .on_trouble(|trouble| eprintln!("etl: {}", pushjob::chain(trouble)))
///     .check()?
///     .run(|job| println!("started at {:?}", job.started()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it does nothing until it runs"]
pub struct BatchJob {
    pub(super) name: String,
    pub(super) key: Result<GroupingKey, GroupingError>,
    pub(super) report: Result<Report, NameError>,
    pub(super) registry: Registry,
    targets: Vec<JobTarget>,
    #[cfg(target_os = "linux")]
    spool: Option<RunSpool>,
    methods: EndMethods,
    #[cfg(all(feature = "scrape", unix))]
    pub(super) listen: Option<ListenAddress>,
    push_timeout: Duration,
    /// None when it is not announced.
    pub(super) start_after: Option<Duration>,
    pub(super) heartbeat: Option<Duration>,
    /// What is wrong with destinations.
    pub(super) troubles: Vec<Trouble>,
    pub(super) tell: WarningHandler,
}

/// A destination as it was given.
enum JobTarget {
    /// It shares the spool, which may be given later.
    Gateway(Box<Pushgateway>),
    Other(Box<dyn Destination>),
}

/// Called with each trouble.
pub(super) type WarningHandler = Box<dyn FnMut(&Trouble) + Send>;

impl BatchJob {
    /// A job without destinations.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            key: GroupingKey::new(name.clone()),
            name,
            report: Report::new(DEFAULT_PREFIX),
            registry: Registry::new(),
            targets: Vec::new(),
            #[cfg(target_os = "linux")]
            spool: None,
            methods: EndMethods::default(),
            #[cfg(all(feature = "scrape", unix))]
            listen: None,
            push_timeout: PUSH_TIMEOUT,
            start_after: Some(START_AFTER),
            heartbeat: None,
            troubles: Vec::new(),
            tell: Box::new(Trouble::log),
        }
    }

    /// A Pushgateway to deliver to: a URL (see [`Pushgateway::new`]), a
    /// [builder](crate::push::PushgatewayBuilder) with credentials, TLS or a proxy, or a client. There may
    /// be several. Defaults to none.
    pub fn gateway<G>(mut self, gateway: G) -> Self
    where
        G: TryInto<Pushgateway>,
        ConfigError: From<G::Error>,
    {
        match gateway.try_into() {
            Ok(gateway) => self.targets.push(JobTarget::Gateway(Box::new(gateway))),
            Err(error) => self.troubles.push(ConfigError::from(error).into()),
        }
        self
    }

    /// A file for node exporter to write to, or a directory for one, see [`Textfile`].
    #[cfg(target_os = "linux")]
    pub fn textfile(mut self, path: impl Into<PathBuf>) -> Self {
        match Textfile::new(path) {
            Ok(textfile) => self = self.destination(TextfileDestination::new(textfile)),
            Err(error) => self.troubles.push(error.into()),
        }
        self
    }

    /// Serves `/metrics` on an address while a run goes on: its start, for how long it has been running,
    /// and what is in its registry, with the labels of the group. A collector that fails, and a metric
    /// that cannot have these labels, gets response 500. See [`ListenAddress`] for the address. There is
    /// one; the last that is given.
    #[cfg(all(feature = "scrape", unix))]
    pub fn listen(mut self, address: impl AsRef<str>) -> Self {
        match address.as_ref().parse() {
            Ok(address) => self.listen = Some(address),
            Err(error) => self.troubles.push(Trouble::Scrape(error)),
        }
        self
    }

    /// A sink of the program's own to deliver to. There may be several.
    pub fn sink(self, sink: impl Sink + 'static) -> Self {
        self.destination(SinkDestination::new(sink))
    }

    /// A destination of the program's own, which tells a start from an end. There may be several.
    pub fn destination(mut self, destination: impl Destination + 'static) -> Self {
        self.targets.push(JobTarget::Other(Box::new(destination)));
        self
    }

    /// A directory in which results are kept that a gateway did not take, until a later run or
    /// `pushjob flush` has delivered them; see [`spool`](crate::spool). It is made if it is missing.
    /// Defaults to none.
    #[cfg(target_os = "linux")]
    pub fn spool(mut self, directory: impl Into<PathBuf>) -> Self {
        self.spool = Some(RunSpool::new(directory));
        self
    }

    /// A further grouping label. `instance` is one; a job that may run on any machine has none.
    pub fn label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let key = self.key.and_then(|key| key.with_label(name, value));
        Self { key, ..self }
    }

    /// Beginning of the metric names of the report. Defaults to [`DEFAULT_PREFIX`].
    pub fn metric_prefix(self, prefix: &str) -> Self {
        let report = self.report.and_then(|report| report.with_prefix(prefix));
        Self { report, ..self }
    }

    /// What the end of a run does to the group. Defaults to [`EndMethod::PushAdd`]. [`EndMethod::Push`]
    /// falls back to it after a failure, so that the last success is kept.
    pub fn method(self, method: EndMethod) -> Self {
        Self {
            methods: method.into(),
            ..self
        }
    }

    /// What a success does to the group, taken literally. Defaults to [`method`](Self::method), which has
    /// to be called before.
    pub fn on_success(mut self, method: EndMethod) -> Self {
        self.methods.on_success = method;
        self
    }

    /// What a failure does to the group, taken literally. Defaults to [`method`](Self::method), which has
    /// to be called before.
    pub fn on_failure(mut self, method: EndMethod) -> Self {
        self.methods.on_failure = method;
        self
    }

    /// Maximum age of the last success, pushed as a gauge for alert rules. Defaults to none.
    pub fn max_age(self, max_age: Duration) -> Self {
        let report = self.report.map(|report| report.max_age(Some(max_age)));
        Self { report, ..self }
    }

    /// Maximum duration of a run, pushed as a gauge for alert rules. Defaults to none; the run is not
    /// stopped.
    pub fn max_duration(self, max_duration: Duration) -> Self {
        let report = self
            .report
            .map(|report| report.max_duration(Some(max_duration)));
        Self { report, ..self }
    }

    /// The metrics that are delivered at the end of a run beside the report. Defaults to a registry that
    /// is empty when the run begins.
    pub fn registry(self, registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            ..self
        }
    }

    /// Time for all that is delivered at the end, to all destinations in parallel. Defaults to 10 s.
    pub fn push_timeout(self, push_timeout: Duration) -> Self {
        Self {
            push_timeout,
            ..self
        }
    }

    /// Announces the start when a run has taken this long: at once with zero, never with `None`. Defaults
    /// to 1 s, so that a short run costs one delivery and not two. Where an end does nothing, no start is
    /// announced.
    pub fn start_after(self, running: Option<Duration>) -> Self {
        Self {
            start_after: running,
            ..self
        }
    }

    /// Delivers a heartbeat this often while a run goes on, with the metrics in its registry. Zero is
    /// never. Defaults to never.
    pub fn heartbeat(self, interval: Duration) -> Self {
        Self {
            heartbeat: Some(interval).filter(|interval| !interval.is_zero()),
            ..self
        }
    }

    /// Called with each reason why the run is not recorded, on the thread that runs it, when the run has
    /// ended. A panic there changes nothing for the run. Defaults to a warning through the [`log`] crate.
    pub fn on_trouble(self, tell: impl FnMut(&Trouble) + Send + 'static) -> Self {
        Self {
            tell: Box::new(tell),
            ..self
        }
    }

    /// The job itself, if its runs can be recorded, for a program that would rather not run than run
    /// unseen. No gateway is asked.
    ///
    /// # Errors
    ///
    /// The first [`Trouble`] with the settings.
    pub fn check(mut self) -> Result<Self, Trouble> {
        if !self.troubles.is_empty() {
            return Err(self.troubles.swap_remove(0));
        }
        if let Err(error) = &self.key {
            return Err(Trouble::Grouping(error.clone()));
        }
        if let Err(error) = &self.report {
            return Err(Trouble::Prefix(error.clone()));
        }
        if self.has_no_destination() {
            return Err(Trouble::NoSink { job: self.name });
        }
        Ok(self)
    }

    /// Whether its runs are reported nowhere.
    pub(super) fn has_no_destination(&self) -> bool {
        #[cfg(all(feature = "scrape", unix))]
        let is_scraped = self.listen.is_some();
        #[cfg(not(all(feature = "scrape", unix)))]
        let is_scraped = false;
        self.targets.is_empty() && !is_scraped
    }

    /// The recorder of a run of this job in this group.
    pub(super) fn recorder(&mut self, key: GroupingKey, report: Report) -> Recorder {
        let recorder = Recorder::new(key, report)
            .methods(self.methods)
            .push_timeout(self.push_timeout);
        if !self.methods.follow_up_a_start() {
            self.start_after = None;
        }
        let targets = std::mem::take(&mut self.targets).into_iter();
        targets.fold(recorder, |recorder, target| match target {
            JobTarget::Gateway(gateway) => {
                let destination = GatewayDestination::new(*gateway);
                #[cfg(target_os = "linux")]
                let destination = match &self.spool {
                    Some(spool) => destination.spool(spool.clone()),
                    None => destination,
                };
                recorder.destination(destination)
            }
            JobTarget::Other(destination) => recorder.boxed_destination(destination),
        })
    }
}

impl fmt::Debug for BatchJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJob")
            .field("key", &self.key)
            .field("report", &self.report)
            .field("destinations", &self.targets.len())
            .finish_non_exhaustive()
    }
}
