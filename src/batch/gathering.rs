use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::exposition::{Gather, MetricFamilies};
use crate::metrics::Registry;

use super::trouble::Failure;

/// What comes of gathering.
pub(super) type Gathered = Result<MetricFamilies, Box<dyn Error + Send + Sync>>;

/// The metrics of a run, which are gathered once for all sinks, and in a thread of their own: a collector is foreign code, and
/// may take longer than there is time.
pub(super) struct Gathering {
    registry: Registry,
    under_way: Mutex<Receiver<Gathered>>,
    gathered: OnceLock<Gathered>,
}

impl Gathering {
    pub(super) fn begin(registry: &Registry) -> Self {
        let (tell, told) = sync_channel(1);
        let source = registry.clone();
        // Where no thread can be had, nobody tells anything.
        let _ = thread::Builder::new().spawn(move || {
            let _ = tell.send(gathered(&source));
        });
        Self {
            registry: registry.clone(),
            under_way: Mutex::new(told),
            gathered: OnceLock::new(),
        }
    }

    /// The metrics, when they are there within this time. Whoever asks first waits for all.
    pub(super) fn wait(&self, limit: Duration) -> Option<&MetricFamilies> {
        let gathered = self.gathered.get_or_init(|| {
            let told = self.under_way.lock();
            let told = told.unwrap_or_else(PoisonError::into_inner);
            match told.recv_timeout(limit) {
                Ok(gathered) => gathered,
                Err(RecvTimeoutError::Timeout) => Err(Failure::SlowCollectors.into()),
                Err(RecvTimeoutError::Disconnected) => gathered(&self.registry),
            }
        });
        gathered.as_ref().ok()
    }

    /// Why nobody who has waited has got any.
    pub(super) fn failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.gathered.into_inner()?.err()
    }
}

/// The families of a registry, whose collectors may panic.
pub(super) fn gathered<G: Gather + ?Sized>(source: &G) -> Gathered {
    match catch_unwind(AssertUnwindSafe(|| source.families())) {
        Ok(families) => Ok(families?.into_owned()),
        Err(payload) => Err(Failure::of_panic("collector", &*payload).into()),
    }
}
