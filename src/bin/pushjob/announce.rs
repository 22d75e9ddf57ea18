//! Announcing the start while the job runs.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Delivered, PushError, Pushgateway};

/// A start push on its way, in a thread of its own.
pub(crate) struct Announcement {
    client: Arc<Pushgateway>,
    result: Receiver<Result<Delivered, PushError>>,
}

/// How an announcement ended.
pub(crate) enum Announced {
    Delivered,
    Failed(PushError),
    /// It was still under way when the job ended, and was cut off.
    CutOff,
}

impl Announcement {
    pub(crate) fn begin(
        client: Pushgateway,
        key: GroupingKey,
        families: MetricFamilies,
    ) -> io::Result<Self> {
        let client = Arc::new(client);
        let (sender, result) = sync_channel(1);
        let pushing = Arc::clone(&client);
        thread::Builder::new().spawn(move || {
            // Nobody may be left to receive it; then nobody wants it.
            let _ = sender.send(pushing.push_add(&key, &families));
        })?;
        Ok(Self { client, result })
    }

    /// Makes sure that nothing of it is sent from now on: a pause ends at once, a request under way has `patience` to
    /// be answered and is cut off then.
    pub(crate) fn finish(self, patience: Duration) -> Announced {
        self.client.stop_retrying();
        let announced = match self.result.recv_timeout(patience) {
            Ok(Ok(_)) => Announced::Delivered,
            Ok(Err(error)) => Announced::Failed(error),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Announced::CutOff,
        };
        self.client.shut_down();
        announced
    }
}
