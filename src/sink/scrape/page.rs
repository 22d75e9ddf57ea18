use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::exposition::{Gather, encode};
use crate::grouping::GroupingKey;
use crate::push::Compression;
use crate::sink::relabel::with_group_labels;

use super::limits::{CONNECTION_LIMIT, PAGE_LIFE, PAGE_REST};

/// What there is to serve.
pub(super) struct Source<G> {
    pub(super) gather: G,
    /// Whose labels the series get.
    pub(super) key: Option<GroupingKey>,
    /// What is to be done when nobody has come for a while.
    pub(super) idle: Option<Idle>,
}

/// Something to be done.
pub(super) type Idle = Box<dyn Fn() + Send + Sync>;

/// A page as it was at one moment, for all who ask around then.
pub(super) struct Page {
    /// The metrics, or why there are none.
    text: Result<Box<str>, String>,
    /// With how long that took.
    compressed: OnceLock<(Box<[u8]>, Duration)>,
    gathered: Instant,
    /// How long that took.
    effort: Duration,
}

impl Page {
    pub(super) fn gather<G: Gather>(source: &Source<G>) -> Self {
        let begin = Instant::now();
        // What may be left half done there is foreign code's own.
        let text = catch_unwind(AssertUnwindSafe(|| text(source)));
        let text = text.unwrap_or_else(|_| Err("a collector panicked".to_owned()));
        Self {
            // It is kept, so it takes no more room than it needs.
            text: text
                .map(String::into_boxed_str)
                .map_err(|reason| format!("cannot gather the metrics: {reason}\n")),
            compressed: OnceLock::new(),
            gathered: Instant::now(),
            effort: begin.elapsed(),
        }
    }

    /// Whether it is still good for who asked at this moment, which may be before it was gathered.
    pub(super) fn is_good(&self, moment: Instant) -> bool {
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

    /// The bytes to send, or why there are none. None when it has not been compressed yet.
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

fn text<G: Gather>(source: &Source<G>) -> Result<String, String> {
    let families = source
        .gather
        .families()
        .map_err(|error| one_line(&*error))?;
    match &source.key {
        None => Ok(encode(&families)),
        Some(key) => {
            let families = with_group_labels(key, &families).map_err(|error| one_line(&error))?;
            Ok(encode(&families))
        }
    }
}

/// An error with its causes.
fn one_line(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ").replace(['\n', '\r'], " ")
}
