//! The run of a job, and its exit code.

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Instant;

use pushjob::job::{Ending, Job, Moment, Outcome, Supervisor};
use pushjob::metrics_file::{METRICS_FILE, MetricsFile};

use super::args::RunArgs;
use super::job_metrics::JobMetrics;
use super::listen::Listener;
use super::plan::prepare;
use super::preflight::may_run;
use super::record::Recorder;
use crate::exit::{CommandFailure, Exit};
use crate::settings::ConfigWarning;
use crate::terminal::{Console, chain};

pub(crate) fn run(args: &RunArgs, console: Console) -> Result<Exit, CommandFailure> {
    // First of all, so that a signal which comes before the job does is not lost to it.
    // And never let go of: what comes when all is done must not change the code that we exit with.
    let supervisor = Supervisor::new().map_err(|error| {
        Exit::NothingRun.because(format_args!("cannot take over signals: {error}"))
    })?;
    let supervisor = ManuallyDrop::new(supervisor);
    let (mut plan, mut settings, listen) =
        prepare(args).map_err(|message| Exit::NothingRun.because(message))?;
    // What there is to say is said when the job has ended: stderr may be a pipe that nobody reads,
    // and what is due for the job cannot wait for that.
    let mut warnings = Vec::new();
    let (job, file) = with_metrics_file(plan.job, |message| {
        if plan.strict {
            let consequence = String::new();
            settings.warnings.push(ConfigWarning {
                message,
                consequence,
            });
        } else {
            warnings.push(message);
        }
    });
    plan.job = job;
    let mut listener = Listener::bind(listen, &plan.aim, file.clone(), &mut settings);
    if !may_run(&plan, &settings, console) {
        return Ok(Exit::NothingRun);
    }
    listener.say_where(console);
    // The job writes to it also where nothing is recorded.
    let mut recorder = if listener.is_alone() {
        None
    } else {
        Recorder::new(settings, plan.aim, file.clone(), console)
    };
    let begin = Instant::now();
    let outcome = supervisor.run(&plan.job, &mut |moment| {
        let warning = match (moment, &mut recorder) {
            (Moment::Settled(started), _) => listener.serve(started, begin).err(),
            (Moment::StartDue(started), Some(recorder)) => recorder.announce(started).err(),
            (Moment::HeartbeatDue(started), Some(recorder)) => recorder.beat(started).err(),
            (Moment::Stopping(signal), _) => {
                Some(format!("the job's time was up, {signal} was sent"))
            }
            (Moment::Killing, _) => Some("the job did not end, KILL was sent".to_owned()),
            (Moment::Refused(signal), _) => Some(format!(
                "{signal} could not be sent to the job, which runs as another user"
            )),
            _ => None,
        };
        // What keeps one heartbeat or signal from being sent keeps all: it is said once.
        warnings.extend(warning.filter(|warning| !warnings.contains(warning)));
    });
    let served = listener.close();
    for warning in warnings {
        console.warning(warning);
    }
    say_how_it_ended(&args.command, &outcome, console);
    let exit = Exit::Job(outcome.exit_code());
    let strict = plan.strict && outcome.is_success();
    let told = || {
        let left = listener.left();
        left.is_none_or(|job| say_what_is_left_out(job, &supervisor, console))
    };
    let delivered = recorder.map_or_else(told, |recorder| {
        let pending = recorder.pending();
        let record = move || recorder.record(&outcome);
        let result = supervisor.finish(record, &mut |moment| {
            if let Moment::Insisting(signal) = moment {
                console.warning(format_args!(
                    "{signal} came when the job had ended; its result is still being delivered, one more \
                     TERM, INT or QUIT gives it up"
                ));
            }
        });
        result.unwrap_or_else(|unfinished| {
            if pending.is_over() {
                console.warning(format_args!(
                    "what other runs had left goes on waiting: {unfinished}"
                ));
                return true;
            }
            let places = pending.places();
            console.error(format_args!(
                "cannot deliver the result{places}: {unfinished}"
            ));
            false
        })
    });
    if strict && !(delivered && served) {
        return Ok(Exit::Undelivered);
    }
    Ok(exit)
}

fn say_how_it_ended(command: &[OsString], outcome: &Outcome, console: Console) {
    if let Ending::NotStarted { reason, .. } = &outcome.ending {
        let command = command.first().map(|name| name.to_string_lossy());
        let command = command.unwrap_or_default();
        console.error(format_args!("cannot run {command:?}: {reason}"));
    }
    console.note(format_args!(
        "the job {outcome} after {:.3} s",
        outcome.duration.as_secs_f64()
    ));
}

/// Says which metrics of a job that nobody else hears of could not be served, and whether that is
/// none. A long file takes a while, in which two signals end it.
fn say_what_is_left_out(job: Arc<JobMetrics>, supervisor: &Supervisor, console: Console) -> bool {
    let read = move || {
        let _ = job.all();
        job.say_what_is_left_out(console)
    };
    let said = supervisor.finish(read, &mut |_| ());
    said.unwrap_or_else(|unfinished| {
        console.error(format_args!("cannot read {METRICS_FILE}: {unfinished}"));
        false
    })
}

/// Gives a job a file for its metrics, in the place of one that an outer run may have given us.
/// Without one the job is told of none.
fn with_metrics_file(job: Job, trouble: impl FnOnce(String)) -> (Job, Option<Arc<MetricsFile>>) {
    match MetricsFile::create() {
        Ok(file) => (job.env(METRICS_FILE, file.path()), Some(Arc::new(file))),
        Err(error) => {
            let error = chain(&error);
            trouble(format!("cannot take metrics from the job: {error}"));
            (job.without_env(METRICS_FILE), None)
        }
    }
}
