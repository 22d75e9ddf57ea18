use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;

use crate::exposition::{FamilyError, LabelName, Labels, MetricFamily, MetricName};

use super::collector::{CollectError, Collector};
use super::counter::Counter;
use super::error::MetricsError;
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::instrument::Instrument;
use super::summary::Summary;

/// Counters of one name, told apart by label values.
pub type CounterVec = MetricVec<Counter>;

/// Gauges of one name, told apart by label values.
pub type GaugeVec = MetricVec<Gauge>;

/// Histograms of one name, told apart by label values.
pub type HistogramVec = MetricVec<Histogram>;

/// Summaries of one name, told apart by label values.
pub type SummaryVec = MetricVec<Summary>;

/// Instruments of one name, told apart by label values. Clones share them.
///
/// [`with_label_values`](Self::with_label_values) looks an instrument up. Where one series is counted in often, it is
/// asked for once and kept: to count in it then takes no lock and no look-up.
#[derive(Clone)]
pub struct MetricVec<I: Instrument> {
    shared: Arc<Shared<I>>,
}

struct Shared<I: Instrument> {
    name: MetricName,
    help: String,
    label_names: Vec<LabelName>,
    options: I::Options,
    hashes: RandomState,
    children: RwLock<Children<I>>,
}

struct Children<I> {
    /// As they are gathered.
    in_order: BTreeMap<Labels, I>,
    /// As they are looked up: by the hash of the values.
    by_hash: HashMap<u64, Vec<Known<I>>, RandomState>,
}

/// An instrument with its label values, in the order of the label names.
struct Known<I> {
    values: Box<[String]>,
    instrument: I,
}

impl<I> Children<I> {
    fn find(&self, hash: u64, values: &[&str]) -> Option<&I> {
        let known = self.by_hash.get(&hash)?.iter();
        let mut known = known.filter(|known| known.values.iter().eq(values));
        known.next().map(|known| &known.instrument)
    }
}

impl<I: Instrument> MetricVec<I> {
    /// An empty vector. Label names are checked here once: each a label name, none twice, none of the format's own.
    pub(super) fn new(
        name: &str,
        help: &str,
        label_names: &[&str],
        options: I::Options,
    ) -> Result<Self, MetricsError> {
        let name = MetricName::new(name.to_owned())?;
        let label_names = label_names
            .iter()
            .map(|name| LabelName::new((*name).to_owned()))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = label_names
            .iter()
            .cloned()
            .map(|name| (name, String::new()));
        let labels = Labels::from_pairs(pairs.collect())?;
        let instrument = I::with_options(&options);
        MetricFamily::new(name.clone(), I::METRIC_TYPE).insert(labels, instrument.value())?;
        Ok(Self {
            shared: Arc::new(Shared {
                name,
                help: help.to_owned(),
                label_names,
                options,
                hashes: RandomState::default(),
                children: RwLock::new(Children {
                    in_order: BTreeMap::new(),
                    by_hash: HashMap::default(),
                }),
            }),
        })
    }

    /// The instrument of these label values, in the order of the label names; it is made when first asked for.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelCount`] when there are more or fewer values than names.
    pub fn with_label_values(&self, values: &[&str]) -> Result<I, MetricsError> {
        let hash = self.hash(values)?;
        if let Some(instrument) = self.read().find(hash, values) {
            return Ok(instrument.clone());
        }
        let mut children = self.write();
        // Somebody else may have made it meanwhile.
        if let Some(instrument) = children.find(hash, values) {
            return Ok(instrument.clone());
        }
        let labels = self.labels(values)?.written();
        let instrument = I::with_options(&self.shared.options);
        children.in_order.insert(labels, instrument.clone());
        let known = Known {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            instrument: instrument.clone(),
        };
        children.by_hash.entry(hash).or_default().push(known);
        Ok(instrument)
    }

    /// Takes the series of these label values away, and says whether there was one. Who still has its instrument
    /// counts for himself from now on.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelCount`] when there are more or fewer values than names.
    pub fn remove_label_values(&self, values: &[&str]) -> Result<bool, MetricsError> {
        let hash = self.hash(values)?;
        let labels = self.labels(values)?;
        let mut children = self.write();
        if let Some(known) = children.by_hash.get_mut(&hash) {
            known.retain(|known| !known.values.iter().eq(values));
            if known.is_empty() {
                children.by_hash.remove(&hash);
            }
        }
        Ok(children.in_order.remove(&labels).is_some())
    }

    /// Takes all series away.
    pub fn clear(&self) {
        let mut children = self.write();
        children.in_order.clear();
        children.by_hash.clear();
    }

    /// The family as it is now.
    pub(super) fn family(&self) -> MetricFamily {
        let Shared { name, help, .. } = &*self.shared;
        let children = self.read();
        let series = children.in_order.iter();
        let series = series.map(|(labels, instrument)| (labels.clone(), instrument.value()));
        MetricFamily::in_order(name.clone(), I::METRIC_TYPE, help.clone(), series.collect())
    }

    fn hash(&self, values: &[&str]) -> Result<u64, MetricsError> {
        let Shared {
            name,
            label_names,
            hashes,
            ..
        } = &*self.shared;
        if values.len() == label_names.len() {
            return Ok(hashes.hash_one(values));
        }
        Err(MetricsError::LabelCount {
            metric: name.to_string(),
            expected: label_names.len(),
            found: values.len(),
        })
    }

    fn labels(&self, values: &[&str]) -> Result<Labels, FamilyError> {
        let values = values.iter().map(|value| (*value).to_owned());
        let names = self.shared.label_names.iter().cloned();
        Labels::from_pairs(names.zip(values).collect())
    }

    fn read(&self) -> RwLockReadGuard<'_, Children<I>> {
        let children = self.shared.children.read();
        children.unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Children<I>> {
        let children = self.shared.children.write();
        children.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Instrument> Collector for MetricVec<I> {
    fn collect(&self) -> Result<Vec<MetricFamily>, CollectError> {
        Ok(vec![self.family()])
    }
}

impl<I: Instrument> fmt::Debug for MetricVec<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricVec")
            .field("name", &self.shared.name)
            .field("label_names", &self.shared.label_names)
            .finish_non_exhaustive()
    }
}
