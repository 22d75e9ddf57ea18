//! One gateway that a run is reported to.

use std::time::{Duration, Instant};

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Delivered, GatewayKind};

use crate::announce::{Announced, Announcer};
use crate::args::Method;
use crate::console::chain;
use crate::record::Pending;
use crate::settings::Gateway;

/// A gateway, and what is pushed to it while the job runs.
pub(crate) struct Recipient {
    gateway: Gateway,
    announcer: Option<Announcer>,
    /// Why nothing could be pushed while the job ran.
    speechless: Option<String>,
}

/// What the end of a run is.
pub(crate) struct End<'a> {
    pub(crate) method: Method,
    pub(crate) key: &'a GroupingKey,
    pub(crate) families: &'a MetricFamilies,
    /// Whether there have been signs of life.
    pub(crate) beating: bool,
    pub(crate) push_timeout: Duration,
}

impl<'a> End<'a> {
    /// What is done, and that it was done, in words.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self.method {
            Method::Delete => ("delete", "deleted"),
            _ => ("push", "delivered to"),
        }
    }

    /// What this method does to the group.
    pub(crate) fn change(&self, method: Method) -> Option<Change<'a>> {
        match method {
            Method::Pushadd => Some(Change::PushAdd(self.families)),
            Method::Push => Some(Change::Push(self.families)),
            Method::Delete => Some(Change::Delete),
            Method::None => None,
        }
    }
}

/// How it went with one gateway.
pub(crate) struct Conclusion {
    pub(crate) url: String,
    /// None when nothing was to be delivered.
    pub(crate) result: Result<Option<Delivered>, String>,
    pub(crate) announced: Option<Announced>,
}

impl Recipient {
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            announcer: None,
            speechless: None,
        }
    }

    /// Pushes while the job runs, without waiting for an answer.
    pub(crate) fn tell(
        &mut self,
        key: &GroupingKey,
        families: MetricFamilies,
    ) -> Result<(), String> {
        if let Some(announcer) = &self.announcer {
            announcer.push(families);
        } else {
            // What keeps it from being made may have passed when the end is to be delivered, or is said then.
            let client = match self.gateway.builder.build() {
                Ok(client) => client,
                Err(error) => {
                    self.speechless = Some(self.gateway.explain(&error));
                    return Ok(());
                }
            };
            let announcer =
                Announcer::begin(client, key.clone(), families).map_err(|error| chain(&error))?;
            self.announcer = Some(announcer);
        }
        Ok(())
    }

    /// Delivers the end, within the time of one delivery.
    pub(crate) fn conclude(self, end: &End<'_>, pending: &Pending) -> Conclusion {
        let begin = Instant::now();
        let method = match self.gateway.kind {
            // Said before the job was started.
            GatewayKind::VictoriaMetrics => match end.method {
                Method::Push => Method::Pushadd,
                Method::Delete => Method::None,
                other => other,
            },
            _ => end.method,
        };
        // A gateway may carry out what it has received although we gave up on it. A start that lands late repeats what the
        // end says, and a heartbeat what the group would keep; unless the end is to clear the group.
        let patience = match method {
            Method::Delete => end.push_timeout / 2,
            Method::Push if end.beating => end.push_timeout / 2,
            _ => end.push_timeout / 10,
        };
        let gateway = &self.gateway;
        let built = gateway
            .builder
            .build()
            .map_err(|error| gateway.explain(&error));
        let url = built
            .as_ref()
            .map(|client| client.url(end.key))
            .unwrap_or_default();
        pending.begin(&url);
        let announced = self.announcer.map(|announcer| announcer.finish(patience));
        let remaining = end.push_timeout.saturating_sub(begin.elapsed());
        let result = match (method, &announced) {
            (Method::Delete, Some(Announced::CutOff)) => Err(format!(
                "{url}: the {} had no answer, and would bring the group back",
                if end.beating {
                    "last heartbeat"
                } else {
                    "start"
                }
            )),
            _ => match end.change(method) {
                None => match self.speechless {
                    Some(reason) => Err(reason),
                    None => Ok(None),
                },
                Some(change) => built.and_then(|client| {
                    let delivered = client.deliver_within(end.key, change, remaining);
                    delivered.map(Some).map_err(|error| chain(&error))
                }),
            },
        };
        pending.end(&url);
        Conclusion {
            url,
            result,
            announced,
        }
    }
}
