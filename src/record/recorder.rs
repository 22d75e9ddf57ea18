//! Tells all destinations of a run.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::exposition::MetricFamilies;
use crate::grouping::GroupingKey;
use crate::push::for_each_concurrently;
use crate::report::{Completion, Report, Verdict};
#[cfg(target_os = "linux")]
use crate::supervise::Outcome;

use super::delivery_error::DeliveryError;
use super::destination::{DeadlineKeeper, Destination};
use super::end::{EndMethods, RunEnd};
use super::in_flight::InFlight;
use super::metrics::RunMetrics;
use super::progress::{DestinationReport, Progress};
use super::update::Content;
use super::updates::Updates;
use super::worker::Worker;

/// Time for one delivery, unless another is chosen.
pub(crate) const PUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// How much longer than a delivery may take is waited for the thread that makes it, which can say better
/// what has kept it.
const GRACE: Duration = Duration::from_millis(250);

/// Tells all destinations of one run: its start, heartbeats and its end.
#[must_use = "it records nothing by itself"]
pub struct Recorder {
    key: GroupingKey,
    report: Report,
    methods: EndMethods,
    push_timeout: Duration,
    metrics: Option<Arc<dyn RunMetrics>>,
    destinations: Vec<Recipient>,
    /// Called by threads that have made an update.
    idle: fn(),
    /// Start of the run, when it has been announced.
    announced: Option<SystemTime>,
    has_heartbeats: bool,
    in_flight: InFlight,
}

/// A destination with its thread, if it has one.
struct Recipient {
    destination: Arc<dyn Destination>,
    worker: Option<Worker>,
}

impl Recorder {
    /// A recorder of a run in this group, without destinations.
    pub fn new(key: GroupingKey, report: Report) -> Self {
        Self {
            key,
            report,
            methods: EndMethods::default(),
            push_timeout: PUSH_TIMEOUT,
            metrics: None,
            destinations: Vec::new(),
            idle: || (),
            announced: None,
            has_heartbeats: false,
            in_flight: InFlight::default(),
        }
    }

    /// One more destination. Defaults to none.
    pub fn destination(self, destination: impl Destination + 'static) -> Self {
        self.boxed_destination(Box::new(destination))
    }

    /// One more destination that is in a box.
    pub fn boxed_destination(mut self, destination: Box<dyn Destination>) -> Self {
        self.destinations.push(Recipient {
            destination: destination.into(),
            worker: None,
        });
        self
    }

    /// What the end does to the group. Defaults to [`EndMethod::PushAdd`](super::EndMethod::PushAdd).
    pub fn methods(mut self, methods: EndMethods) -> Self {
        self.methods = methods;
        self
    }

    /// Time for the delivery of the end to all destinations, which are told at the same time, and for each
    /// update. Defaults to 10 seconds.
    pub fn push_timeout(mut self, timeout: Duration) -> Self {
        self.push_timeout = timeout;
        self
    }

    /// Metrics of the run beside the report. Defaults to none.
    pub fn metrics(mut self, metrics: Arc<dyn RunMetrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Gives back memory whenever an update has been made, for a program that does nothing but wait for a
    /// job. Defaults to keeping it.
    #[cfg(target_os = "linux")]
    pub fn trim_memory(mut self) -> Self {
        self.idle = crate::supervise::trim_memory;
        self
    }

    /// Whether there is no destination.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty()
    }

    /// The places to which the end is under way.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Tells that the run has started, and waits for nobody.
    ///
    /// # Errors
    ///
    /// Those of the system when it has no thread for a destination. The others are told.
    pub fn start(&mut self, started: SystemTime) -> io::Result<()> {
        self.announced = Some(started);
        self.update(self.report.start(started), None)
    }

    /// Tells that the run goes on, with the metrics that it has by now; and once more when it was started,
    /// if that was told before. Waits for nobody.
    ///
    /// # Errors
    ///
    /// As from [`start`](Self::start).
    pub fn heartbeat(&mut self) -> io::Result<()> {
        self.has_heartbeats = true;
        let families = self.report.heartbeat(SystemTime::now(), self.announced);
        self.update(families, self.metrics.clone())
    }

    fn update(
        &mut self,
        families: MetricFamilies,
        metrics: Option<Arc<dyn RunMetrics>>,
    ) -> io::Result<()> {
        let content = Arc::new(Content {
            key: self.key.clone(),
            families,
            metrics,
            timeout: self.push_timeout,
        });
        let idle = self.idle;
        let told = self
            .destinations
            .iter_mut()
            .map(|recipient| recipient.update(&content, idle));
        // One that cannot be told keeps none of the others from it.
        let told: Vec<_> = told.collect();
        told.into_iter().collect()
    }

    /// Tells that a run without a process of its own has ended, within the time of one delivery. Calls
    /// `observe` with the report of each destination as soon as it is there, on several threads at a time.
    pub fn end(&mut self, completion: &Completion, observe: &(dyn Fn(DestinationReport) + Sync)) {
        let families = self.report.completion(completion);
        self.finish(families, completion, observe);
    }

    /// Tells in the same way that a child process has ended, and what that means.
    #[cfg(target_os = "linux")]
    pub fn end_of_process(
        &mut self,
        outcome: &Outcome,
        verdict: Verdict,
        observe: &(dyn Fn(DestinationReport) + Sync),
    ) {
        let completion = Completion::of_process(outcome, verdict);
        self.finish(self.report.end(outcome, verdict), &completion, observe);
    }

    fn finish(
        &mut self,
        families: MetricFamilies,
        completion: &Completion,
        observe: &(dyn Fn(DestinationReport) + Sync),
    ) {
        let was_shown = self.announced.is_some() || self.has_heartbeats;
        let families = if completion.verdict == Verdict::Skipped && was_shown {
            let (started, skipped) = (completion.started, completion.completed);
            self.report.skip_of_announced(started, skipped)
        } else {
            families
        };
        let end = Arc::new(RunEnd {
            key: self.key.clone(),
            report: self.report.clone(),
            method: self.methods.after(completion.verdict),
            families,
            metrics: self.metrics.clone(),
            verdict: completion.verdict,
            completed: completion.completed,
            has_heartbeats: self.has_heartbeats,
            begin: Instant::now(),
            timeout: self.push_timeout,
        });
        // What is known of one destination is told at once: another may take its time, or be given up.
        // They are dropped with the recorder: what a drop does, which may be foreign code, is not for here.
        let destinations = self.destinations.iter_mut().enumerate();
        for_each_concurrently(destinations, |(index, recipient)| {
            observe(recipient.end(index, &end, &self.in_flight));
        });
    }
}

impl Recipient {
    fn update(&mut self, content: &Arc<Content>, idle: fn()) -> io::Result<()> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(Arc::clone(&self.destination), idle)?,
        };
        worker.update(content);
        self.worker = Some(worker);
        Ok(())
    }

    fn end(&mut self, index: usize, end: &Arc<RunEnd>, in_flight: &InFlight) -> DestinationReport {
        let destination = &self.destination;
        let progress = Progress::new(destination.name(end.key()), in_flight.clone());
        let worker = match (destination.deadline(), self.worker.take()) {
            (DeadlineKeeper::Destination, worker) => {
                let updates = worker.map_or_else(Updates::none, Worker::into_updates);
                destination.end(end, updates, &progress);
                return progress.into_report(index, end);
            }
            (DeadlineKeeper::Recorder, Some(worker)) => Ok(worker),
            (DeadlineKeeper::Recorder, None) => Worker::start(Arc::clone(destination), || ()),
        };
        let Ok(worker) = worker else {
            // Without a thread it cannot be given up, but it is done.
            destination.end(end, Updates::none(), &progress);
            return progress.into_report(index, end);
        };
        match worker.end(end, &progress, end.remaining().saturating_add(GRACE)) {
            Ok(()) => progress.into_report(index, end),
            Err(reason) => {
                progress.into_given_up(index, end, || DeliveryError::from(reason.clone()))
            }
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("key", &self.key)
            .field("report", &self.report)
            .field("destinations", &self.destinations.len())
            .finish_non_exhaustive()
    }
}
