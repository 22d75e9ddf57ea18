//! One run of a job in this process.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::clock::RunClock;
use crate::metrics::Registry;
use crate::record::RegistryMetrics;
#[cfg(all(feature = "scrape", unix))]
use crate::record::{RunMetrics, RunPage};
use crate::report::{Completion, Verdict};
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::{ScrapeEndpoint, ScrapeError, Serving};

use super::builder::BatchJob;
use super::timer::{SharedRecorder, UpdateTimer};
use super::trouble::Trouble;

/// A run that goes on.
#[derive(Debug)]
pub struct Run {
    registry: Registry,
    started: SystemTime,
}

impl Run {
    /// The metrics that are delivered when the run has ended: an empty registry, or the one that the job
    /// [was given](BatchJob::registry).
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Start of the run by the wall clock.
    #[must_use]
    pub fn started(&self) -> SystemTime {
        self.started
    }
}

/// The value that a run returns: it says whether the run has succeeded.
pub trait JobResult {
    /// Success or failure.
    fn verdict(&self) -> Verdict;
}

/// A success, unless it panicked.
impl JobResult for () {
    fn verdict(&self) -> Verdict {
        Verdict::Success
    }
}

impl<T, E> JobResult for Result<T, E> {
    fn verdict(&self) -> Verdict {
        match self {
            Ok(_) => Verdict::Success,
            Err(_) => Verdict::Failure,
        }
    }
}

impl BatchJob {
    /// Runs the job on this thread, records how it went, and returns what it returned. A panic goes on
    /// when it is recorded.
    ///
    /// That takes the time of the job and, at most, [that of one delivery](Self::push_timeout) and a
    /// quarter of a second.
    pub fn run<T: JobResult>(mut self, work: impl FnOnce(&Run) -> T) -> T {
        let clock = RunClock::start();
        let run = Run {
            registry: self.registry.clone(),
            started: clock.wall_clock,
        };
        let mut record = Record::begin(&mut self, &run, clock);
        let result = catch_unwind(AssertUnwindSafe(|| work(&run)));
        let (completed, duration) = clock.end();
        let completion = Completion {
            started: run.started,
            completed,
            duration,
            // Which may be foreign code, as all that follows.
            verdict: catch_panic(|| result.as_ref().map_or(Verdict::Failure, JobResult::verdict))
                .unwrap_or(Verdict::Failure),
        };
        record.end(&completion);
        for trouble in &record.troubles {
            catch_panic(|| (self.tell)(trouble));
        }
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

/// The record of a run.
struct Record {
    job: String,
    /// None when nothing can be recorded.
    recorder: Option<SharedRecorder>,
    timer: Option<UpdateTimer>,
    metrics: Option<Arc<RegistryMetrics>>,
    #[cfg(all(feature = "scrape", unix))]
    serving: Option<Serving>,
    troubles: Vec<Trouble>,
}

impl Record {
    /// Begins to record a run. What is wrong does not keep it from running.
    #[cfg_attr(
        not(all(feature = "scrape", unix)),
        expect(unused_variables, reason = "only a page counts from it")
    )]
    fn begin(job: &mut BatchJob, run: &Run, clock: RunClock) -> Self {
        let mut record = Self {
            job: job.name.clone(),
            recorder: None,
            timer: None,
            metrics: None,
            #[cfg(all(feature = "scrape", unix))]
            serving: None,
            troubles: std::mem::take(&mut job.troubles),
        };
        let has_no_destination = job.has_no_destination() && record.troubles.is_empty();
        let key = job.key.clone();
        let key = key.map_err(|error| record.troubles.push(Trouble::Grouping(error)));
        let report = job.report.clone();
        let report = report.map_err(|error| record.troubles.push(Trouble::Prefix(error)));
        if has_no_destination && key.is_ok() && report.is_ok() {
            let job = job.name.clone();
            record.troubles.push(Trouble::NoSink { job });
        }
        let (Ok(key), Ok(report)) = (key, report) else {
            return record;
        };
        let metrics = RegistryMetrics::new(run.registry.clone(), report.clone());
        let metrics = Arc::new(metrics);
        #[cfg(all(feature = "scrape", unix))]
        if let Some(address) = job.listen {
            let shown: Arc<dyn RunMetrics> = metrics.clone();
            let page = RunPage::new(report.clone(), Some(shown), run.started, clock.monotonic);
            let serve = || -> Result<Serving, ScrapeError> {
                page.serve(ScrapeEndpoint::bind_to(address)?.labels(key.clone()))
            };
            record.serving = serve()
                .map_err(|error| record.troubles.push(error.into()))
                .ok();
        }
        let recorder = job.recorder(key, report);
        if recorder.is_empty() {
            return record;
        }
        let recorder = recorder.metrics(metrics.clone());
        let recorder = Arc::new(Mutex::new(recorder));
        record.metrics = Some(metrics);
        let timer = UpdateTimer::start(&recorder, run.started, (job.start_after, job.heartbeat));
        let untimed = |source: std::io::Error| Trouble::Start {
            job: job.name.clone(),
            source: source.into(),
        };
        record.timer = timer
            .map_err(|error| record.troubles.push(untimed(error)))
            .unwrap_or_default();
        record.recorder = Some(recorder);
        record
    }

    /// Delivers the end. A page of a run that is over is never scraped.
    fn end(&mut self, completion: &Completion) {
        #[cfg(all(feature = "scrape", unix))]
        drop(self.serving.take());
        let Some(recorder) = self.recorder.take() else {
            return;
        };
        drop(self.timer.take());
        let reports = Mutex::new(Vec::new());
        let mut locked = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        locked.end(completion, &|report| {
            let reports = reports.lock();
            reports.unwrap_or_else(PoisonError::into_inner).push(report);
        });
        drop(locked);
        // Which drops foreign code.
        catch_panic(move || drop(recorder));
        let metrics = self.metrics.take();
        match metrics.as_ref().map(|metrics| metrics.skipped()) {
            Some(Ok(skipped)) => self.troubles.extend(skipped.iter().map(|metric| {
                let (job, metric) = (self.job.clone(), metric.clone());
                Trouble::Taken { job, metric }
            })),
            Some(Err(source)) => self.troubles.push(Trouble::Metrics {
                job: self.job.clone(),
                source,
                kept: None,
            }),
            None => {}
        }
        let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        reports.sort_by_key(|report| report.index);
        let reports = reports.into_iter();
        self.troubles
            .extend(reports.flat_map(|report| Trouble::of_report(report, &self.job)));
    }
}

/// Does what must not change anything for the run. None when it has panicked.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What it has panicked with may panic again where it is dropped.
    let done = catch_unwind(AssertUnwindSafe(work)).map_err(std::mem::forget);
    done.ok()
}
