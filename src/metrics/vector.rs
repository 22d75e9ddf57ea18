use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::exposition::{FamilyError, LabelList, LabelName, Labels, MetricFamily, MetricName};

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
    /// Where each of them stands among the labels of a series, which are sorted.
    places: Box<[usize]>,
    options: I::Options,
    hashes: RandomState,
    children: RwLock<Children<I>>,
}

struct Children<I> {
    /// As they are gathered.
    in_order: BTreeMap<Labels, I>,
    /// The labels of these, for all who gather until there are others.
    listed: OnceLock<Arc<LabelList>>,
    /// As they are looked up: by the hash of the values, in the order of the label names.
    by_hash: HashTable<(Labels, I)>,
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
            .map(|name| LabelName::new(*name))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = label_names.iter().cloned().map(|name| (name, ""));
        let labels = Labels::of_pairs(pairs)?;
        let instrument = I::with_options(&options);
        let place = |name: &LabelName| labels.iter().position(|(other, _)| other == name);
        let places = label_names.iter().filter_map(place).collect();
        MetricFamily::new(name.clone(), I::METRIC_TYPE).insert(labels, instrument.value())?;
        Ok(Self {
            shared: Arc::new(Shared {
                name,
                help: help.to_owned(),
                label_names,
                places,
                options,
                hashes: RandomState::default(),
                children: RwLock::new(Children {
                    in_order: BTreeMap::new(),
                    listed: OnceLock::new(),
                    by_hash: HashTable::new(),
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
        if let Some(instrument) = self.find(&self.read(), hash, values) {
            return Ok(instrument.clone());
        }
        self.make(hash, values)
    }

    /// The instrument of label values that nobody has asked for yet.
    #[cold]
    fn make(&self, hash: u64, values: &[&str]) -> Result<I, MetricsError> {
        let labels = self.labels(values)?;
        let mut children = self.write();
        // Somebody else may have made it meanwhile.
        if let Some(instrument) = self.find(&children, hash, values) {
            return Ok(instrument.clone());
        }
        let instrument = I::with_options(&self.shared.options);
        let child = (labels.clone(), instrument.clone());
        let rehash = |(labels, _): &(Labels, I)| self.hash_of(self.values(labels));
        children.by_hash.insert_unique(hash, child, rehash);
        children.in_order.insert(labels, instrument.clone());
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
        let child = |(other, _): &(Labels, I)| *other == labels;
        if let Ok(entry) = children.by_hash.find_entry(hash, child) {
            entry.remove();
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
        let listed = || Arc::new(LabelList::new(children.in_order.keys()));
        let labels = Arc::clone(children.listed.get_or_init(listed));
        let values = children.in_order.values().map(Instrument::value).collect();
        MetricFamily::new(name.clone(), I::METRIC_TYPE)
            .with_help(help)
            .with_listed(labels, values)
    }

    #[inline]
    fn find<'a>(&self, children: &'a Children<I>, hash: u64, values: &[&str]) -> Option<&'a I> {
        let child = |(labels, _): &(Labels, I)| self.values(labels).eq(values.iter().copied());
        let child = children.by_hash.find(hash, child);
        child.map(|(_, instrument)| instrument)
    }

    /// The values of labels, in the order of the label names.
    fn values<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a str> {
        let places = self.shared.places.iter();
        places.filter_map(|place| labels.value_at(*place))
    }

    /// The hash of label values, if there are as many as there are label names.
    fn hash(&self, values: &[&str]) -> Result<u64, MetricsError> {
        let Shared {
            name, label_names, ..
        } = &*self.shared;
        if values.len() == label_names.len() {
            return Ok(self.hash_of(values.iter().copied()));
        }
        Err(MetricsError::LabelCount {
            metric: name.to_string(),
            expected: label_names.len(),
            found: values.len(),
        })
    }

    fn hash_of<'a>(&self, values: impl Iterator<Item = &'a str>) -> u64 {
        let mut hasher = self.shared.hashes.build_hasher();
        values.for_each(|value| value.hash(&mut hasher));
        hasher.finish()
    }

    fn labels(&self, values: &[&str]) -> Result<Labels, FamilyError> {
        let names = self.shared.label_names.iter().cloned();
        Labels::of_pairs(names.zip(values.iter().copied()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Children<I>> {
        let children = self.shared.children.read();
        children.unwrap_or_else(PoisonError::into_inner)
    }

    /// For who changes which there are.
    fn write(&self) -> RwLockWriteGuard<'_, Children<I>> {
        let children = self.shared.children.write();
        let mut children = children.unwrap_or_else(PoisonError::into_inner);
        children.listed = OnceLock::new();
        children
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
