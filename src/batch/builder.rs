use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::exposition::NameError;
use crate::grouping::{GroupingError, GroupingKey};
use crate::metrics::Registry;
use crate::push::Pushgateway;
use crate::report::{Completion, DEFAULT_PREFIX, Report, Verdict};
use crate::sink::Sink;
#[cfg(target_os = "linux")]
use crate::sink::Textfile;
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::{ListenAddress, ScrapeError, Serving};

#[cfg(target_os = "linux")]
use super::notices::Notices;
#[cfg(all(feature = "scrape", unix))]
use super::page::RunPage;
use super::recorder::Recorder;
use super::run::{JobResult, Run};
use super::trouble::Trouble;

/// How long one delivery may take, unless another time is chosen.
const PUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// When the start is announced, unless another time is chosen.
const START_AFTER: Duration = Duration::from_secs(1);

/// A job in this process, whose runs are recorded. The name is the value of the grouping label `job`.
///
/// See [the module](crate::batch) for what is recorded.
pub fn job(name: impl Into<String>) -> BatchJob {
    BatchJob::new(name)
}

/// A job in this process: where its runs are recorded, and how.
///
/// What is wrong with a setting does not keep the job from running. It is told when it runs, unless
/// [`check`](Self::check) is asked before.
///
/// ```no_run
/// use std::time::Duration;
///
/// use pushjob::push::{Pushgateway, Secret};
///
/// let gateway = Pushgateway::builder("https://gateway.example.org")
///     .bearer_token(Secret::File("token".into()))
///     .build()?;
/// pushjob::job("etl")
///     .label("zone", "eu")
///     .sink(gateway)
///     .max_age(Duration::from_secs(26 * 3600))
///     .on_trouble(|trouble| eprintln!("etl: {}", pushjob::chain(trouble)))
///     .check()?
///     .run(|job| println!("started at {:?}", job.started()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it does nothing until it runs"]
pub struct BatchJob {
    name: String,
    key: Result<GroupingKey, GroupingError>,
    report: Result<Report, NameError>,
    registry: Registry,
    sinks: Vec<Box<dyn Sink>>,
    #[cfg(all(feature = "scrape", unix))]
    listen: Option<ListenAddress>,
    push_timeout: Duration,
    /// None when it is not announced.
    start_after: Option<Duration>,
    /// What is wrong with sinks.
    troubles: Vec<Trouble>,
    /// What else there is to tell of textfiles, when the run has ended.
    #[cfg(target_os = "linux")]
    notices: Notices,
    tell: Tell,
}

/// Who is told of trouble.
type Tell = Box<dyn FnMut(&Trouble) + Send>;

impl BatchJob {
    /// A job whose runs are recorded nowhere as yet.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            key: GroupingKey::new(name.clone()),
            name,
            report: Report::new(DEFAULT_PREFIX),
            registry: Registry::new(),
            sinks: Vec::new(),
            #[cfg(all(feature = "scrape", unix))]
            listen: None,
            push_timeout: PUSH_TIMEOUT,
            start_after: Some(START_AFTER),
            troubles: Vec::new(),
            #[cfg(target_os = "linux")]
            notices: Notices::default(),
            tell: Box::new(Trouble::log),
        }
    }

    /// A Pushgateway to deliver to, with default settings; see [`Pushgateway::new`] for the URL. There may be several. Defaults to none. One with
    /// credentials, TLS or a proxy is a [`sink`](Self::sink).
    pub fn gateway(mut self, url: impl AsRef<str>) -> Self {
        match Pushgateway::new(url.as_ref()) {
            Ok(gateway) => self.sinks.push(Box::new(gateway)),
            Err(error) => self.troubles.push(error.into()),
        }
        self
    }

    /// A file for node exporter to write to, or a directory for one, see [`Textfile`].
    #[cfg(target_os = "linux")]
    pub fn textfile(mut self, path: impl Into<PathBuf>) -> Self {
        match Textfile::new(path) {
            Ok(textfile) => self.sinks.push(Box::new(self.notices.of(textfile))),
            Err(error) => self.troubles.push(error.into()),
        }
        self
    }

    /// Serves `/metrics` on an address while a run goes on: when it was started, for how long it has been running, and what is in its
    /// registry, with the labels of the group. A collector that fails, and a metric that cannot have these labels, is an answer 500. See
    /// [`ListenAddress`] for the address. There is one; the last that is given.
    #[cfg(all(feature = "scrape", unix))]
    pub fn listen(mut self, address: impl AsRef<str>) -> Self {
        match address.as_ref().parse() {
            Ok(address) => self.listen = Some(address),
            Err(error) => self.troubles.push(Trouble::Scrape(error)),
        }
        self
    }

    /// Anything else to deliver to. There may be several.
    pub fn sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// A further grouping label. `instance` is one; a job that may run on any machine has none.
    pub fn label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let key = self.key.and_then(|key| key.with_label(name, value));
        Self { key, ..self }
    }

    /// How the names of the report begin. Defaults to [`DEFAULT_PREFIX`].
    pub fn metric_prefix(self, prefix: &str) -> Self {
        let report = self.report.and_then(|report| report.with_prefix(prefix));
        Self { report, ..self }
    }

    /// How old the last success may become, as a metric for alert rules. Defaults to none.
    pub fn max_age(self, max_age: Duration) -> Self {
        let report = self.report.map(|report| report.max_age(Some(max_age)));
        Self { report, ..self }
    }

    /// How long a run may take, as a metric for alert rules. Defaults to none; the run is not stopped.
    pub fn max_duration(self, max_duration: Duration) -> Self {
        let report = self
            .report
            .map(|report| report.max_duration(Some(max_duration)));
        Self { report, ..self }
    }

    /// What is delivered at the end of a run beside the report. Defaults to a registry that is empty when the run begins.
    pub fn registry(self, registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
            ..self
        }
    }

    /// How long all that is delivered at the end may take, to all sinks, which are delivered to side by side. Defaults to 10 s.
    pub fn push_timeout(self, push_timeout: Duration) -> Self {
        Self {
            push_timeout,
            ..self
        }
    }

    /// Announces the start when a run has taken this long: at once with zero, never with `None`. Defaults to 1 s, so that a short
    /// run costs one delivery and not two.
    pub fn start_after(self, running: Option<Duration>) -> Self {
        Self {
            start_after: running,
            ..self
        }
    }

    /// Who is told what keeps the run from being recorded, on the thread that runs it, when the run has ended. A panic there changes
    /// nothing for the run. Defaults to a warning through the [`log`] crate.
    pub fn on_trouble(self, tell: impl FnMut(&Trouble) + Send + 'static) -> Self {
        Self {
            tell: Box::new(tell),
            ..self
        }
    }

    /// The job itself, if its runs can be recorded, for a program that would rather not run than run unseen. No gateway is asked.
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
        if self.is_unseen() {
            return Err(Trouble::NoSink { job: self.name });
        }
        Ok(self)
    }

    /// Runs the job on this thread, records how it went, and returns what it returned. A panic goes on when it is recorded.
    ///
    /// That takes the time of the job and, at most, [that of one delivery](Self::push_timeout), if a sink of a program's own keeps to it.
    pub fn run<T: JobResult>(self, work: impl FnOnce(&Run) -> T) -> T {
        let Self {
            registry,
            start_after,
            ..
        } = &self;
        let run = Run {
            registry: registry.clone(),
            started: SystemTime::now(),
        };
        let (start_after, begin) = (*start_after, Instant::now());
        #[cfg(all(feature = "scrape", unix))]
        let serving = self.serve(&run, begin);
        #[cfg(target_os = "linux")]
        let notices = self.notices.clone();
        let Prepared {
            recorder,
            mut troubles,
            mut tell,
        } = self.prepare();
        #[cfg(all(feature = "scrape", unix))]
        let serving = serving.map_err(|error| troubles.push(error.into())).ok();
        let announcement = recorder.as_ref().and_then(|recorder| {
            let announced = recorder.announce(run.started, start_after?);
            announced.map_err(|trouble| troubles.push(trouble)).ok()
        });
        let result = catch_unwind(AssertUnwindSafe(|| work(&run)));
        let completion = Completion {
            started: run.started,
            completed: SystemTime::now(),
            duration: begin.elapsed(),
            // Which may be foreign code, as all that follows.
            verdict: undisturbed(|| result.as_ref().map_or(Verdict::Failure, JobResult::verdict))
                .unwrap_or(Verdict::Failure),
        };
        // A page of a run that is over is never scraped.
        #[cfg(all(feature = "scrape", unix))]
        drop(serving);
        if let Some(recorder) = recorder {
            troubles.extend(recorder.end(announcement, &completion, &run.registry));
            undisturbed(move || drop(recorder));
        }
        #[cfg(target_os = "linux")]
        troubles.extend(notices.take());
        for trouble in &troubles {
            undisturbed(|| tell(trouble));
        }
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Whether nobody hears of its runs.
    fn is_unseen(&self) -> bool {
        #[cfg(all(feature = "scrape", unix))]
        let is_scraped = self.listen.is_some();
        #[cfg(not(all(feature = "scrape", unix)))]
        let is_scraped = false;
        self.sinks.is_empty() && !is_scraped
    }

    /// None when that is not asked for.
    #[cfg(all(feature = "scrape", unix))]
    fn serve(&self, run: &Run, begin: Instant) -> Result<Option<Serving>, ScrapeError> {
        // Otherwise what is wrong is told anyway.
        let (Some(address), Ok(key), Ok(report)) = (self.listen, &self.key, &self.report) else {
            return Ok(None);
        };
        let page = RunPage {
            report: report.clone(),
            registry: run.registry.clone(),
            started: run.started,
            begin,
        };
        page.serve(address, key).map(Some)
    }

    fn prepare(self) -> Prepared {
        let is_unseen = self.is_unseen();
        let Self {
            name,
            key,
            report,
            sinks,
            push_timeout,
            mut troubles,
            tell,
            ..
        } = self;
        let key = key.map_err(|error| troubles.push(Trouble::Grouping(error)));
        let report = report.map_err(|error| troubles.push(Trouble::Prefix(error)));
        if is_unseen && troubles.is_empty() {
            troubles.push(Trouble::NoSink { job: name });
        }
        let recorder = match (key, report) {
            (Ok(key), Ok(report)) if !sinks.is_empty() => Some(Recorder {
                key,
                report,
                sinks: sinks.into(),
                push_timeout,
            }),
            _ => None,
        };
        Prepared {
            recorder,
            troubles,
            tell,
        }
    }
}

/// Does what must not change anything for the run, whatever becomes of it. None when it has panicked.
fn undisturbed<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What it has panicked with may panic again where it is dropped.
    let done = catch_unwind(AssertUnwindSafe(work)).map_err(std::mem::forget);
    done.ok()
}

/// What a job is to be run with.
struct Prepared {
    /// None when nothing can be recorded.
    recorder: Option<Recorder>,
    troubles: Vec<Trouble>,
    tell: Tell,
}

impl fmt::Debug for BatchJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJob")
            .field("key", &self.key)
            .field("report", &self.report)
            .field("sinks", &self.sinks.len())
            .finish_non_exhaustive()
    }
}
