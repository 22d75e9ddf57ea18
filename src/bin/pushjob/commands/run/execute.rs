//! The run of a job, and its exit code.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pushjob::metrics_file::{METRICS_FILE, MetricsFile};
use pushjob::record::FileMetrics;
use pushjob::report::Verdict;
use pushjob::supervise::{Ending, Job, JobEvent, Outcome, Supervisor};

use super::args::RunArgs;
use super::endpoint::Endpoint;
use super::outcome::{describe, describe_unstarted};
use super::plan::{Plan, prepare};
use super::preflight::may_run;
use super::recording::{Recording, report_skipped_metrics};
use crate::exit::{CommandFailure, Exit};
use crate::settings::{ConfigWarning, EndpointSettings, Gateways, Settings};
use crate::terminal::{Console, chain};

/// How much longer than a delivery may take is waited for the thread that makes it and prints its messages.
const FINISH_GRACE: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &RunArgs, console: Console) -> Result<Exit, CommandFailure> {
    // First of all, so that a signal which comes before the job does is not lost to it.
    // And never let go of: what comes when all is done must not change the code that we exit with.
    let supervisor = Supervisor::new().map_err(|error| {
        Exit::NothingRun.because(format_args!("cannot take over signals: {error}"))
    })?;
    let supervisor = ManuallyDrop::new(supervisor);
    let prepared = prepare(args).map_err(|message| Exit::NothingRun.because(message))?;
    let (plan, settings, endpoint) = prepared;
    if let Some(key) = &settings.key {
        console.name_job(key.job());
    }
    let run = PreparedRun::new(plan, settings, &endpoint);
    if !may_run(&run.plan, &run.settings, console) {
        return Ok(Exit::NothingRun);
    }
    run.endpoint.announce(console);
    Ok(run.supervise(&supervisor, &args.command, console))
}

/// A run with all that it needs.
struct PreparedRun {
    plan: Plan,
    settings: Settings,
    endpoint: Endpoint,
    /// Metrics that the job leaves in its file, where it has one that can be recorded.
    metrics: Option<Arc<FileMetrics>>,
    /// Whether only those who scrape hear of it.
    is_only_scraped: bool,
    /// What there is to say when the job has ended: stderr may be a pipe that nobody reads, and what is due
    /// for the job cannot wait for that.
    warnings: Vec<String>,
}

impl PreparedRun {
    fn new(mut plan: Plan, mut settings: Settings, endpoint: &EndpointSettings) -> Self {
        let mut warnings = Vec::new();
        let file = match MetricsFile::create() {
            Ok(file) => Some(Arc::new(file)),
            Err(error) => {
                let message = format!("cannot take metrics from the job: {}", chain(&error));
                if plan.strict {
                    settings.warnings.push(ConfigWarning {
                        message,
                        consequence: String::new(),
                    });
                } else {
                    warnings.push(message);
                }
                None
            }
        };
        plan.job = with_metrics_file(plan.job, file.as_deref());
        let metrics = settings.key.as_ref().zip(file);
        let metrics =
            metrics.map(|(key, file)| FileMetrics::new(file, &plan.report, key, settings.names));
        Self {
            is_only_scraped: matches!(settings.gateways, Gateways::NotGiven)
                && plan.textfile.is_none()
                && !matches!(endpoint, EndpointSettings::NotGiven),
            endpoint: Endpoint::bind(endpoint, &mut settings),
            metrics: metrics.map(Arc::new),
            plan,
            settings,
            warnings,
        }
    }

    fn supervise(
        mut self,
        supervisor: &Supervisor,
        command: &[OsString],
        console: Console,
    ) -> Exit {
        // The job writes to its file also where nothing is recorded.
        let limit = self.settings.push_timeout.saturating_add(FINISH_GRACE);
        let mut notes = Vec::new();
        let mut recording = if self.is_only_scraped {
            None
        } else {
            Recording::new(self.settings, &self.plan, self.metrics.clone())
        };
        let begin = Instant::now();
        let outcome = supervisor.run(&self.plan.job, &mut |event| {
            let warning = match (event, &mut recording) {
                (JobEvent::Started(started), recording) => {
                    if let Some(recording) = recording {
                        recording.begin(started);
                    }
                    let metrics = self.metrics.as_ref();
                    self.endpoint
                        .serve(&self.plan.report, metrics, (started, begin))
                }
                (JobEvent::StartDue(started), Some(recording)) => recording.start(started),
                (JobEvent::HeartbeatDue(_), Some(recording)) => recording.heartbeat(),
                (event, _) => {
                    notes.extend(job_note(event));
                    refused_signal(event)
                }
            };
            // What keeps one heartbeat or signal from being sent keeps all: it is said once.
            self.warnings
                .extend(warning.filter(|warning| !self.warnings.contains(warning)));
        });
        let served = self.endpoint.close();
        report_messages(self.warnings, notes, console);
        let verdict = self.plan.rules.judge(&outcome);
        report_outcome((command, self.plan.is_script), (&outcome, verdict), console);
        let exit = Exit::Job(outcome.exit_code());
        let is_strict = self.plan.strict && verdict == Verdict::Success;
        let is_delivered = match (recording, self.metrics) {
            (Some(recording), _) => {
                deliver(recording, (outcome, verdict), (supervisor, limit), console)
            }
            (None, Some(metrics)) if self.is_only_scraped => {
                report_unscraped_metrics(metrics, (supervisor, limit), console)
            }
            (None, _) => true,
        };
        supervisor.kill_what_is_left(&mut |event| note_event(event, console));
        if is_strict && !(is_delivered && served) {
            return Exit::Undelivered;
        }
        exit
    }
}

/// Prints what happened while the job ran.
fn report_messages(warnings: Vec<String>, notes: Vec<String>, console: Console) {
    for warning in warnings {
        console.warning(warning);
    }
    for note in notes {
        console.note(note);
    }
}

/// Gives a job a file for its metrics, in the place of one that an outer run may have given us. Without one
/// the job is told of none.
fn with_metrics_file(job: Job, file: Option<&MetricsFile>) -> Job {
    match file {
        Some(file) => job.env(METRICS_FILE, file.path()),
        None => job.without_env(METRICS_FILE),
    }
}

/// The note on something that was done to the job.
fn job_note(event: JobEvent) -> Option<String> {
    match event {
        JobEvent::Stopping(signal) => Some(format!("time limit reached, {signal} was sent")),
        JobEvent::Killing => {
            Some("the job, or what it left behind, did not end; KILL was sent".to_owned())
        }
        _ => None,
    }
}

fn note_event(event: JobEvent, console: Console) {
    if let Some(note) = job_note(event) {
        console.note(note);
    }
}

/// The warning of a signal that could not be sent.
fn refused_signal(event: JobEvent) -> Option<String> {
    let JobEvent::Refused(signal) = event else {
        return None;
    };
    Some(format!(
        "{signal} could not be sent to the job, which runs as another user"
    ))
}

/// Prints how the job ended: a line for a failure, and for all else where more messages are wanted.
fn report_outcome(
    (command, is_script): (&[OsString], bool),
    (outcome, verdict): (&Outcome, Verdict),
    console: Console,
) {
    match &outcome.ending {
        Ending::NotStarted {
            failure, reason, ..
        } => console.error(describe_unstarted(command, is_script, (*failure, reason))),
        _ if verdict == Verdict::Failure => console.warning(describe(outcome, verdict)),
        _ => console.note(describe(outcome, verdict)),
    }
}

/// Delivers the end, unless two signals give it up. Returns whether all was delivered.
fn deliver(
    recording: Recording,
    (outcome, verdict): (Outcome, Verdict),
    (supervisor, limit): (&Supervisor, Duration),
    console: Console,
) -> bool {
    let in_flight = recording.in_flight();
    let record = move || recording.end((&outcome, verdict), console);
    let result = supervisor.finish(record, limit, &mut |event| {
        note_event(event, console);
        if let JobEvent::InterruptDeferred(signal) = event {
            console.warning(format_args!(
                "{signal} came when the job had ended; its result is still being delivered, one more \
                 TERM, INT or QUIT gives it up"
            ));
        }
    });
    result.unwrap_or_else(|unfinished| {
        if in_flight.is_over() {
            console.warning(format_args!(
                "what other runs had left goes on waiting: {unfinished}"
            ));
            return true;
        }
        let places = match in_flight.places()[..] {
            [] => String::new(),
            ref places => format!(" to {}", places.join(", ")),
        };
        console.error(format_args!(
            "cannot deliver the result{places}: {unfinished}"
        ));
        false
    })
}

/// Reports which metrics of a job that is only scraped could not be served, and whether that is none. A long
/// file takes a while, in which two signals end it.
fn report_unscraped_metrics(
    metrics: Arc<FileMetrics>,
    (supervisor, limit): (&Supervisor, Duration),
    console: Console,
) -> bool {
    let report = move || report_skipped_metrics(&metrics, console);
    let reported = supervisor.finish(report, limit, &mut |_| ());
    reported.unwrap_or_else(|unfinished| {
        console.error(format_args!("cannot read {METRICS_FILE}: {unfinished}"));
        false
    })
}
