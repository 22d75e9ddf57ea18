//! Makes a destination of a sink.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::grouping::GroupingKey;
use crate::push::{Change, Delivered};
use crate::sink::{Sink, SinkError};

use super::delivery_error::DeliveryError;
use super::destination::Destination;
use super::end::RunEnd;
use super::panic::Panicked;
use super::parts::EndDelivery;
use super::progress::Progress;
use super::update::RunUpdate;
use super::updates::Updates;

/// A destination that turns updates and the end into changes of the group, for a [`Sink`] of a program's
/// own.
///
/// A start and a heartbeat are [`Change::PushAdd`], and have half of the time of a delivery: the end waits
/// for them, in the same time. The end is what [its method](super::EndMethod) says.
#[derive(Debug)]
pub struct SinkDestination<S>(S);

impl<S: Sink> SinkDestination<S> {
    /// A destination that delivers to this sink.
    pub fn new(sink: S) -> Self {
        Self(sink)
    }

    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        let delivered = catch_unwind(AssertUnwindSafe(|| self.0.deliver(key, change, timeout)));
        delivered.unwrap_or_else(|payload| {
            let panicked = Panicked::of(payload);
            Err(SinkError::Other(format!("the sink {panicked}").into()))
        })
    }
}

impl<S: Sink> Destination for SinkDestination<S> {
    fn name(&self, _: &GroupingKey) -> String {
        self.0.name()
    }

    fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError> {
        let timeout = update.timeout() / 2;
        update.deliver(|families| {
            self.deliver(update.key(), Change::PushAdd(families), timeout)
                .map(drop)
        })?;
        Ok(())
    }

    fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress) {
        progress.updates(updates.finish(end.timeout()));
        let name = self.name(end.key());
        let delivery = EndDelivery::new(end, &name, progress);
        delivery.run(
            |_, change| self.deliver(end.key(), change, end.remaining()),
            |error| match error {
                SinkError::Inconsistent(_) | SinkError::Unpushable(_) => true,
                #[cfg(target_os = "linux")]
                SinkError::Textfile(error) => error.is_about_the_metrics(),
                SinkError::Other(_) => false,
            },
        );
    }
}
