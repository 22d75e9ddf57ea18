use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::exposition::{FamilyError, LabelName, Labels, MetricFamily, MetricName};

use super::error::MetricsError;
use super::instrument::{Counter, Gauge, Instrument};
use super::registry::Collector;

/// Counters of one name, told apart by label values.
pub type CounterVec = MetricVec<Counter>;

/// Gauges of one name, told apart by label values.
pub type GaugeVec = MetricVec<Gauge>;

/// Instruments of one name, told apart by label values. Clones share them.
#[derive(Clone, Debug)]
pub struct MetricVec<I> {
    shared: Arc<Shared<I>>,
}

#[derive(Debug)]
struct Shared<I> {
    name: MetricName,
    help: String,
    label_names: Vec<LabelName>,
    children: Mutex<BTreeMap<Labels, I>>,
}

impl<I: Instrument> MetricVec<I> {
    /// An empty vector. Label names are checked here once: each a label name, none twice.
    pub(super) fn new(name: &str, help: &str, label_names: &[&str]) -> Result<Self, MetricsError> {
        let label_names = label_names
            .iter()
            .map(|name| LabelName::new((*name).to_owned()))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = label_names
            .iter()
            .cloned()
            .map(|name| (name, String::new()));
        Labels::from_pairs(pairs.collect())?;
        Ok(Self {
            shared: Arc::new(Shared {
                name: MetricName::new(name.to_owned())?,
                help: help.to_owned(),
                label_names,
                children: Mutex::default(),
            }),
        })
    }

    /// The instrument of these label values, in the order of the label names; it is made when first asked for.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelCount`] when there are more or fewer values than names.
    pub fn with_label_values(&self, values: &[&str]) -> Result<I, MetricsError> {
        let Shared {
            name,
            label_names,
            children,
            ..
        } = &*self.shared;
        if values.len() != label_names.len() {
            return Err(MetricsError::LabelCount {
                metric: name.to_string(),
                expected: label_names.len(),
                found: values.len(),
            });
        }
        let values = values.iter().map(|value| (*value).to_owned());
        let labels = Labels::from_pairs(label_names.iter().cloned().zip(values).collect())?;
        let mut children = children.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(children.entry(labels).or_default().clone())
    }
}

impl<I: Instrument> Collector for MetricVec<I> {
    fn collect(&self) -> Result<MetricFamily, FamilyError> {
        let Shared {
            name,
            help,
            children,
            ..
        } = &*self.shared;
        let mut family = MetricFamily::new(name.clone(), I::METRIC_TYPE).with_help(help.clone());
        let children = children.lock().unwrap_or_else(PoisonError::into_inner);
        for (labels, instrument) in children.iter() {
            family.insert(labels.clone(), instrument.value())?;
        }
        Ok(family)
    }
}
