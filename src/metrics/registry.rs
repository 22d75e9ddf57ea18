use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exposition::{FamilyError, Gather, MetricFamilies, MetricFamily};

use super::error::MetricsError;
use super::instrument::{Counter, Gauge, Instrument};
use super::vector::{CounterVec, GaugeVec, MetricVec};

/// Something that has a metric family to give whenever it is asked.
pub trait Collector: Send + Sync {
    /// The family as it is now. Name and type must be the same each time.
    ///
    /// # Errors
    ///
    /// [`FamilyError`] when the family contradicts itself.
    fn collect(&self) -> Result<MetricFamily, FamilyError>;
}

/// A family that does not change is its own collector.
impl Collector for MetricFamily {
    fn collect(&self) -> Result<MetricFamily, FamilyError> {
        Ok(self.clone())
    }
}

/// The metrics of a program: instruments and other collectors, no two of which get in each other's way.
#[derive(Default)]
pub struct Registry {
    registered: Mutex<Registered>,
}

#[derive(Default)]
struct Registered {
    collectors: Vec<Arc<dyn Collector>>,
    /// The families of the collectors, without series.
    names: MetricFamilies,
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
    /// [`MetricsError`] when the name is no metric name or is taken.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, MetricsError> {
        self.vector(name, help, &[])?.with_label_values(&[])
    }

    /// Registers a gauge without labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is no metric name or is taken.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, MetricsError> {
        self.vector(name, help, &[])?.with_label_values(&[])
    }

    /// Registers counters with labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is no metric name or is taken, or a label name is none or occurs twice.
    pub fn counter_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<CounterVec, MetricsError> {
        self.vector(name, help, label_names)
    }

    /// Registers gauges with labels.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when the name is no metric name or is taken, or a label name is none or occurs twice.
    pub fn gauge_vec(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<GaugeVec, MetricsError> {
        self.vector(name, help, label_names)
    }

    fn vector<I: Instrument>(
        &self,
        name: &str,
        help: &str,
        label_names: &[&str],
    ) -> Result<MetricVec<I>, MetricsError> {
        let vector = MetricVec::new(name, help, label_names)?;
        self.register(vector.clone())?;
        Ok(vector)
    }

    /// Registers a collector, such as a [`MetricFamily`] that is finished.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Family`] when its name is taken, or is that of a series of a histogram or summary.
    pub fn register(&self, collector: impl Collector + 'static) -> Result<(), MetricsError> {
        let family = collector.collect()?;
        let mut registered = self.lock();
        let name = MetricFamily::new(family.name().clone(), family.metric_type());
        registered.names.insert(name)?;
        registered.collectors.push(Arc::new(collector));
        Ok(())
    }

    /// All families as they are now.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Family`] when a collector has changed its name into one that is taken.
    pub fn gather(&self) -> Result<MetricFamilies, MetricsError> {
        let mut families = MetricFamilies::new();
        // Collectors are foreign code: they may use this registry.
        let collectors = self.lock().collectors.clone();
        for collector in collectors {
            families.insert(collector.collect()?)?;
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
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
