//! The spool of a run: keeps its end until a gateway has it, and delivers what earlier runs have left.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use crate::grouping::GroupingKey;
use crate::push::{GatewayAddress, Pushgateway};
use crate::report::Report;
use crate::spool::{
    Disposition, RunMark, RunResult, Spool, SpoolNotice, SpooledGroup, Undelivered,
};

use super::end::EndMethod;
use super::notice::Notice;
use super::parts::EndDelivery;
use super::progress::{DeliveryFailure, KeptIn};

/// A spool that all gateways of a run share. Its directory is looked at when something is to be kept.
#[derive(Clone, Debug)]
pub struct RunSpool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    /// True when it has been reported what is wrong with the directory.
    has_reported: AtomicBool,
    /// The marks of this run, by the URL of the group, as soon as they are made.
    marks: Mutex<Vec<(String, RunMark)>>,
    marking: Mutex<Option<JoinHandle<()>>>,
}

/// A run that has begun, for its mark.
#[derive(Clone, Debug)]
pub struct BegunRun {
    /// The group of the run.
    pub key: GroupingKey,
    /// The report on the run.
    pub report: Report,
    /// What a failure does to the group.
    pub on_failure: EndMethod,
}

impl RunSpool {
    /// A spool in this directory, which is made when something is to be kept.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Shared {
            directory: directory.into(),
            has_reported: AtomicBool::new(false),
            marks: Mutex::default(),
            marking: Mutex::default(),
        }))
    }

    /// Marks a run that has begun on these gateways at this time, so that a later run reports it when it
    /// is killed without a trace. A thread does that, for a file system may hang; nobody waits for it now.
    pub fn begin(&self, gateways: Vec<GatewayAddress>, run: BegunRun, started: SystemTime) {
        let spool = self.clone();
        let marking = thread::Builder::new().spawn(move || spool.mark(&gateways, &run, started));
        // Without a thread there is no mark, as without a spool.
        *lock(&self.0.marking) = marking.ok();
    }

    fn mark(&self, gateways: &[GatewayAddress], run: &BegunRun, started: SystemTime) {
        // What is wrong with the spool is reported at the end.
        let Ok(spool) = Spool::open(&self.0.directory) else {
            return;
        };
        let killed = run.report.killed(started);
        let Some(change) = run.on_failure.change(&killed) else {
            return;
        };
        let result = RunResult {
            completed: started,
            change,
            persistent: &run.report.persistent_names(),
            job: None,
        };
        for gateway in gateways {
            if let Ok(mark) = spool.mark(gateway, &run.key, &result) {
                lock(&self.0.marks).push((gateway.url(&run.key), mark));
            }
        }
    }

    /// Removes the mark of the run on a gateway: its end is kept or delivered.
    pub(super) fn remove_mark(&self, address: &GatewayAddress, key: &GroupingKey) {
        if let Some(marking) = lock(&self.0.marking).take() {
            let _ = marking.join();
        }
        let url = address.url(key);
        let mut marks = lock(&self.0.marks);
        if let Some(index) = marks.iter().position(|(of, _)| *of == url) {
            marks.swap_remove(index).1.remove();
        }
    }

    /// Keeps an end before it is delivered. None where the method does nothing, or the directory cannot be
    /// used.
    pub(super) fn keep(
        &self,
        address: &GatewayAddress,
        delivery: &EndDelivery<'_>,
    ) -> Option<SpooledEnd> {
        let (end, method) = (delivery.end, delivery.method);
        let spool = match Spool::open(&self.0.directory) {
            Ok(spool) => spool,
            Err(error) => {
                if !self.0.has_reported.swap(true, Ordering::Relaxed) {
                    delivery.progress.notice(Notice::NoSpool(error));
                }
                return None;
            }
        };
        let spool = spool.timeout(end.timeout());
        if let Some(flaw) = spool.flaw() {
            if !self.0.has_reported.swap(true, Ordering::Relaxed) {
                let notice = Notice::Spool(SpoolNotice::trouble(flaw));
                delivery.progress.notice(notice);
            }
        }
        let metrics = end.metrics_to_keep(method);
        let result = RunResult {
            completed: end.completed(),
            change: end.change(method)?,
            persistent: &end.report().persistent_names(),
            job: metrics,
        };
        let group = spool.keep(address, end.key(), &result);
        if group.is_kept() {
            self.remove_mark(address, end.key());
        }
        Some(SpooledEnd {
            group,
            has_metrics: metrics.is_some(),
            spool,
        })
    }

    /// Delivers what earlier runs have left for a group before it is told of an update. It would come
    /// later otherwise, and say of a run that goes on that an earlier one was the last to be started.
    pub(super) fn deliver_earlier(&self, client: &Pushgateway, key: &GroupingKey) -> Vec<Notice> {
        // What is wrong with the spool is reported at the end.
        let Ok(spool) = Spool::open(&self.0.directory) else {
            return Vec::new();
        };
        let address = client.address();
        if !spool.is_waiting(&address, key) {
            return Vec::new();
        }
        let group = spool.resume(&address, key);
        let delivery = group.deliver(client, client.timeout());
        let notices = delivery.into_notices_of_earlier().into_iter();
        notices.map(Notice::Spool).collect()
    }

    /// Delivers what waits for other groups of the gateway, in the time that is left.
    pub(super) fn flush_others(&self, client: &Pushgateway, delivery: &EndDelivery<'_>) {
        let Ok(spool) = Spool::open(&self.0.directory) else {
            return;
        };
        let end = delivery.end;
        let done = end.change(delivery.method).map(|_| end.key());
        let flushed = spool.flush(client, done, &|| end.remaining());
        for notice in flushed.notices {
            delivery.progress.notice(Notice::Spool(notice));
        }
    }
}

/// The end of a run that is in a spool.
pub(super) struct SpooledEnd {
    spool: Spool,
    group: SpooledGroup,
    /// Whether the metrics of the run are there with the report.
    has_metrics: bool,
}

impl SpooledEnd {
    /// Where it is, for a message. None where it could not be written.
    pub(super) fn place(&self) -> Option<String> {
        let directory = self.spool.directory().display();
        let is_kept = self.group.is_kept();
        is_kept.then(|| format!("kept in {directory}"))
    }

    /// Leaves it to a later run.
    pub(super) fn leave(self) -> Option<KeptIn> {
        kept_in(self.group.leave())
    }

    /// Delivers it, with all that waits for the group.
    pub(super) fn deliver(self, client: &Pushgateway, delivery: &EndDelivery<'_>) {
        let end = delivery.end;
        let sent = self.group.deliver(client, end.remaining());
        for notice in sent.notices {
            delivery.progress.notice(Notice::Spool(notice));
        }
        let is_delivered = sent.run.is_ok();
        delivery.progress.run(sent.run.map_err(failure));
        if self.has_metrics {
            delivery.progress.metrics(sent.job.map_err(failure));
        } else if is_delivered {
            // They were too many to be kept, or not at hand.
            delivery
                .run_metrics(|change| client.deliver_within(end.key(), change, end.remaining()));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(undelivered: Undelivered) -> DeliveryFailure {
    DeliveryFailure {
        error: undelivered.reason.into(),
        kept: kept_in(undelivered.disposition),
    }
}

fn kept_in(disposition: Disposition) -> Option<KeptIn> {
    match disposition {
        Disposition::Waiting(path) => Some(KeptIn::Spool(path)),
        Disposition::Refused(path) => Some(KeptIn::Quarantine(path)),
        _ => None,
    }
}
