//! `pushjob run`: the job, its report, its delivery.

use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{MetricFamilies, MetricFamily};
use pushjob::grouping::GroupingKey;
use pushjob::job::{Ending, Job, Moment, Outcome, Supervisor};
use pushjob::metrics::{MetricsError, Registry};
use pushjob::push::{Change, PushgatewayBuilder};
use pushjob::report::Report;
use pushjob::sink::{EmbeddedGateway, Sink};

use crate::announce::{Announced, Announcement};
use crate::args::{JobArgs, Method, ReportArgs, RunArgs, StartAfter};
use crate::console::{Console, chain, delivered_to};
use crate::exit::Exit;
use crate::settings::{Gateway, SECRETS, Settings, Trouble, settings};

/// A job that has run this long may run for hours, and it is time to give back what only starting took.
const SETTLED: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &RunArgs) -> Exit {
    let console = args.messages.console();
    let (plan, settings) =
        match Plan::new(args).and_then(|plan| Ok((plan, settings(&args.gateway)?))) {
            Ok(ready) => ready,
            Err(message) => {
                console.error(message);
                return Exit::NothingRun;
            }
        };
    for Trouble {
        message,
        consequence,
    } in &settings.troubles
    {
        if plan.strict {
            console.error(format_args!("{message}; nothing was run, as --strict asks"));
        } else if plan.dry_run {
            console.warning(message);
        } else {
            console.warning(format_args!("{message}; {consequence}"));
        }
    }
    if plan.strict && !settings.troubles.is_empty() {
        return Exit::NothingRun;
    }
    let supervisor = match Supervisor::new() {
        Ok(supervisor) => supervisor,
        Err(error) => {
            console.error(format_args!("cannot take over signals: {error}"));
            return Exit::NothingRun;
        }
    };
    let mut recorder = Recorder::new(settings, &plan, console);
    // What there is to say is said when the job has ended: stderr may be a pipe that nobody reads, and what is due for
    // the job cannot wait for that.
    let mut warnings = Vec::new();
    let outcome = supervisor.run(&plan.job, &mut |moment| match moment {
        Moment::StartDue(started) => {
            let announced = recorder
                .as_mut()
                .map_or(Ok(()), |recorder| recorder.announce(started));
            warnings.extend(announced.err());
        }
        Moment::Stopping(signal) => {
            warnings.push(format!("the job's time was up, {signal} was sent"));
        }
        Moment::Killing => warnings.push("the job did not end, KILL was sent".to_owned()),
        _ => {}
    });
    for warning in warnings {
        console.warning(warning);
    }
    if let Ending::NotStarted { reason, .. } = &outcome.ending {
        let command = args.command.first().map(|name| name.to_string_lossy());
        let command = command.unwrap_or_default();
        console.error(format_args!("cannot run {command:?}: {reason}"));
    }
    console.note(format_args!(
        "the job {outcome} after {:.3} s",
        outcome.duration.as_secs_f64()
    ));
    let delivered = recorder.is_none_or(|recorder| recorder.record(&outcome));
    if plan.strict && !delivered && outcome.is_success() {
        return Exit::Undelivered;
    }
    Exit::Job(outcome.exit_code())
}

/// What the flags of `run` ask for, checked.
struct Plan {
    job: Job,
    report: Report,
    on_success: Method,
    on_failure: Method,
    dry_run: bool,
    strict: bool,
}

impl Plan {
    fn new(args: &RunArgs) -> Result<Self, String> {
        let ReportArgs {
            method,
            on_success,
            on_failure,
            max_age,
            max_duration,
            ..
        } = args.report;
        let report = Report::new(&args.report.metric_prefix)
            .map_err(|error| format!("--metric-prefix: {error}"))?
            .max_age(max_age)
            .max_duration(max_duration);
        let on_success = on_success.unwrap_or(method);
        let on_failure = on_failure.unwrap_or(match method {
            Method::Push => Method::Pushadd,
            other => other,
        });
        let mut job = job(&args.job, &args.command)?;
        // A start that one of the ends would not follow up would show a job that runs for ever.
        if on_success != Method::None && on_failure != Method::None {
            if let StartAfter::Running(running) = args.report.start_after {
                job = job.announce_after(running);
            }
        }
        Ok(Self {
            job,
            report,
            on_success,
            on_failure,
            dry_run: args.report.dry_run,
            strict: args.report.strict,
        })
    }
}

fn job(args: &JobArgs, command: &[std::ffi::OsString]) -> Result<Job, String> {
    let job = match command {
        [script] if args.shell => Job::shell(script),
        _ if args.shell => {
            return Err(format!(
                "--shell takes one argument after `--`, the script; there are {}",
                command.len()
            ));
        }
        [program, arguments @ ..] => Job::new(program, arguments),
        [] => return Err("there is no command after `--`".to_owned()),
    };
    let job = SECRETS.iter().fold(job, Job::without_env);
    let job = job
        .stop_signal(args.stop_signal)
        .kill_after(args.kill_after)
        .release_text_after(SETTLED);
    Ok(match args.timeout {
        Some(timeout) => job.timeout(timeout),
        None => job,
    })
}

/// Where the results of a run go.
enum Destination {
    Gateway(PushgatewayBuilder),
    /// With the line that says why.
    Embedded(EmbeddedGateway, &'static str),
}

/// Delivers the start and the end of a run.
struct Recorder<'a> {
    key: GroupingKey,
    push_timeout: Duration,
    destination: Destination,
    plan: &'a Plan,
    console: Console,
    announcement: Option<Announcement>,
}

impl<'a> Recorder<'a> {
    /// None when a mistake in the environment leaves open where to deliver.
    fn new(settings: Settings, plan: &'a Plan, console: Console) -> Option<Self> {
        let embedded = |why| Destination::Embedded(EmbeddedGateway::new(), why);
        let destination = match settings.gateway {
            _ if plan.dry_run => embedded("dry run, nothing was sent; Prometheus would scrape:"),
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
            plan,
            console,
            announcement: None,
        })
    }

    /// Says that the job has started, without waiting for an answer.
    fn announce(&mut self, started: SystemTime) -> Result<(), String> {
        gather(self.plan.report.start(started))
            .map_err(|error| chain(&error))
            .and_then(|families| self.begin(families))
            .map_err(|reason| format!("cannot announce the start: {reason}"))
    }

    fn begin(&mut self, families: MetricFamilies) -> Result<(), String> {
        let key = &self.key;
        match &self.destination {
            Destination::Embedded(gateway, _) => {
                let change = Change::PushAdd(&families);
                gateway
                    .deliver(key, change, self.push_timeout)
                    .map_err(|error| chain(&error))?;
            }
            Destination::Gateway(builder) => {
                let client = builder.build().map_err(|error| chain(&error))?;
                let announcement = Announcement::begin(client, key.clone(), families)
                    .map_err(|error| chain(&error))?;
                self.announcement = Some(announcement);
            }
        }
        Ok(())
    }

    /// Delivers the end, within the time of one delivery, and says whether that succeeded.
    fn record(mut self, outcome: &Outcome) -> bool {
        let begin = Instant::now();
        let method = if outcome.is_success() {
            self.plan.on_success
        } else {
            self.plan.on_failure
        };
        // A start that lands late repeats what the end says, unless the end is that there is no group any more.
        let patience = match method {
            Method::Delete => self.push_timeout / 2,
            _ => self.push_timeout / 10,
        };
        let announced = self
            .announcement
            .take()
            .map(|announcement| announcement.finish(patience));
        let remaining = self.push_timeout.saturating_sub(begin.elapsed());
        let result = match (method, &announced) {
            (Method::Delete, Some(Announced::CutOff)) => {
                Err("the start had no answer, and would bring the group back".to_owned())
            }
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
        if delivered {
            match announced {
                Some(Announced::Failed(error)) => self
                    .console
                    .warning(format_args!("cannot announce the start: {}", chain(&error))),
                Some(Announced::CutOff) => self
                    .console
                    .warning("cannot announce the start: it had no answer when the job ended"),
                Some(Announced::Delivered) | None => {}
            }
        }
        if let Destination::Embedded(gateway, why) = &self.destination {
            self.console.page(why, &gateway.page());
        }
        delivered
    }

    fn deliver(&self, method: Method, outcome: &Outcome, timeout: Duration) -> Result<(), String> {
        let families = gather(self.plan.report.end(outcome)).map_err(|error| chain(&error))?;
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
