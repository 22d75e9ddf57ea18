//! What is pushed while the job runs: its start, and signs of life with the metrics that the job has by then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::Pushgateway;
use pushjob::spool::Spool;
use pushjob::supervise::trim_memory;

use crate::console::chain;
use crate::job_metrics::JobMetrics;
use crate::spool::{Notice, notices_of_earlier};

/// Something to push.
#[derive(Clone)]
pub(crate) struct News {
    pub(crate) families: MetricFamilies,
    /// With a sign of life: what the job has left in its file.
    pub(crate) job: Option<Arc<JobMetrics>>,
}

/// Pushes one thing after the other, in a thread and on a connection of its own.
pub(crate) struct Announcer {
    client: Arc<Pushgateway>,
    /// Takes something when the thread waits for it, so that nothing is ever queued.
    next: SyncSender<News>,
    told: Receiver<Told>,
    finishing: Arc<AtomicBool>,
}

/// How that went.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) delivered: u32,
    pub(crate) failed: u32,
    pub(crate) last_error: Option<String>,
    /// What there is to say of what earlier runs had left.
    pub(crate) notices: Vec<Notice>,
}

/// How an announcer ended.
pub(crate) enum Announced {
    Told(Told),
    /// Something was still under way when the job ended, and was cut off.
    CutOff,
}

impl Announcer {
    /// Begins with this.
    pub(crate) fn begin(
        client: Pushgateway,
        key: GroupingKey,
        first: News,
        spool: Option<PathBuf>,
    ) -> io::Result<Self> {
        let client = Arc::new(client);
        let (next, waiting) = sync_channel(0);
        let (end, told) = sync_channel(1);
        let finishing = Arc::new(AtomicBool::new(false));
        let pushing = Arc::clone(&client);
        let ending = Arc::clone(&finishing);
        thread::Builder::new().spawn(move || {
            let mut told = Told::default();
            let goes_on = || !ending.load(Ordering::Relaxed);
            let mut news = Ok(first);
            while let Ok(News { families, job }) = news {
                if let Some(folder) = &spool {
                    told.notices.extend(deliver_earlier(folder, &pushing, &key));
                }
                match pushing.push_add(&key, &families) {
                    Ok(_) => {
                        told.delivered += 1;
                        // By themselves, so that they can take nothing of ours along. The end pushes them again, and says
                        // what is wrong with them then.
                        let job = job.filter(|_| goes_on()).and_then(|job| job.so_far());
                        if let Some(families) = job.filter(|_| goes_on()) {
                            let _ = pushing.push_add(&key, &families);
                        }
                    }
                    Err(error) => {
                        told.failed += 1;
                        told.last_error = Some(chain(&error));
                    }
                }
                // A job that runs for hours does so without what this has taken.
                trim_memory();
                news = waiting.recv();
            }
            // Nobody may be left to receive it; then nobody wants it.
            let _ = end.send(told);
        })?;
        Ok(Self {
            client,
            next,
            told,
            finishing,
        })
    }

    /// Pushes this too, unless what came before is still under way.
    pub(crate) fn push(&self, news: News) {
        let _ = self.next.try_send(news);
    }

    /// Makes sure that nothing of it is sent from now on: a pause ends at once, a request under way has `patience` to
    /// be answered and is cut off then.
    pub(crate) fn finish(self, patience: Duration) -> Announced {
        let Self {
            client,
            next,
            told,
            finishing,
        } = self;
        finishing.store(true, Ordering::Relaxed);
        client.stop_retrying();
        drop(next);
        let announced = match told.recv_timeout(patience) {
            Ok(told) => Announced::Told(told),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Announced::CutOff,
        };
        client.shut_down();
        announced
    }
}

/// Delivers what earlier runs have left for the group. It would come later otherwise, and say of a run that goes on that an
/// earlier one was the last to be started.
fn deliver_earlier(folder: &Path, client: &Pushgateway, key: &GroupingKey) -> Vec<Notice> {
    // What is wrong with the spool is said at the end.
    let Ok(spool) = Spool::open(folder) else {
        return Vec::new();
    };
    let gateway = client.address();
    if !spool.is_waiting(&gateway, key) {
        return Vec::new();
    }
    let delivery = spool
        .resume(&gateway, key)
        .deliver(client, client.timeout());
    notices_of_earlier(&delivery, &client.url(key))
}
