//! Instruments of one name with labels.

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

/// Counters of one name, distinguished by label values.
pub type CounterVec = MetricVec<Counter>;

/// Gauges of one name, distinguished by label values.
pub type GaugeVec = MetricVec<Gauge>;

/// Histograms of one name, distinguished by label values.
pub type HistogramVec = MetricVec<Histogram>;

/// Summaries of one name, distinguished by label values.
pub type SummaryVec = MetricVec<Summary>;

/// Instruments of one name, distinguished by label values. Clones share them.
///
/// [`with_label_values`](Self::with_label_values) looks an instrument up. Keep the instrument of a series
/// that is used often: counting in it then takes no lock and no look-up.
#[derive(Clone)]
pub struct MetricVec<I: Instrument> {
    shared: Arc<VectorState<I>>,
}

struct VectorState<I: Instrument> {
    name: MetricName,
    help: String,
    label_names: Vec<LabelName>,
    /// Position of each of them among the labels of a series, which are sorted.
    positions: Box<[usize]>,
    options: I::Options,
    hashes: RandomState,
    series: RwLock<VectorSeries<I>>,
}

struct VectorSeries<I> {
    /// In the order in which they are gathered.
    in_order: BTreeMap<Labels, I>,
    /// The labels of these, shared by all gatherings until they change.
    listed: OnceLock<Arc<LabelList>>,
    /// For look-ups: by the hash of the values, in the order of the label names.
    by_hash: HashTable<(Labels, I)>,
}

impl<I: Instrument> MetricVec<I> {
    /// Makes an empty vector. Label names are checked here once: valid, unique, and not reserved by the
    /// format.
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
        let positions = label_names.iter().filter_map(place).collect();
        MetricFamily::new(name.clone(), I::METRIC_TYPE).insert(labels, instrument.value())?;
        Ok(Self {
            shared: Arc::new(VectorState {
                name,
                help: help.to_owned(),
                label_names,
                positions,
                options,
                hashes: RandomState::default(),
                series: RwLock::new(VectorSeries {
                    in_order: BTreeMap::new(),
                    listed: OnceLock::new(),
                    by_hash: HashTable::new(),
                }),
            }),
        })
    }

    /// Returns the instrument of these label values, in the order of the label names; the first call makes it.
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

    /// Makes the instrument of new label values.
    #[cold]
    fn make(&self, hash: u64, values: &[&str]) -> Result<I, MetricsError> {
        let labels = self.labels(values)?;
        let mut series = self.write();
        // Another thread may have made it meanwhile.
        if let Some(instrument) = self.find(&series, hash, values) {
            return Ok(instrument.clone());
        }
        let instrument = I::with_options(&self.shared.options);
        let child = (labels.clone(), instrument.clone());
        let rehash = |(labels, _): &(Labels, I)| self.hash_of(self.values(labels));
        series.by_hash.insert_unique(hash, child, rehash);
        series.in_order.insert(labels, instrument.clone());
        Ok(instrument)
    }

    /// Removes the series of these label values, and returns whether there was one. What still holds its
    /// instrument counts for itself from now on.
    ///
    /// # Errors
    ///
    /// [`MetricsError::LabelCount`] when there are more or fewer values than names.
    pub fn remove_label_values(&self, values: &[&str]) -> Result<bool, MetricsError> {
        let hash = self.hash(values)?;
        let labels = self.labels(values)?;
        let mut series = self.write();
        let child = |(other, _): &(Labels, I)| *other == labels;
        if let Ok(entry) = series.by_hash.find_entry(hash, child) {
            entry.remove();
        }
        Ok(series.in_order.remove(&labels).is_some())
    }

    /// Removes all series.
    pub fn clear(&self) {
        let mut series = self.write();
        series.in_order.clear();
        series.by_hash.clear();
    }

    /// The family as it is now.
    pub(super) fn family(&self) -> MetricFamily {
        let VectorState { name, help, .. } = &*self.shared;
        let series = self.read();
        let listed = || Arc::new(LabelList::new(series.in_order.keys()));
        let labels = Arc::clone(series.listed.get_or_init(listed));
        let values = series.in_order.values().map(Instrument::value).collect();
        MetricFamily::new(name.clone(), I::METRIC_TYPE)
            .with_help(help)
            .with_listed(labels, values)
    }

    #[inline]
    fn find<'a>(&self, series: &'a VectorSeries<I>, hash: u64, values: &[&str]) -> Option<&'a I> {
        let child = |(labels, _): &(Labels, I)| self.values(labels).eq(values.iter().copied());
        let child = series.by_hash.find(hash, child);
        child.map(|(_, instrument)| instrument)
    }

    /// The values of labels, in the order of the label names.
    fn values<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a str> {
        let positions = self.shared.positions.iter();
        positions.filter_map(|place| labels.value_at(*place))
    }

    /// The hash of label values, if there are as many as there are label names.
    fn hash(&self, values: &[&str]) -> Result<u64, MetricsError> {
        let VectorState {
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

    fn read(&self) -> RwLockReadGuard<'_, VectorSeries<I>> {
        let series = self.shared.series.read();
        series.unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the series to add or remove some.
    fn write(&self) -> RwLockWriteGuard<'_, VectorSeries<I>> {
        let series = self.shared.series.write();
        let mut series = series.unwrap_or_else(PoisonError::into_inner);
        series.listed = OnceLock::new();
        series
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
