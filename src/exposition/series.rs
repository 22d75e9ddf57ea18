use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::collections::btree_map::Entry;

use super::labels::Labels;
use super::value::MetricValue;

/// The series of a family by their labels, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesSet {
    /// As a registry has them, in order: nothing has to be looked up there. Empty when there are others.
    list: Vec<(Labels, MetricValue)>,
    /// To which more may be added.
    map: BTreeMap<Labels, MetricValue>,
}

impl SeriesSet {
    /// Series that are in order, no two with the same labels.
    pub(super) fn in_order(list: Vec<(Labels, MetricValue)>) -> Self {
        Self {
            list,
            map: BTreeMap::new(),
        }
    }

    pub(super) fn from_map(map: BTreeMap<Labels, MetricValue>) -> Self {
        Self {
            list: Vec::new(),
            map,
        }
    }

    /// Adds a series, or gives the labels back when there is one that has them.
    pub(super) fn insert(&mut self, labels: Labels, value: MetricValue) -> Result<(), Labels> {
        let map = self.map();
        if map.contains_key(&labels) {
            return Err(labels);
        }
        map.insert(labels, value);
        Ok(())
    }

    /// Puts the value that comes after the one a series has had in its place.
    #[cfg(target_os = "linux")]
    pub(super) fn update(
        &mut self,
        labels: Labels,
        next: impl FnOnce(Option<&MetricValue>) -> MetricValue,
    ) {
        match self.map().entry(labels) {
            Entry::Occupied(mut entry) => {
                let value = next(Some(entry.get()));
                entry.insert(value);
            }
            Entry::Vacant(entry) => {
                entry.insert(next(None));
            }
        }
    }

    /// The value of a series.
    #[cfg(target_os = "linux")]
    pub(super) fn get(&self, labels: &Labels) -> Option<&MetricValue> {
        let place = |(other, _): &(Labels, MetricValue)| other.cmp(labels);
        match self.list.binary_search_by(place) {
            Ok(index) => Some(&self.list[index].1),
            Err(_) => self.map.get(labels),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len() + self.map.len()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Labels, &MetricValue)> {
        let list = self.list.iter().map(|(labels, value)| (labels, value));
        list.chain(&self.map)
    }

    fn map(&mut self) -> &mut BTreeMap<Labels, MetricValue> {
        if !self.list.is_empty() {
            self.map = std::mem::take(&mut self.list).into_iter().collect();
        }
        &mut self.map
    }
}

/// Which form they have does not count.
impl PartialEq for SeriesSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
