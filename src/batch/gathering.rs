use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::exposition::{Gather, MetricFamilies, MetricFamily};
use crate::metrics::Registry;
use crate::report::Report;

use super::trouble::Failure;

/// What comes of gathering.
type Gathered<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The metrics of a run, which are gathered once for all sinks, and in a thread of their own: a collector is foreign code, and
/// may take longer than there is time.
pub(super) struct Gathering {
    source: Source,
    under_way: Mutex<Receiver<Gathered<Metrics>>>,
    gathered: OnceLock<Gathered<Metrics>>,
}

/// The metrics of a run.
#[derive(Default)]
struct Metrics {
    families: MetricFamilies,
    /// Those that are left out: their names are of the report.
    taken: Vec<String>,
}

#[derive(Clone)]
struct Source {
    registry: Registry,
    report: Report,
}

impl Gathering {
    pub(super) fn begin(registry: &Registry, report: &Report) -> Self {
        let (tell, told) = sync_channel(1);
        let source = Source {
            registry: registry.clone(),
            report: report.clone(),
        };
        let gathering = Self {
            source: source.clone(),
            under_way: Mutex::new(told),
            gathered: OnceLock::new(),
        };
        // Where no thread can be had, nobody tells anything.
        let _ = thread::Builder::new().spawn(move || {
            let _ = tell.send(source.metrics());
        });
        gathering
    }

    /// The metrics, when they are there within this time. Whoever asks first waits for all.
    pub(super) fn wait(&self, limit: Duration) -> Option<&MetricFamilies> {
        let gathered = self.gathered.get_or_init(|| {
            let told = self.under_way.lock();
            let told = told.unwrap_or_else(PoisonError::into_inner);
            match told.recv_timeout(limit) {
                Ok(gathered) => gathered,
                Err(RecvTimeoutError::Timeout) => Err(Failure::SlowCollectors.into()),
                Err(RecvTimeoutError::Disconnected) => self.source.metrics(),
            }
        });
        gathered.as_ref().ok().map(|metrics| &metrics.families)
    }

    /// The metrics that were left out, or why nobody who has waited has got any.
    pub(super) fn left_out(self) -> Gathered<Vec<String>> {
        let gathered = self.gathered.into_inner();
        Ok(gathered.transpose()?.unwrap_or_default().taken)
    }
}

impl Source {
    /// Without what would take the place of a metric of the report.
    fn metrics(&self) -> Gathered<Metrics> {
        let mut families = gathered(&self.registry)?;
        let names = families.iter().map(MetricFamily::name);
        let taken = names.filter(|name| self.report.has(name.as_str()));
        let taken: Vec<_> = taken.cloned().collect();
        for name in &taken {
            families.remove(name);
        }
        let taken = taken.iter().map(ToString::to_string).collect();
        Ok(Metrics { families, taken })
    }
}

/// The families of a registry, whose collectors may panic.
pub(super) fn gathered<G: Gather + ?Sized>(source: &G) -> Gathered<MetricFamilies> {
    match catch_unwind(AssertUnwindSafe(|| source.families())) {
        Ok(families) => Ok(families?.into_owned()),
        Err(payload) => Err(Failure::of_panic("collector", &*payload).into()),
    }
}
