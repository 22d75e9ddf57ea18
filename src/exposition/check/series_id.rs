//! Ids of series, by which they are told apart.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;

use crate::exposition::scan::SampleLine;

/// Stands for a series: two are the same only where the series are, since nobody finds two of 128
/// random bits by chance.
pub(super) type SeriesId = u128;

/// Takes ids. The hash is another one in every process, so that nobody can prepare two that are
/// equal.
#[derive(Default)]
pub(super) struct SeriesHasher {
    high: RandomState,
    low: RandomState,
}

/// What stands between the name and the value of a label.
const BETWEEN: &[u8] = b"=\"";

/// The ids of a sample's labels.
#[derive(Clone, Copy)]
pub(super) struct SeriesIds {
    /// Of all labels but the one that the type keeps for itself.
    pub(super) own: SeriesId,
    /// Of those that are left of them on the page of a gateway: `job` is the group's, and an empty
    /// `instance` is none.
    pub(super) page: SeriesId,
}

impl SeriesIds {
    /// Those of a text that is not for a gateway.
    pub(super) fn of_text(self) -> Self {
        Self {
            page: self.own,
            ..self
        }
    }

    /// Those of the series of a name.
    pub(super) fn with_name(self, name: SeriesId) -> Self {
        Self {
            own: self.own.wrapping_add(name),
            page: self.page.wrapping_add(name),
        }
    }
}

impl SeriesHasher {
    /// The labels, in whatever order they stand. `reserved` is the one that the type keeps for
    /// itself.
    pub(super) fn labels(&self, sample: &SampleLine<'_>, reserved: Option<&str>) -> SeriesIds {
        let mut ids = SeriesIds { own: 1, page: 1 };
        for label in &sample.labels {
            let (name, value) = (label.name.of(sample.line), label.value.of(sample.line));
            if reserved.is_some_and(|reserved| name == reserved.as_bytes()) {
                continue;
            }
            // Mostly it stands in the line as it is to be hashed.
            let id = if sample.line[label.name.end..label.value.start] == *BETWEEN {
                self.id(&sample.line[label.name.start..label.value.end])
            } else {
                self.id(&[name, BETWEEN, value].concat())
            };
            ids.own = ids.own.wrapping_add(id);
            if !is_overwritten(name, value) {
                ids.page = ids.page.wrapping_add(id);
            }
        }
        ids
    }

    pub(super) fn id(&self, bytes: &[u8]) -> SeriesId {
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
pub(super) fn fold_page(page: SeriesId) -> SeriesId {
    !page
}
