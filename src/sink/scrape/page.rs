//! One page: the metrics as text and compressed, and how long it is served.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::chain::chain;
use crate::exposition::{Gather, encode};
use crate::grouping::GroupingKey;
use crate::push::Compression;
use crate::sink::relabel::with_group_labels;

use super::limits::{CONNECTION_LIMIT, PAGE_LIFE, PAGE_REST};

/// What is served.
pub(super) struct PageSource<G> {
    pub(super) gather: G,
    /// Whose labels the series get.
    pub(super) key: Option<GroupingKey>,
    /// Called when no client has connected for a while.
    pub(super) idle: Option<Idle>,
}

/// A callback.
pub(super) type Idle = Box<dyn Fn() + Send + Sync>;

/// The metrics as they were at one moment, for all clients that ask around then.
pub(super) struct Page {
    /// The metrics, or the reason why there are none.
    text: Result<Box<str>, String>,
    /// With how long that took.
    compressed: OnceLock<(Box<[u8]>, Duration)>,
    gathered: Instant,
    /// How long that took.
    effort: Duration,
}

impl Page {
    pub(super) fn gather<G: Gather>(source: &PageSource<G>) -> Self {
        let begin = Instant::now();
        // State that a panic leaves inconsistent belongs to the collector.
        let text = catch_unwind(AssertUnwindSafe(|| text(source)));
        let text = text.unwrap_or_else(|_| Err("a collector panicked".to_owned()));
        Self {
            // The page is kept: it holds no spare capacity.
            text: text
                .map(String::into_boxed_str)
                .map_err(|reason| format!("cannot gather the metrics: {reason}\n")),
            compressed: OnceLock::new(),
            gathered: Instant::now(),
            effort: begin.elapsed(),
        }
    }

    /// Tells whether the page is still served to a client that asked at this moment, which may be before
    /// it was gathered.
    pub(super) fn is_fresh(&self, moment: Instant) -> bool {
        let age = moment.saturating_duration_since(self.gathered);
        let compressing = self.compressed.get().map(|(_, effort)| *effort);
        let effort = self.effort + compressing.unwrap_or_default();
        let rest = effort.saturating_mul(PAGE_REST);
        age < rest.clamp(PAGE_LIFE, CONNECTION_LIMIT)
    }

    pub(super) fn compress(&self, compression: Compression) {
        if let (Ok(text), Some(_)) = (&self.text, compression.encoding()) {
            self.compressed.get_or_init(|| {
                let begin = Instant::now();
                let bytes = compression.apply(text).into_owned();
                (bytes.into_boxed_slice(), begin.elapsed())
            });
        }
    }

    /// The bytes to send, or the reason why there are none. None when it has not been compressed yet.
    pub(super) fn body(&self, compression: Compression) -> Option<Result<&[u8], &str>> {
        match &self.text {
            Err(reason) => Some(Err(&reason[..])),
            Ok(_) if compression.encoding().is_some() => {
                self.compressed.get().map(|(bytes, _)| Ok(&bytes[..]))
            }
            Ok(text) => Some(Ok(text.as_bytes())),
        }
    }
}

fn text<G: Gather>(source: &PageSource<G>) -> Result<String, String> {
    let one_line = |error: &dyn Error| chain(error).replace(['\n', '\r'], " ");
    let families = source
        .gather
        .families()
        .map_err(|error| one_line(&*error))?;
    let Some(key) = &source.key else {
        return Ok(encode(&families));
    };
    let families = with_group_labels(key, &families).map_err(|error| one_line(&error))?;
    Ok(encode(&families))
}
