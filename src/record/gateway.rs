//! Makes a destination of a Pushgateway.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::grouping::GroupingKey;
use crate::push::{ConfigError, GatewayAddress, GatewayKind, Pushgateway, PushgatewayBuilder};

use super::delivery_error::DeliveryError;
use super::destination::{DeadlineKeeper, Destination};
use super::end::{EndMethod, RunEnd};
use super::notice::Notice;
use super::parts::EndDelivery;
use super::progress::{DeliveryFailure, Progress};
use super::run_spool::{RunSpool, SpooledEnd};
use super::update::{RunUpdate, UpdateOutcome};
use super::updates::Updates;

/// A Pushgateway that a run is reported to, or anything that takes pushes like one.
///
/// The end has a client of its own, and so have the updates: they are cut off when the run has ended.
#[derive(Debug)]
pub struct GatewayDestination {
    client: Client,
    spool: Option<RunSpool>,
    updates: Mutex<UpdateClient>,
}

/// Where clients come from.
#[derive(Debug)]
enum Client {
    Built(Box<Pushgateway>),
    /// Built when it is needed: a file that it reads may be there by then.
    Builder(Box<PushgatewayBuilder>),
    /// Never built, for this reason.
    Unusable(GatewayAddress, String),
}

/// The client of the updates.
#[derive(Debug, Default)]
struct UpdateClient {
    client: Option<Arc<Pushgateway>>,
    /// Reason why there was none.
    unusable: Option<DeliveryError>,
    /// What there is to say of what earlier runs had left.
    notices: Vec<Notice>,
}

impl Client {
    fn build(&self) -> Result<Pushgateway, DeliveryError> {
        match self {
            Self::Built(client) => Ok(client.another()),
            Self::Builder(builder) => Ok(builder.build()?),
            Self::Unusable(_, reason) => Err(reason.as_str().into()),
        }
    }

    /// Known also where a file that the client needs cannot be read.
    fn address(&self) -> Result<GatewayAddress, ConfigError> {
        match self {
            Self::Built(client) => Ok(client.address()),
            Self::Builder(builder) => builder.address(),
            Self::Unusable(address, _) => Ok(address.clone()),
        }
    }
}

impl GatewayDestination {
    /// A destination with the settings of this client, which is not used itself.
    #[must_use]
    pub fn new(client: Pushgateway) -> Self {
        Self::with(Client::Built(Box::new(client)))
    }

    /// A destination whose clients are built when they are needed. What is wrong with the files that they
    /// read is an error of the delivery.
    #[must_use]
    pub fn from_builder(builder: PushgatewayBuilder) -> Self {
        Self::with(Client::Builder(Box::new(builder)))
    }

    /// A destination whose address is known, but for which no client can be made: each end is kept in the
    /// [spool](Self::spool), or else lost, for this reason.
    #[must_use]
    pub fn unusable(address: GatewayAddress, reason: impl Into<String>) -> Self {
        Self::with(Client::Unusable(address, reason.into()))
    }

    fn with(client: Client) -> Self {
        Self {
            client,
            spool: None,
            updates: Mutex::default(),
        }
    }

    /// Keeps what cannot be delivered in this spool, and delivers what earlier runs have left there.
    /// Defaults to none.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn spool(mut self, spool: RunSpool) -> Self {
        self.spool = Some(spool);
        self
    }

    fn update_client(&self) -> MutexGuard<'_, UpdateClient> {
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of the updates, built for the first of them.
    fn client_for_update(&self) -> Result<Arc<Pushgateway>, DeliveryError> {
        if let Some(client) = &self.update_client().client {
            return Ok(Arc::clone(client));
        }
        match self.client.build() {
            Ok(client) => {
                let client = Arc::new(client);
                self.update_client().client = Some(Arc::clone(&client));
                Ok(client)
            }
            Err(error) => {
                let message = crate::chain(&*error);
                self.update_client().unusable = Some(error);
                Err(message.into())
            }
        }
    }

    /// Ends the updates: a pause between two attempts ends at once, a request under way has some time to
    /// be answered and is cut off then.
    fn finish_updates(&self, updates: Updates, patience: Duration) -> UpdateOutcome {
        let client = self.update_client().client.clone();
        if let Some(client) = &client {
            client.stop_retrying();
        }
        let outcome = updates.finish(patience);
        if let Some(client) = client.or_else(|| self.update_client().client.clone()) {
            client.shut_down();
        }
        outcome
    }
}

/// What a gateway of this kind does at the end: `VictoriaMetrics` has no groups to replace or delete.
fn method_for(kind: GatewayKind, method: EndMethod) -> EndMethod {
    match (kind, method) {
        (GatewayKind::VictoriaMetrics, EndMethod::Push) => EndMethod::PushAdd,
        (GatewayKind::VictoriaMetrics, EndMethod::Delete) => EndMethod::None,
        (_, method) => method,
    }
}

impl Destination for GatewayDestination {
    fn name(&self, key: &GroupingKey) -> String {
        let address = self.client.address();
        address.map(|address| address.url(key)).unwrap_or_default()
    }

    fn deadline(&self) -> DeadlineKeeper {
        DeadlineKeeper::Destination
    }

    fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError> {
        let client = self.client_for_update()?;
        if let Some(spool) = &self.spool {
            let notices = spool.deliver_earlier(&client, update.key());
            let known = &mut self.update_client().notices;
            for notice in notices {
                if !known.iter().any(|other| notice.repeats(other)) {
                    known.push(notice);
                }
            }
        }
        // What earlier runs had left may have taken its time.
        if update.is_wanted() {
            update.deliver(|families| client.push_add(update.key(), families))?;
        }
        Ok(())
    }

    fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress) {
        let address = match self.client.address() {
            Ok(address) => address,
            Err(error) => {
                drop(self.finish_updates(updates, Duration::ZERO));
                return progress.run(Err(DeliveryFailure::lost(error)));
            }
        };
        let delivery = EndDelivery {
            end,
            method: method_for(address.kind(), end.method()),
            name: &address.url(end.key()),
            progress,
        };
        // Before there is anything to wait for.
        let spool = self.spool.as_ref();
        let kept = spool.and_then(|spool| spool.keep(&address, &delivery));
        if let Some(place) = kept.as_ref().and_then(SpooledEnd::place) {
            progress.begin(format!("{} ({place})", delivery.name));
        }
        let outcome = self.finish_updates(updates, patience(&delivery));
        let is_outrun =
            delivery.method == EndMethod::Delete && matches!(outcome, UpdateOutcome::CutOff);
        progress.updates(outcome);
        for notice in std::mem::take(&mut self.update_client().notices) {
            progress.notice(notice);
        }
        if is_outrun {
            return leave(outrun(&delivery), kept, progress);
        }
        let client = match self.client.build() {
            Ok(client) => client,
            Err(error) => return leave(error, kept, progress),
        };
        match kept {
            _ if delivery.method == EndMethod::None => {
                let unusable = self.update_client().unusable.take();
                progress.run(unusable.map_or(Ok(None), |error| Err(DeliveryFailure::lost(error))));
            }
            Some(kept) => kept.deliver(&client, &delivery),
            None => delivery.run(
                |_, change| client.deliver_within(end.key(), change, end.remaining()),
                |error| error.metric().is_some(),
            ),
        }
        // What is still to come is about earlier runs.
        progress.arrived();
        if let Some(spool) = spool {
            spool.remove_mark(&address, end.key());
        }
        if let Some(spool) = spool.filter(|_| progress.is_run_delivered()) {
            spool.flush_others(&client, &delivery);
        }
    }
}

/// Leaves an end to a later run, where it is kept.
fn leave(error: impl Into<DeliveryError>, kept: Option<SpooledEnd>, progress: &Progress) {
    progress.run(Err(DeliveryFailure {
        error: error.into(),
        kept: kept.and_then(SpooledEnd::leave),
    }));
}

/// Reason for not deleting a group that an update may bring back.
fn outrun(delivery: &EndDelivery<'_>) -> String {
    let update = if delivery.end.has_heartbeats {
        "last heartbeat"
    } else {
        "start"
    };
    let name = delivery.name;
    format!("{name}: the {update} had no answer, and would bring the group back")
}

/// The time that an update under way has when the run has ended.
///
/// A gateway may carry out what it has received although the client gave up on it. A start that lands late
/// repeats what the end says, and a heartbeat what the group would keep; unless the end is to clear the
/// group, or the heartbeat carries what the job had left by then.
fn patience(delivery: &EndDelivery<'_>) -> Duration {
    let end = delivery.end;
    match delivery.method {
        EndMethod::Delete => end.timeout() / 2,
        EndMethod::Push if end.has_heartbeats => end.timeout() / 2,
        _ if end.may_be_outrun() => end.timeout() / 2,
        _ => end.timeout() / 10,
    }
}
