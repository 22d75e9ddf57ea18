//! Which series there have been.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;

use crate::exposition::parse::Sample;

/// Stands for a series: two are the same only where the series are, since nobody finds two of 128 random bits by chance.
pub(super) type Fingerprint = u128;

/// Takes fingerprints. The hash is another one in every process, so that nobody can prepare two that are equal.
#[derive(Default)]
pub(super) struct Ink {
    high: RandomState,
    low: RandomState,
}

/// What stands between the name and the value of a label.
const BETWEEN: &[u8] = b"=\"";

/// The fingerprints of a sample's labels.
#[derive(Clone, Copy)]
pub(super) struct Prints {
    /// Of all labels but the one that the type keeps for itself.
    pub(super) own: Fingerprint,
    /// Of those that are left of them on the page of a gateway: `job` is the group's, and an empty `instance` is none.
    pub(super) page: Fingerprint,
}

impl Prints {
    /// Those of a text that is not for a gateway.
    pub(super) fn of_text(self) -> Self {
        Self {
            page: self.own,
            ..self
        }
    }

    /// Those of the series of a name.
    pub(super) fn and(self, name: Fingerprint) -> Self {
        Self {
            own: self.own.wrapping_add(name),
            page: self.page.wrapping_add(name),
        }
    }
}

impl Ink {
    /// The labels, in whatever order they stand. `reserved` is the one that the type keeps for itself.
    pub(super) fn labels(&self, sample: &Sample<'_>, reserved: Option<&str>) -> Prints {
        let mut prints = Prints { own: 1, page: 1 };
        for label in &sample.labels {
            let (name, value) = (label.name.of(sample.line), label.value.of(sample.line));
            if reserved.is_some_and(|reserved| name == reserved.as_bytes()) {
                continue;
            }
            // Mostly it stands in the line as it is to be hashed.
            let print = if sample.line[label.name.end..label.value.start] == *BETWEEN {
                self.print(&sample.line[label.name.start..label.value.end])
            } else {
                self.print(&[name, BETWEEN, value].concat())
            };
            prints.own = prints.own.wrapping_add(print);
            if !is_overwritten(name, value) {
                prints.page = prints.page.wrapping_add(print);
            }
        }
        prints
    }

    pub(super) fn print(&self, bytes: &[u8]) -> Fingerprint {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            hasher.write(bytes);
            u128::from(hasher.finish())
        };
        half(&self.high) << 64 | half(&self.low)
    }
}

/// Whether a label is not what tells series apart at a gateway.
fn is_overwritten(name: &[u8], value: &[u8]) -> bool {
    name == b"job" || (name == b"instance" && value.is_empty())
}

/// Stands for the labels on the page where they are not those of the text.
pub(super) fn alias(page: Fingerprint) -> Fingerprint {
    !page
}

/// The most fingerprints that are kept, of 16 bytes each.
pub(super) const MOST_SEEN: usize = 1 << 20;

/// As many slots as hold them with some to spare.
const MOST_SLOTS: usize = MOST_SEEN * 2;

/// A set of fingerprints that never grows beyond [`MOST_SEEN`].
#[derive(Default)]
pub(super) struct Seen {
    /// Zero where there is none; as many as a power of two, at most three quarters of them taken.
    slots: Vec<Fingerprint>,
    taken: usize,
}

/// What became of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    First,
    Again,
    /// There is no room for it.
    Unknown,
}

impl Seen {
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

    pub(super) fn contains(&self, print: Fingerprint) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(print)] != 0
    }

    pub(super) fn insert(&mut self, print: Fingerprint) -> Sighting {
        if self.taken * 4 >= self.slots.len() * 3 && !self.grow() {
            return if self.contains(print) {
                Sighting::Again
            } else {
                Sighting::Unknown
            };
        }
        let slot = self.slot(print);
        if self.slots[slot] != 0 {
            return Sighting::Again;
        }
        self.slots[slot] = nonzero(print);
        self.taken += 1;
        Sighting::First
    }

    /// Where it is, or would be. There is always a free slot.
    fn slot(&self, print: Fingerprint) -> usize {
        let print = nonzero(print);
        let mask = self.slots.len() - 1;
        let mut slot = print as usize & mask;
        while self.slots[slot] != 0 && self.slots[slot] != print {
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
        for print in old.into_iter().filter(|print| *print != 0) {
            let slot = self.slot(print);
            self.slots[slot] = print;
        }
        true
    }
}

/// Zero stands for a free slot.
fn nonzero(print: Fingerprint) -> Fingerprint {
    print.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Seen {
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
        let mut seen = Seen::large();
        assert_eq!(seen.insert(7), Sighting::First);
        seen.taken = Seen::full().taken;
        for _ in 0..2 {
            assert_eq!(seen.insert(7), Sighting::Again);
            assert_eq!(seen.insert(8), Sighting::Unknown);
            // Where the other would be if one of them were somewhere else.
            assert_eq!(seen.insert(7 + MOST_SLOTS as u128), Sighting::Unknown);
        }
        assert_eq!(seen.slots.len(), MOST_SLOTS);
    }

    #[test]
    fn there_is_room_for_as_many_as_a_search_has_to_hold() {
        // Searches are as many as there are this many samples, and these never spread quite evenly.
        assert!(Seen::full().taken > MOST_SEEN + MOST_SEEN / 4);
        let mut seen = Seen::large();
        seen.taken = Seen::full().taken - 1;
        assert_eq!(seen.insert(7), Sighting::First);
        assert_eq!(seen.insert(8), Sighting::Unknown);
    }
}
