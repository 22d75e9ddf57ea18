use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::grouping::GroupingKey;
use crate::push::{Change, Delivered};
use crate::sink::{Sink, SinkError, Textfile};

use super::trouble::Trouble;

/// What there is to tell of deliveries that have succeeded.
#[derive(Clone, Default)]
pub(super) struct Notices(Arc<Mutex<Vec<Trouble>>>);

impl Notices {
    /// A textfile that tells what it has set aside.
    pub(super) fn of(&self, textfile: Textfile) -> impl Sink + use<> {
        Telling {
            textfile,
            notices: self.clone(),
        }
    }

    pub(super) fn take(&self) -> Vec<Trouble> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Telling {
    textfile: Textfile,
    notices: Notices,
}

impl Sink for Telling {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        let written = self.textfile.deliver_within(key, change, timeout)?;
        let quarantined = written.quarantined.map(Trouble::SetAside);
        self.notices.lock().extend(quarantined);
        Ok(written.delivered)
    }
}
