//! Search for series that occur twice, once more through the text.

use crate::exposition::normalize::Normalizer;
use crate::exposition::scan::Scanner;

use super::options::CheckOptions;
use super::series_id::SeriesId;
use super::series_id_set::SeriesIdSet;

/// Part of the series that is looked at in one of several searches.
#[derive(Clone, Copy)]
pub(super) struct SearchPart {
    pub(super) part: u64,
    pub(super) parts: u64,
}

impl SearchPart {
    pub(super) fn holds(self, id: SeriesId) -> bool {
        // The upper half, taken for a fraction of one.
        ((id >> 64) * u128::from(self.parts)) >> 64 == u128::from(self.part)
    }
}

/// Search for series that occur twice, among those that the first time through the text left open.
pub(super) struct RepetitionSearch {
    pub(super) part: SearchPart,
    pub(super) normalizer: Normalizer,
    pub(super) scanner: Scanner,
    pub(super) series: SeriesIdSet,
}

impl RepetitionSearch {
    pub(super) fn new(options: CheckOptions, part: SearchPart) -> Self {
        Self {
            part,
            normalizer: options.normalizer(),
            scanner: options.scanner(),
            series: if part.parts > 1 {
                SeriesIdSet::large()
            } else {
                SeriesIdSet::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_searches_look_at_every_series_once_and_share_them_evenly() {
        for parts in [1, 2, 3, 7, 1000] {
            let ids = u128::from(parts) * 16;
            let step = u128::MAX / ids;
            let all: Vec<SearchPart> = (0..parts).map(|part| SearchPart { part, parts }).collect();
            let mut held = vec![0; all.len()];
            for id in 0..ids {
                // The first and the last of a piece, so that both sides of each border are looked
                // at.
                for id in [id * step, (id + 1) * step - 1] {
                    let holders = (0..all.len()).filter(|part| all[*part].holds(id));
                    let holders: Vec<usize> = holders.collect();
                    assert_eq!(holders.len(), 1, "{id:x} of {parts}: {holders:?}");
                    held[holders[0]] += 1;
                }
            }
            assert!(held.iter().all(|held| (31..=33).contains(held)), "{held:?}");
            assert!(all[all.len() - 1].holds(u128::MAX));
        }
    }
}
