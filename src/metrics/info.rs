//! Facts about a program, as a metric.

use std::sync::{Arc, Mutex, PoisonError};

use crate::exposition::{FamilyError, Labels, MetricFamily, MetricName, MetricType, MetricValue};

use super::collector::{CollectError, Collector};
use super::error::MetricsError;

/// End of the names of these metrics.
const SUFFIX: &str = "_info";

/// Facts about a program that are not numbers, such as its version: a gauge that is 1, with the facts as
/// labels. Clones share them.
#[derive(Clone, Debug)]
pub struct Info {
    name: MetricName,
    help: String,
    labels: Arc<Mutex<Labels>>,
}

impl Info {
    pub(super) fn new(
        name: &str,
        help: &str,
        facts: &[(&str, &str)],
    ) -> Result<Self, MetricsError> {
        let base = name.strip_suffix(SUFFIX).unwrap_or(name);
        // An error names the name that was given.
        let name = MetricName::new(name.to_owned())
            .and_then(|_| MetricName::new(format!("{base}{SUFFIX}")))?;
        Ok(Self {
            name,
            help: help.to_owned(),
            labels: Arc::new(Mutex::new(Labels::new(facts)?)),
        })
    }

    /// Replaces the facts.
    ///
    /// # Errors
    ///
    /// [`MetricsError`] when a label name is invalid or occurs twice; the facts stay as they are.
    pub fn set(&self, facts: &[(&str, &str)]) -> Result<(), MetricsError> {
        let labels = Labels::new(facts)?;
        *self.labels.lock().unwrap_or_else(PoisonError::into_inner) = labels;
        Ok(())
    }

    fn family(&self) -> Result<MetricFamily, FamilyError> {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let mut family =
            MetricFamily::new(self.name.clone(), MetricType::Gauge).with_help(self.help.clone());
        family.insert(labels.clone(), MetricValue::Gauge(1.0))?;
        Ok(family)
    }
}

impl Collector for Info {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        Ok(vec![self.family()?])
    }
}
