//! One gateway that a run is reported to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::MetricFamilies;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Delivered, GatewayAddress, GatewayKind, Pushgateway};
use pushjob::spool::{Disposition, RunResult, SpoolDelivery, SpooledGroup, Undelivered};

use crate::announce::{Announced, Announcer, News};
use crate::args::Method;
use crate::console::chain;
use crate::job_metrics::JobMetrics;
use crate::record::Pending;
use crate::settings::Gateway;
use crate::spool::{Notice, RunSpool};

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
    pub(crate) job: Option<&'a Arc<JobMetrics>>,
    /// Whether there have been signs of life.
    pub(crate) beating: bool,
    pub(crate) push_timeout: Duration,
    /// When the job had ended.
    pub(crate) completed: SystemTime,
    /// Where it is kept until it has arrived.
    pub(crate) spool: Option<&'a RunSpool>,
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
        self.beating && self.job.is_some_and(|job| job.has_any())
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

    /// Whether the job has left more than is kept.
    fn job_is_long(&self) -> bool {
        self.job.is_some_and(|job| job.is_long())
    }

    /// Keeps it in the spool, if there is one.
    fn keep(
        &self,
        gateway: &GatewayAddress,
        change: Change<'_>,
        method: Method,
    ) -> Option<SpooledGroup> {
        let RunSpool { spool, persistent } = self.spool?;
        let result = RunResult {
            completed: self.completed,
            change,
            persistent,
            job: (!self.job_is_long())
                .then(|| self.job_families(method))
                .flatten(),
        };
        Some(spool.keep(gateway, self.key, &result))
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

/// How it went with one gateway or file.
pub(crate) struct Conclusion {
    pub(crate) url: String,
    pub(crate) delivery: Delivery,
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
        news: News,
        spool: Option<&PathBuf>,
    ) -> Result<(), String> {
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
            let announcer = Announcer::begin(client, key.clone(), news, spool.cloned())
                .map_err(|error| chain(&error))?;
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
        // It is known also where a file that the client needs cannot be read.
        let address = match &built {
            Ok(client) => Ok(client.address()),
            Err(_) => gateway.builder.address(),
        };
        let url = address.as_ref().map(|address| address.url(end.key));
        let url = url.unwrap_or_default();
        let change = end.change(method);
        // Before there is anything to wait for.
        let kept = match (&address, change) {
            (Ok(address), Some(change)) => end.keep(address, change, method),
            _ => None,
        };
        let place = match (&kept, end.spool) {
            (Some(kept), Some(RunSpool { spool, .. })) if kept.is_kept() => {
                format!("{url} (kept in {})", spool.directory().display())
            }
            _ => url.clone(),
        };
        pending.begin(&place);
        let mut announced = self.announcer.map(|announcer| announcer.finish(patience));
        let remaining = || end.push_timeout.saturating_sub(begin.elapsed());
        let is_outrun = method == Method::Delete && matches!(announced, Some(Announced::CutOff));
        let mut delivery = match (&built, change) {
            _ if is_outrun => {
                let kept = kept.map_or(Disposition::Lost, SpooledGroup::leave);
                let before = if end.beating {
                    "last heartbeat"
                } else {
                    "start"
                };
                Delivery::of(Err(format!(
                    "{url}: the {before} had no answer, and would bring the group back{kept}"
                )))
            }
            (_, None) => Delivery::of(self.speechless.map_or(Ok(None), Err)),
            (Err(reason), Some(_)) => {
                let kept = kept.map_or(Disposition::Lost, SpooledGroup::leave);
                Delivery::of(Err(format!("{reason}{kept}")))
            }
            (Ok(client), Some(change)) => {
                let way = Way {
                    url: &url,
                    pending,
                    remaining: &remaining,
                };
                if let Some(kept) = kept {
                    let delivery = kept.deliver(client, remaining());
                    let mut delivery = Delivery::spooled(delivery);
                    if end.job_is_long() && delivery.result.is_ok() {
                        pending.end(&place);
                        delivery.job = deliver_job(client, end, method, &way);
                    }
                    delivery
                } else {
                    Delivery::live(client, end, (method, change), &way)
                }
            }
        };
        if let Some(Announced::Told(told)) = &mut announced {
            delivery.notices.append(&mut told.notices);
        }
        // What is still to come is others'.
        pending.end(&place);
        if let (Ok(client), Ok(_), Some(RunSpool { spool, .. })) =
            (&built, &delivery.result, end.spool)
        {
            let done = change.map(|_| end.key);
            let flushed = spool.flush(client, done, &remaining);
            let notices = flushed.notices.into_iter().map(Notice::from);
            delivery.notices.extend(notices);
        }
        Conclusion {
            url,
            delivery,
            announced,
        }
    }
}

/// What a delivery without a spool needs beside what is delivered.
struct Way<'a> {
    url: &'a str,
    pending: &'a Pending,
    remaining: &'a dyn Fn() -> Duration,
}

/// What became of the end there.
pub(crate) struct Delivery {
    /// None when nothing was to be delivered.
    pub(crate) result: Result<Option<Delivered>, String>,
    /// The same for the metrics of the job.
    pub(crate) job: Result<Option<Delivered>, String>,
    /// What else there is to say.
    pub(crate) notices: Vec<Notice>,
}

impl Delivery {
    pub(crate) fn of(result: Result<Option<Delivered>, String>) -> Self {
        Self {
            result,
            job: Ok(None),
            notices: Vec::new(),
        }
    }

    /// Without a spool.
    fn live(
        client: &Pushgateway,
        end: &End<'_>,
        (method, change): (Method, Change<'_>),
        way: &Way<'_>,
    ) -> Self {
        let delivered = client.deliver_within(end.key, change, (way.remaining)());
        way.pending.end(way.url);
        // That it cannot be reached is said once.
        let takes_more = match &delivered {
            Ok(_) => true,
            Err(error) => error.metric().is_some(),
        };
        let job = if takes_more {
            deliver_job(client, end, method, way)
        } else {
            Ok(None)
        };
        Self {
            job,
            ..Self::of(delivered.map(Some).map_err(|error| chain(&error)))
        }
    }

    fn spooled(delivery: SpoolDelivery) -> Self {
        let said = |undelivered: Undelivered| undelivered.to_string();
        Self {
            result: delivery.run.map_err(said),
            job: delivery.job.map_err(said),
            notices: delivery.notices.into_iter().map(Notice::from).collect(),
        }
    }
}

/// Adds the metrics of the job to the group, if there are any, after a change by this method.
fn deliver_job(
    client: &Pushgateway,
    end: &End<'_>,
    method: Method,
    way: &Way<'_>,
) -> Result<Option<Delivered>, String> {
    let place = format!("{} (the metrics of the job)", way.url);
    way.pending.begin(&place);
    let delivered = end.job_families(method).map(|families| {
        let change = Change::PushAdd(families);
        client.deliver_within(end.key, change, (way.remaining)())
    });
    way.pending.end(&place);
    delivered.transpose().map_err(|error| chain(&error))
}
