//! One gateway that a run is reported to.

use std::time::{Duration, Instant};

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Delivered, GatewayKind, PushError, Pushgateway};

use crate::announce::{Announced, Announcer, News};
use crate::args::Method;
use crate::console::chain;
use crate::job_metrics::JobMetrics;
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
    /// What the job has left in its file.
    pub(crate) job: Option<&'a JobMetrics>,
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

    /// Whether a heartbeat that lands late could bring back older metrics of the job.
    pub(crate) fn may_be_outrun(&self) -> bool {
        self.beating && self.job.is_some_and(JobMetrics::has_any)
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

    /// The metrics of the job, if there are any to be added to the group after a change by this method. They are read when
    /// ours have been delivered.
    pub(crate) fn job_families(&self, method: Method) -> Option<&'a MetricFamilies> {
        match method {
            Method::Pushadd | Method::Push => self.job?.all(),
            Method::Delete | Method::None => None,
        }
    }
}

/// How it went with one gateway.
pub(crate) struct Conclusion {
    pub(crate) url: String,
    /// None when nothing was to be delivered.
    pub(crate) result: Result<Option<Delivered>, String>,
    /// The same for the metrics of the job.
    pub(crate) job: Result<Option<Delivered>, String>,
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
    pub(crate) fn tell(&mut self, key: &GroupingKey, news: News) -> Result<(), String> {
        if let Some(announcer) = &self.announcer {
            announcer.push(news);
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
                Announcer::begin(client, key.clone(), news).map_err(|error| chain(&error))?;
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
        // end says, and a heartbeat what the group would keep; unless the end is to clear the group, or the heartbeat carries
        // what the job had left by then.
        let patience = match method {
            Method::Delete => end.push_timeout / 2,
            Method::Push if end.beating => end.push_timeout / 2,
            _ if end.may_be_outrun() => end.push_timeout / 2,
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
        let remaining = || end.push_timeout.saturating_sub(begin.elapsed());
        let mut takes_more = true;
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
                Some(change) => built.as_ref().map_err(String::clone).and_then(|client| {
                    let delivered = client.deliver_within(end.key, change, remaining());
                    delivered.map(Some).map_err(|error| {
                        takes_more = may_take_others(&error);
                        chain(&error)
                    })
                }),
            },
        };
        pending.end(&url);
        let job = match built {
            Ok(client) if takes_more => {
                let pending_job = format!("{url} (the metrics of the job)");
                pending.begin(&pending_job);
                let delivered = deliver_job(&client, end, method, &remaining);
                pending.end(&pending_job);
                delivered
            }
            _ => Ok(None),
        };
        Conclusion {
            url,
            result,
            job,
            announced,
        }
    }
}

/// Whether a gateway that has not taken our metrics may take those of the job: it says no to one of ours by its name. That it
/// cannot be reached is said once.
fn may_take_others(error: &PushError) -> bool {
    matches!(error, PushError::OtherType { .. })
}

/// Adds the metrics of the job to the group, if there are any, after a change by this method.
fn deliver_job(
    client: &Pushgateway,
    end: &End<'_>,
    method: Method,
    remaining: &dyn Fn() -> Duration,
) -> Result<Option<Delivered>, String> {
    let Some(families) = end.job_families(method) else {
        return Ok(None);
    };
    let change = Change::PushAdd(families);
    let delivered = client.deliver_within(end.key, change, remaining());
    delivered.map(Some).map_err(|error| chain(&error))
}
