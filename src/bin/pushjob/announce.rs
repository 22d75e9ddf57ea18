//! What is pushed while the job runs: its start, and signs of life.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{PushError, Pushgateway};

/// Pushes one thing after the other, in a thread and on a connection of its own.
pub(crate) struct Announcer {
    client: Arc<Pushgateway>,
    /// Takes something when the thread waits for it, so that nothing is ever queued.
    next: SyncSender<MetricFamilies>,
    told: Receiver<Told>,
}

/// How that went.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) delivered: u32,
    pub(crate) failed: u32,
    pub(crate) last_error: Option<PushError>,
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
        first: MetricFamilies,
    ) -> io::Result<Self> {
        let client = Arc::new(client);
        let (next, waiting) = sync_channel(0);
        let (end, told) = sync_channel(1);
        let pushing = Arc::clone(&client);
        thread::Builder::new().spawn(move || {
            let mut told = Told::default();
            let mut families = Ok(first);
            while let Ok(pushed) = families {
                match pushing.push_add(&key, &pushed) {
                    Ok(_) => told.delivered += 1,
                    Err(error) => {
                        told.failed += 1;
                        told.last_error = Some(error);
                    }
                }
                families = waiting.recv();
            }
            // Nobody may be left to receive it; then nobody wants it.
            let _ = end.send(told);
        })?;
        Ok(Self { client, next, told })
    }

    /// Pushes this too, unless what came before is still under way.
    pub(crate) fn push(&self, families: MetricFamilies) {
        let _ = self.next.try_send(families);
    }

    /// Makes sure that nothing of it is sent from now on: a pause ends at once, a request under way has `patience` to
    /// be answered and is cut off then.
    pub(crate) fn finish(self, patience: Duration) -> Announced {
        let Self { client, next, told } = self;
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
