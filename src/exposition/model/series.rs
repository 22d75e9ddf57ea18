//! Series of a family, with what is known of how their labels are written.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::labels::Labels;
use super::value::MetricValue;

/// Labels, and how they are written, without the braces, where that is known.
#[derive(Clone, Copy)]
pub(in crate::exposition) struct WrittenLabels<'a> {
    pub(in crate::exposition) labels: &'a Labels,
    text: Option<&'a str>,
}

impl<'a> WrittenLabels<'a> {
    fn new(labels: &'a Labels) -> Self {
        Self { labels, text: None }
    }

    /// Writes them, without the braces.
    pub(in crate::exposition) fn push_to(self, out: &mut String) {
        match self.text {
            Some(text) => out.push_str(text),
            None => self.labels.push_to(out),
        }
    }
}

/// The labels of series that are in order, no two the same, with how they are written: for series
/// that are gathered again and again. It lies side by side in memory, where the labels themselves
/// lie anywhere.
#[derive(Debug)]
pub(crate) struct LabelList {
    labels: Box<[Labels]>,
    written: String,
    /// Where the text of each of them ends.
    ends: Box<[usize]>,
}

impl LabelList {
    pub(crate) fn new<'a>(labels: impl Iterator<Item = &'a Labels>) -> Self {
        let labels: Box<[Labels]> = labels.cloned().collect();
        let mut written = String::new();
        let ends = labels.iter().map(|labels| {
            labels.push_to(&mut written);
            written.len()
        });
        Self {
            ends: ends.collect(),
            labels,
            written,
        }
    }

    fn iter(&self) -> impl Iterator<Item = WrittenLabels<'_>> {
        let mut begin = 0;
        self.labels
            .iter()
            .zip(&self.ends)
            .map(move |(labels, end)| {
                let text = self.written.get(begin..*end);
                begin = *end;
                WrittenLabels { labels, text }
            })
    }
}

/// The series of a family by their labels, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesSet {
    /// The labels of those that a registry has: nothing has to be looked up there, and they are the
    /// same whenever it is asked. None when there are others.
    listed: Option<Arc<LabelList>>,
    /// The values of these.
    values: Vec<MetricValue>,
    /// Those to which more may be added.
    map: BTreeMap<Labels, MetricValue>,
}

impl SeriesSet {
    /// Series with as many values.
    pub(super) fn listed(labels: Arc<LabelList>, values: Vec<MetricValue>) -> Self {
        Self {
            listed: Some(labels),
            values,
            map: BTreeMap::new(),
        }
    }

    pub(super) fn from_map(map: BTreeMap<Labels, MetricValue>) -> Self {
        Self {
            map,
            ..Self::default()
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
        match &self.listed {
            Some(listed) => self.values.get(listed.labels.binary_search(labels).ok()?),
            None => self.map.get(labels),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len() + self.map.len()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Labels, &MetricValue)> {
        self.written()
            .map(|(written, value)| (written.labels, value))
    }

    /// The same, with how the labels are written.
    pub(super) fn written(&self) -> impl Iterator<Item = (WrittenLabels<'_>, &MetricValue)> {
        let listed = self.listed.iter().flat_map(|labels| labels.iter());
        let mapped = self.map.iter();
        let mapped = mapped.map(|(labels, value)| (WrittenLabels::new(labels), value));
        listed.zip(&self.values).chain(mapped)
    }

    fn map(&mut self) -> &mut BTreeMap<Labels, MetricValue> {
        if let Some(listed) = self.listed.take() {
            let values = std::mem::take(&mut self.values);
            self.map = listed.labels.iter().cloned().zip(values).collect();
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
