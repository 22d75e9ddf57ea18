//! Sets of series that are bounded in size.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::series_id::SeriesId;

/// How many series a search looks at.
pub(super) const MOST_SERIES: usize = 1 << 20;

/// The most ids that are kept, of 17 bytes each in twice as many places: more than a search looks
/// at, for searches never share the series quite evenly.
const MOST_IDS: usize = MOST_SERIES / 2 * 3;

/// A set of ids that never grows beyond its limit.
pub(super) struct SeriesIdSet {
    ids: HashTable<SeriesId>,
    limit: usize,
}

/// Outcome of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    /// The id was not there.
    New,
    /// It was there already.
    Known,
    /// It is not there, and there is no room for it.
    Full,
}

impl Default for SeriesIdSet {
    fn default() -> Self {
        Self::with_limit(MOST_IDS)
    }
}

impl SeriesIdSet {
    pub(super) fn with_limit(limit: usize) -> Self {
        let ids = HashTable::new();
        Self { ids, limit }
    }

    /// One that has all the room from the beginning, for as many as there may be.
    pub(super) fn large() -> Self {
        Self {
            ids: HashTable::with_capacity(MOST_IDS),
            limit: MOST_IDS,
        }
    }

    pub(super) fn clear(&mut self) {
        // What was needed for many is too much to clear for few.
        if self.ids.capacity() > 64 && self.ids.len() < self.ids.capacity() / 8 {
            self.ids = HashTable::new();
        } else {
            self.ids.clear();
        }
    }

    pub(super) fn contains(&self, id: SeriesId) -> bool {
        self.ids.find(hash(&id), |other| *other == id).is_some()
    }

    pub(super) fn insert(&mut self, id: SeriesId) -> Insertion {
        if self.ids.len() >= self.limit {
            return if self.contains(id) {
                Insertion::Known
            } else {
                Insertion::Full
            };
        }
        match self.ids.entry(hash(&id), |other| *other == id, hash) {
            Entry::Occupied(_) => Insertion::Known,
            Entry::Vacant(place) => {
                place.insert(id);
                Insertion::New
            }
        }
    }
}

/// Half of an id, which is a hash itself; searches divide the series by the other half.
#[expect(clippy::cast_possible_truncation, reason = "half of it is enough")]
fn hash(id: &SeriesId) -> u64 {
    *id as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_set_still_knows_its_ids() {
        let mut set = SeriesIdSet::with_limit(1);
        assert_eq!(set.insert(7), Insertion::New);
        for _ in 0..2 {
            assert_eq!(set.insert(7), Insertion::Known);
            assert_eq!(set.insert(8), Insertion::Full);
            // One with the same hash.
            assert_eq!(set.insert(7 + (1 << 64)), Insertion::Full);
        }
    }

    #[test]
    fn there_is_room_for_as_many_as_a_search_has_to_hold() {
        // Searches are as many as there are this many samples, and these never spread quite evenly.
        const { assert!(MOST_IDS > MOST_SERIES + MOST_SERIES / 4) };
        let set = SeriesIdSet::large();
        assert!(set.ids.capacity() >= MOST_IDS && set.ids.capacity() < MOST_SERIES * 2);
    }
}
