//! The gateway in memory.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::exposition::encode;
use crate::grouping::{GroupRules, GroupingKey};
use crate::push::{Change, Delivered};

use super::contract::{Sink, SinkError};
use super::store::GroupStore;

/// A gateway in memory, which takes and refuses what a Pushgateway would.
#[derive(Debug, Default)]
pub struct EmbeddedGateway {
    store: Mutex<GroupStore>,
}

impl EmbeddedGateway {
    /// A gateway without groups.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The page that Prometheus would scrape.
    #[must_use]
    pub fn page(&self) -> String {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        encode(&store.page())
    }
}

impl Sink for EmbeddedGateway {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        _: Duration,
    ) -> Result<Delivered, SinkError> {
        let begin = Instant::now();
        if let Change::Push(families) | Change::PushAdd(families) = change {
            GroupRules::of(key).check(families)?;
        }
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.apply(key, change, SystemTime::now())?;
        Ok(Delivered {
            attempts: 1,
            elapsed: begin.elapsed(),
        })
    }
    fn name(&self) -> String {
        "the gateway in memory".to_owned()
    }
}
