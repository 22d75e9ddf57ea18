//! The registry: declares instruments, and gathers them and other collectors.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exposition::{FamilyError, Gather, MetricFamilies, MetricFamily};

use super::buckets::Buckets;
use super::collector::Collector;
use super::counter::Counter;
use super::error::MetricsError;
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::info::Info;
use super::instrument::Instrument;
use super::summary::Summary;
use super::vector::{CounterVec, GaugeVec, HistogramVec, MetricVec, SummaryVec};

/// The metrics of a program: instruments and other collectors, no two of which get in each other's way. Clones share
/// them.
#[derive(Clone, Default)]
pub struct Registry {
    registered: Arc<Mutex<Registered>>,
}

#[derive(Default)]
struct Registered {
    collectors: Vec<Registration>,
    /// The families of the collectors, without series.
    names: MetricFamilies,
}

impl Registered {
    /// Keeps the names of these families, all or none.
    fn reserve(&mut self, families: &[MetricFamily]) -> Result<(), FamilyError> {
        for (index, family) in families.iter().enumerate() {
            let name = MetricFamily::new(family.name().clone(), family.metric_type());
            if let Err(error) = self.names.insert(name) {
                for family in &families[..index] {
                    self.names.remove(family.name());
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Registration {
    collector: Arc<dyn Collector>,
    /// The first of its families, to name it.
    first: Option<String>,
}

impl Registry {
    /// A registry without metrics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a counter without labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, MetricsError> {
        self.counter_vec(name, help, &[])?.with_label_values(&[])
    }

    /// Registers counters with labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken, or a label name is invalid or occurs twice.
    pub fn counter_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<CounterVec, MetricsError> {
        self.vector(MetricVec::new(name, help, label_names, ())?)
    }

    /// Registers a gauge without labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, MetricsError> {
        self.gauge_vec(name, help, &[])?.with_label_values(&[])
    }

    /// Registers gauges with labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken, or a label name is invalid or occurs twice.
    pub fn gauge_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<GaugeVec, MetricsError> {
        self.vector(MetricVec::new(name, help, label_names, ())?)
    }

    /// Registers a histogram without labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken, or when one of its series (`NAME_bucket`, `NAME_sum`,
    /// `NAME_count`) is.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: Buckets,
    ) -> Result<Histogram, MetricsError> {
        self.vector(MetricVec::<Histogram>::new(name, help, &[], buckets)?)?
            .with_label_values(&[])
    }

    /// Registers histograms with labels, all with the same buckets.
    ///
    /// # Errors
    ///
    /// As [`histogram`](Self::histogram), and when a label name is invalid, occurs twice, or is `le`, which the format
    /// itself uses.
    pub fn histogram_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
        buckets: Buckets,
    ) -> Result<HistogramVec, MetricsError> {
        self.vector(MetricVec::new(name, help, label_names, buckets)?)
    }

    /// Registers a summary without labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken, or when one of its series (`NAME_sum`, `NAME_count`) is.
    pub fn summary(&self, name: &str, help: &str) -> Result<Summary, MetricsError> {
        self.summary_vec(name, help, &[])?.with_label_values(&[])
    }

    /// Registers summaries with labels.
    ///
    /// # Errors
    ///
    /// As [`summary`](Self::summary), and when a label name is invalid, occurs twice, or is `quantile`, which the format itself
    /// uses.
    pub fn summary_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<SummaryVec, MetricsError> {
        self.vector(MetricVec::new(name, help, label_names, ())?)
    }

    /// Registers facts about the program: a gauge that is 1, with the facts as labels. `_info` is added to the name where it
    /// does not end so.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is invalid or taken, or a label name is invalid or occurs twice.
    ///
    /// ```
    /// use pushjob::exposition::encode;
    /// use pushjob::metrics::Registry;
    ///
    /// let registry = Registry::new();
    /// registry.info("etl_source", "Where the rows come from.", &[("database", "orders")])?;
    /// assert!(encode(&registry.gather()?).ends_with("etl_source_info{database=\"orders\"} 1\n"));
    /// # Ok::<(), pushjob::metrics::MetricsError>(())
    /// ```
    pub fn info(
        &self,
        name: &str,
        help: &str,
        facts: &[(&str, &str)],
    ) -> Result<Info, MetricsError> {
        let info = Info::new(name, help, facts)?;
        self.register(info.clone())?;
        Ok(info)
    }

    fn vector<I: Instrument>(&self, vector: MetricVec<I>) -> Result<MetricVec<I>, MetricsError> {
        self.register(vector.clone())?;
        Ok(vector)
    }

    /// Registers a collector: a type of one's own, a closure, or a [`MetricFamily`] that is finished. It is asked once now, to know the
    /// names of its families.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Collect`] when it has none to give, [`MetricsError::Family`] when a name of it is taken, or is that of
    /// a series of a histogram or summary. It is not registered then.
    pub fn register(&self, collector: impl Collector + 'static) -> Result<(), MetricsError> {
        // Collectors are foreign code: they may use this registry.
        let families = collector
            .collect()
            .map_err(|source| MetricsError::Collect {
                metric: None,
                source,
            })?;
        let mut registered = self.lock();
        registered.reserve(&families)?;
        registered.collectors.push(Registration {
            collector: Arc::new(collector),
            first: families.first().map(|family| family.name().to_string()),
        });
        Ok(())
    }

    /// Registers all that another registry has, whenever it is asked: one of another crate with the features `prometheus` and
    /// `prometheus-client`, or another of this one.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    ///
    /// ```
    /// use pushjob::exposition::encode;
    /// use pushjob::metrics::Registry;
    ///
    /// let (registry, other) = (Registry::new(), Registry::new());
    /// other.gauge("rows", "Rows loaded.")?.set(42.0);
    /// registry.include(other)?;
    /// assert!(encode(&registry.gather()?).ends_with("rows 42\n"));
    /// # Ok::<(), pushjob::metrics::MetricsError>(())
    /// ```
    pub fn include(&self, other: impl Gather + Send + Sync + 'static) -> Result<(), MetricsError> {
        self.register(move || Ok(other.families()?.into_owned().into_iter().collect()))
    }

    /// All families as they are now.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Collect`] when a collector has none to give, [`MetricsError::Family`] when one gives a family that gets
    /// in the way of another's.
    pub fn gather(&self) -> Result<MetricFamilies, MetricsError> {
        let mut families = MetricFamilies::new();
        let collectors = self.lock().collectors.clone();
        for Registration { collector, first } in collectors {
            let collected = collector
                .collect()
                .map_err(|source| MetricsError::Collect {
                    metric: first,
                    source,
                })?;
            for family in collected {
                families.insert(family)?;
            }
        }
        Ok(families)
    }

    fn lock(&self) -> MutexGuard<'_, Registered> {
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it gathers can be pushed as it is.
impl Gather for Registry {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        Ok(Cow::Owned(self.gather()?))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.lock().names.clone();
        let names = names.iter().map(MetricFamily::name);
        f.debug_list().entries(names).finish()
    }
}
