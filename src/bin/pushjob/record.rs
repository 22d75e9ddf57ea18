//! What a run delivers: its start, signs of life and its end.

use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{MetricFamilies, MetricFamily};
use pushjob::grouping::GroupingKey;
use pushjob::job::Outcome;
use pushjob::metrics::{MetricsError, Registry};
use pushjob::push::{Change, PushgatewayBuilder};
use pushjob::report::Report;
use pushjob::sink::{EmbeddedGateway, Sink};

use crate::announce::{Announced, Announcer, Told};
use crate::args::Method;
use crate::console::{Console, chain, delivered_to};
use crate::settings::{Gateway, Settings};

/// What is to be delivered, and how.
pub(crate) struct Aim {
    pub(crate) report: Report,
    pub(crate) methods: Methods,
    pub(crate) dry_run: bool,
}

/// What the end of a run does to the group.
pub(crate) struct Methods {
    pub(crate) on_success: Method,
    pub(crate) on_failure: Method,
}

impl Methods {
    fn of(&self, outcome: &Outcome) -> Method {
        if outcome.is_success() {
            self.on_success
        } else {
            self.on_failure
        }
    }
}

/// Where the results of a run go.
enum Destination {
    Gateway(PushgatewayBuilder),
    /// With the line that says why.
    Embedded(EmbeddedGateway, &'static str),
}

/// Delivers the start, signs of life and the end of a run.
pub(crate) struct Recorder {
    key: GroupingKey,
    push_timeout: Duration,
    destination: Destination,
    aim: Aim,
    console: Console,
    announcer: Option<Announcer>,
    /// Whether the start has been announced.
    started: bool,
    /// Whether there have been signs of life.
    beating: bool,
}

impl Recorder {
    /// None when a mistake in the environment leaves open where to deliver.
    pub(crate) fn new(settings: Settings, aim: Aim, console: Console) -> Option<Self> {
        let embedded = |why| Destination::Embedded(EmbeddedGateway::new(), why);
        let destination = match settings.gateway {
            _ if aim.dry_run => embedded("dry run, nothing was sent; Prometheus would scrape:"),
            Gateway::Given(builder) => Destination::Gateway(builder),
            Gateway::NotGiven => {
                embedded("no --gateway is given; from one, Prometheus would scrape:")
            }
            Gateway::Unusable => return None,
        };
        Some(Self {
            key: settings.key?,
            push_timeout: settings.push_timeout,
            destination,
            aim,
            console,
            announcer: None,
            started: false,
            beating: false,
        })
    }

    /// Says that the job has started, without waiting for an answer.
    pub(crate) fn announce(&mut self, started: SystemTime) -> Result<(), String> {
        self.started = true;
        self.tell(self.aim.report.start(started))
            .map_err(|reason| format!("cannot announce the start: {reason}"))
    }

    /// Says that the job runs, and once more when it was started, in case that was not heard.
    pub(crate) fn beat(&mut self, started: SystemTime) -> Result<(), String> {
        self.beating = true;
        let mut families = self.aim.report.heartbeat(SystemTime::now());
        if self.started {
            families.extend(self.aim.report.start(started));
        }
        self.tell(families)
            .map_err(|reason| format!("cannot push a heartbeat: {reason}"))
    }

    fn tell(&mut self, families: Vec<MetricFamily>) -> Result<(), String> {
        let families = gather(families).map_err(|error| chain(&error))?;
        match (&self.destination, &self.announcer) {
            (Destination::Embedded(gateway, _), _) => {
                let change = Change::PushAdd(&families);
                gateway
                    .deliver(&self.key, change, self.push_timeout)
                    .map_err(|error| chain(&error))?;
            }
            (Destination::Gateway(_), Some(announcer)) => announcer.push(families),
            (Destination::Gateway(builder), None) => {
                let client = builder.build().map_err(|error| chain(&error))?;
                let announcer = Announcer::begin(client, self.key.clone(), families)
                    .map_err(|error| chain(&error))?;
                self.announcer = Some(announcer);
            }
        }
        Ok(())
    }

    /// Delivers the end, within the time of one delivery, and says whether that succeeded.
    pub(crate) fn record(mut self, outcome: &Outcome) -> bool {
        let begin = Instant::now();
        let method = self.aim.methods.of(outcome);
        // A gateway may carry out what it has received although we gave up on it. A start that lands late repeats what the
        // end says, and a heartbeat what the group would keep; unless the end is to clear the group.
        let patience = match method {
            Method::Delete => self.push_timeout / 2,
            Method::Push if self.beating => self.push_timeout / 2,
            _ => self.push_timeout / 10,
        };
        let announced = self
            .announcer
            .take()
            .map(|announcer| announcer.finish(patience));
        let remaining = self.push_timeout.saturating_sub(begin.elapsed());
        let result = match (method, &announced) {
            (Method::Delete, Some(Announced::CutOff)) => Err(format!(
                "the {} had no answer, and would bring the group back",
                if self.beating {
                    "last heartbeat"
                } else {
                    "start"
                }
            )),
            _ => self.deliver(method, outcome, remaining),
        };
        let delivered = match result {
            Ok(()) => true,
            Err(reason) => {
                let verb = if method == Method::Delete {
                    "delete"
                } else {
                    "push"
                };
                self.console.error(format_args!("cannot {verb}: {reason}"));
                false
            }
        };
        // One message is enough when neither arrived.
        if let Some(announced) = announced.filter(|_| delivered) {
            self.judge(&announced);
        }
        if let Destination::Embedded(gateway, why) = &self.destination {
            self.console.page(why, &gateway.page());
        }
        delivered
    }

    /// Says what is wrong with what was pushed while the job ran. A last heartbeat that had no answer yet is nothing: it
    /// would have said that the job runs.
    fn judge(&self, announced: &Announced) {
        match announced {
            Announced::Told(Told {
                delivered,
                failed,
                last_error: Some(error),
            }) if self.beating => {
                let all = delivered + failed;
                let reason = chain(error);
                self.console.warning(format_args!(
                    "{failed} of {all} pushes while the job ran were not delivered, the last: {reason}"
                ));
            }
            Announced::Told(Told {
                last_error: Some(error),
                ..
            }) => self
                .console
                .warning(format_args!("cannot announce the start: {}", chain(error))),
            Announced::CutOff if !self.beating => self
                .console
                .warning("cannot announce the start: it had no answer when the job ended"),
            Announced::Told(_) | Announced::CutOff => {}
        }
    }

    fn deliver(&self, method: Method, outcome: &Outcome, timeout: Duration) -> Result<(), String> {
        let families = gather(self.aim.report.end(outcome)).map_err(|error| chain(&error))?;
        let change = match method {
            Method::Pushadd => Change::PushAdd(&families),
            Method::Push => Change::Push(&families),
            Method::Delete => Change::Delete,
            Method::None => return Ok(()),
        };
        let client;
        let (sink, place): (&dyn Sink, String) = match &self.destination {
            Destination::Embedded(gateway, _) => (gateway, "the gateway in memory".to_owned()),
            Destination::Gateway(builder) => {
                client = builder.build().map_err(|error| chain(&error))?;
                (&client, client.url(&self.key))
            }
        };
        let delivered = sink
            .deliver(&self.key, change, timeout)
            .map_err(|error| chain(&error))?;
        self.console.note(delivered_to(&place, delivered));
        Ok(())
    }
}

fn gather(families: Vec<MetricFamily>) -> Result<MetricFamilies, MetricsError> {
    let registry = Registry::new();
    for family in families {
        registry.register(family)?;
    }
    registry.gather()
}
