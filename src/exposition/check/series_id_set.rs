//! Sets of series that are bounded in size.

use super::series_id::SeriesId;

/// The most ids that are kept, of 16 bytes each.
pub(super) const MOST_SERIES: usize = 1 << 20;

/// As many slots as hold them with some to spare.
const MOST_SLOTS: usize = MOST_SERIES * 2;

/// A set of ids that never grows beyond [`MOST_SERIES`].
#[derive(Default)]
pub(super) struct SeriesIdSet {
    /// Zero where there is none; as many as a power of two, at most three quarters of them taken.
    slots: Vec<SeriesId>,
    taken: usize,
}

/// What became of a id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insertion {
    New,
    Known,
    /// There is no room for it.
    Full,
}

impl SeriesIdSet {
    /// One that has all the room from the beginning, for as many as there may be.
    pub(super) fn large() -> Self {
        Self {
            slots: vec![0; MOST_SLOTS],
            taken: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        // What was needed for many is too much to clear for few.
        if self.slots.len() > 64 && self.taken < self.slots.len() / 8 {
            self.slots = Vec::new();
        } else {
            self.slots.fill(0);
        }
        self.taken = 0;
    }

    pub(super) fn contains(&self, id: SeriesId) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(id)] != 0
    }

    pub(super) fn insert(&mut self, id: SeriesId) -> Insertion {
        if self.taken * 4 >= self.slots.len() * 3 && !self.grow() {
            return if self.contains(id) {
                Insertion::Known
            } else {
                Insertion::Full
            };
        }
        let slot = self.slot(id);
        if self.slots[slot] != 0 {
            return Insertion::Known;
        }
        self.slots[slot] = nonzero(id);
        self.taken += 1;
        Insertion::New
    }

    /// Where it is, or would be. There is always a free slot.
    fn slot(&self, id: SeriesId) -> usize {
        let id = nonzero(id);
        let mask = self.slots.len() - 1;
        let mut slot = id as usize & mask;
        while self.slots[slot] != 0 && self.slots[slot] != id {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Makes room for more; false where there is as much as there may be.
    fn grow(&mut self) -> bool {
        let length = (self.slots.len() * 2).max(64);
        if length > MOST_SLOTS {
            return false;
        }
        let old = std::mem::replace(&mut self.slots, vec![0; length]);
        for id in old.into_iter().filter(|id| *id != 0) {
            let slot = self.slot(id);
            self.slots[slot] = id;
        }
        true
    }
}

/// Zero stands for a free slot.
fn nonzero(id: SeriesId) -> SeriesId {
    id.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SeriesIdSet {
        /// One that is full, though there is next to nothing in it: to fill it takes long.
        pub(in crate::exposition::check) fn full() -> Self {
            Self {
                taken: MOST_SLOTS / 4 * 3,
                ..Self::large()
            }
        }
    }

    #[test]
    fn what_is_full_still_knows_what_it_holds() {
        let mut set = SeriesIdSet::large();
        assert_eq!(set.insert(7), Insertion::New);
        set.taken = SeriesIdSet::full().taken;
        for _ in 0..2 {
            assert_eq!(set.insert(7), Insertion::Known);
            assert_eq!(set.insert(8), Insertion::Full);
            // Where the other would be if one of them were somewhere else.
            assert_eq!(set.insert(7 + MOST_SLOTS as u128), Insertion::Full);
        }
        assert_eq!(set.slots.len(), MOST_SLOTS);
    }

    #[test]
    fn there_is_room_for_as_many_as_a_search_has_to_hold() {
        // Searches are as many as there are this many samples, and these never spread quite evenly.
        assert!(SeriesIdSet::full().taken > MOST_SERIES + MOST_SERIES / 4);
        let mut set = SeriesIdSet::large();
        set.taken = SeriesIdSet::full().taken - 1;
        assert_eq!(set.insert(7), Insertion::New);
        assert_eq!(set.insert(8), Insertion::Full);
    }
}
