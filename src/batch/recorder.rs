use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::exposition::MetricFamilies;
use crate::grouping::GroupingKey;
use crate::metrics::Registry;
use crate::push::{Change, for_each_concurrently};
use crate::report::{Completion, Report};
use crate::sink::Sink;

use super::gathering::{Gathering, gathered};
use super::trouble::{Failure, Trouble};

/// Delivers the start and the end of a run.
#[derive(Clone)]
pub(super) struct Recorder {
    pub(super) key: GroupingKey,
    pub(super) report: Report,
    pub(super) sinks: Arc<[Box<dyn Sink>]>,
    pub(super) push_timeout: Duration,
}

/// The announcement of a start, which is due or under way in a thread of its own.
pub(super) struct Announcement {
    /// Dropped when the run has ended.
    running: SyncSender<()>,
    /// Of each sink.
    troubles: Receiver<Vec<Option<Trouble>>>,
}

/// The time that something may take, however long that is.
#[derive(Clone, Copy)]
struct Time {
    begin: Instant,
    limit: Duration,
}

impl Time {
    fn new(limit: Duration) -> Self {
        Self {
            begin: Instant::now(),
            limit,
        }
    }

    fn left(self) -> Duration {
        self.limit.saturating_sub(self.begin.elapsed())
    }
}

impl Recorder {
    /// Announces the start when the run has gone on this long.
    pub(super) fn announce(
        &self,
        started: SystemTime,
        after: Duration,
    ) -> Result<Announcement, Trouble> {
        let recorder = self.clone();
        let (running, ended) = sync_channel::<()>(0);
        let (told, troubles) = sync_channel(1);
        let spawned = thread::Builder::new().spawn(move || {
            if ended.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                // Nobody may be left to hear of it; then the end has told all.
                let _ = told.send(recorder.start(started));
            }
        });
        match spawned {
            Ok(_) => Ok(Announcement { running, troubles }),
            Err(error) => Err(Trouble::Start {
                job: self.key.job().to_owned(),
                source: error.into(),
            }),
        }
    }

    fn start(&self, started: SystemTime) -> Vec<Option<Trouble>> {
        let time = Time::new(self.start_timeout());
        let job = self.key.job();
        let source = |source| Trouble::Start {
            job: job.to_owned(),
            source,
        };
        self.everywhere(|sink| {
            let families = gathered(&self.report.start(started)).map_err(source)?;
            self.add(sink, &families, time)
                .map_err(|failure| source(failure.into()))
        })
    }

    /// The end has to wait for a start that is under way, and has to be delivered itself.
    fn start_timeout(&self) -> Duration {
        self.push_timeout / 2
    }

    /// Delivers the end, when what is under way of the start has come to an end.
    pub(super) fn end(
        &self,
        announcement: Option<Announcement>,
        completion: &Completion,
        registry: &Registry,
    ) -> Vec<Trouble> {
        let time = Time::new(self.push_timeout);
        let job = || self.key.job().to_owned();
        let mut troubles = Vec::new();
        let mut started = Vec::new();
        let mut is_overdue = false;
        if let Some(Announcement {
            running,
            troubles: told,
        }) = announcement
        {
            drop(running);
            match told.recv_timeout(self.start_timeout()) {
                Ok(of_start) => started = of_start,
                // It has ended without one.
                Err(RecvTimeoutError::Disconnected) => {}
                Err(RecvTimeoutError::Timeout) => is_overdue = true,
            }
        }
        let metrics = Gathering::begin(registry, &self.report);
        let ended = self.everywhere(|sink| {
            let report = gathered(&self.report.completion(completion))
                .map_err(|source| Trouble::Result { job: job(), source })?;
            self.add(sink, &report, time)
                .map_err(|failure| Trouble::Result {
                    job: job(),
                    source: failure.into(),
                })?;
            match metrics.wait(time.left()) {
                Some(metrics) if !metrics.is_empty() => {
                    let added = self.add(sink, metrics, time);
                    added.map_err(|failure| Trouble::Metrics {
                        job: job(),
                        source: failure.into(),
                    })
                }
                _ => Ok(()),
            }
        });
        match metrics.left_out() {
            Ok(taken) => troubles.extend(
                taken
                    .into_iter()
                    .map(|metric| Trouble::Taken { job: job(), metric }),
            ),
            Err(source) => troubles.push(Trouble::Metrics { job: job(), source }),
        }
        if is_overdue && ended.iter().any(Option::is_none) {
            troubles.push(Trouble::Start {
                job: job(),
                source: Failure::Overdue.into(),
            });
        }
        // One message of each is enough when the start did not arrive there either.
        let started = started.into_iter().chain(std::iter::repeat_with(|| None));
        let of_sinks = ended.into_iter().zip(started);
        troubles.extend(of_sinks.filter_map(|(ended, started)| ended.or(started)));
        troubles
    }

    /// Does something with each sink, side by side, and says how it went with each.
    fn everywhere(
        &self,
        deliver: impl Fn(&dyn Sink) -> Result<(), Trouble> + Sync,
    ) -> Vec<Option<Trouble>> {
        let results = for_each_concurrently(self.sinks.iter(), |sink| deliver(&**sink));
        results.into_iter().map(Result::err).collect()
    }

    /// Adds families to the group, which a sink of a program's own may do by panicking.
    fn add(&self, sink: &dyn Sink, families: &MetricFamilies, time: Time) -> Result<(), Failure> {
        let change = Change::PushAdd(families);
        let delivered = catch_unwind(AssertUnwindSafe(|| {
            sink.deliver(&self.key, change, time.left())
        }));
        match delivered {
            Ok(delivered) => Ok(delivered.map(drop)?),
            Err(payload) => Err(Failure::of_panic("sink", &*payload)),
        }
    }
}
