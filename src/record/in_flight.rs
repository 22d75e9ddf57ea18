//! The places to which the end of a run is under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places to which the end of a run is under way, for who may have to give it up.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    names: Vec<String>,
    has_begun: bool,
}

impl InFlight {
    pub(super) fn begin(&self, place: &str) {
        let mut state = self.lock();
        state.names.push(place.to_owned());
        state.has_begun = true;
    }

    pub(super) fn end(&self, place: &str) {
        self.lock().names.retain(|other| other != place);
    }

    /// The places: URLs without credentials, paths.
    #[must_use]
    pub fn places(&self) -> Vec<String> {
        self.lock().names.clone()
    }

    /// Whether the end has arrived everywhere or failed to, and what goes on is about earlier runs.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let state = self.lock();
        state.has_begun && state.names.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
