//! `pushjob run`: the job, and its exit code.

use std::error::Error;
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use pushjob::metrics_file::{METRICS_FILE, MetricsFile};
use pushjob::report::Report;
use pushjob::spool::Spool;
use pushjob::supervise::{Ending, Job, JobEvent, Outcome, Supervisor};

use crate::args::{JobArgs, Method, ReportArgs, RunArgs, StartAfter};
use crate::console::{Console, chain};
use crate::exit::Exit;
use crate::job_metrics::JobMetrics;
use crate::listen::Listener;
use crate::record::{Aim, Methods, Recorder};
use crate::settings::{
    Gateways, Listen, Settings, Trouble, listen, secret_variables, settings, spool, textfile,
};

/// A job that has run this long may run for hours, and it is time to give back what only starting took.
const TRIM_AFTER: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &RunArgs) -> Exit {
    let console = args.messages.console();
    // First of all, so that a signal which comes before the job does is not lost to it.
    // And never let go of: what comes when all is done must not change the code that we exit with.
    let supervisor = match Supervisor::new() {
        Ok(supervisor) => ManuallyDrop::new(supervisor),
        Err(error) => {
            console.error(format_args!("cannot take over signals: {error}"));
            return Exit::NothingRun;
        }
    };
    let (mut plan, mut settings, listen) = match prepare(args) {
        Ok(ready) => ready,
        Err(message) => {
            console.error(message);
            return Exit::NothingRun;
        }
    };
    // What there is to say is said when the job has ended: stderr may be a pipe that nobody reads, and what is due for
    // the job cannot wait for that.
    let mut warnings = Vec::new();
    let (job, file) = with_metrics_file(plan.job, |message| {
        if plan.strict {
            let consequence = String::new();
            settings.troubles.push(Trouble {
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
        return Exit::NothingRun;
    }
    listener.say_where(console);
    // The job writes to it also where nothing is recorded.
    let mut recorder = if listener.is_alone() {
        None
    } else {
        Recorder::new(settings, plan.aim, file.clone(), console)
    };
    let begin = Instant::now();
    let outcome = supervisor.run(&plan.job, &mut |event| {
        let warning = match (event, &mut recorder) {
            (JobEvent::Started(started), _) => listener.serve(started, begin).err(),
            (JobEvent::StartDue(started), Some(recorder)) => recorder.announce(started).err(),
            (JobEvent::HeartbeatDue(started), Some(recorder)) => recorder.beat(started).err(),
            (JobEvent::Stopping(signal), _) => {
                Some(format!("the job's time was up, {signal} was sent"))
            }
            (JobEvent::Killing, _) => Some("the job did not end, KILL was sent".to_owned()),
            (JobEvent::Refused(signal), _) => Some(format!(
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
        let result = supervisor.finish(record, &mut |event| {
            if let JobEvent::InterruptDeferred(signal) = event {
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
        return Exit::Undelivered;
    }
    exit
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

/// Says which metrics of a job that nobody else hears of could not be served, and whether that is none. A long file takes a while, in
/// which two signals end it.
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

/// What the flags and the environment ask for. What is wrong with the environment is in the settings.
fn prepare(args: &RunArgs) -> Result<(Plan, Settings, Listen), String> {
    let plan = Plan::new(args)?;
    let mut settings = settings(&args.target)?;
    if plan.aim.textfile.is_some() {
        settings.recorded_elsewhere();
    }
    let unsupported = plan.aim.unsupported(&settings)?;
    settings.troubles.extend(unsupported);
    let listen = match listen(&args.listen, &mut settings)? {
        _ if plan.aim.dry_run => Listen::NotGiven,
        listen => listen,
    };
    Ok((plan, settings, listen))
}

/// Gives a job a file for its metrics, in the place of one that an outer run may have given us. Without one the job is told of
/// none.
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

/// Says what is wrong with the environment, and whether the job may run all the same.
fn may_run(plan: &Plan, settings: &Settings, console: Console) -> bool {
    // Without --strict a file is read when it is needed, and what is wrong with it is said then.
    let mut wrong_files = Vec::new();
    if plan.strict && !plan.aim.dry_run {
        wrong_files = settings.gateways.wrong_files();
        let limit = settings.push_timeout;
        if let (Gateways::Given(_), Some(folder)) = (&settings.gateways, &plan.aim.spool) {
            let (place, folder) = (folder.display().to_string(), folder.clone());
            let check = move || Spool::open(&folder).and_then(|spool| spool.check());
            wrong_files.extend(checked(&place, limit, check).err());
        }
        if let (Some(key), Some(textfile)) = (&settings.key, &plan.aim.textfile) {
            let place = textfile.path().display().to_string();
            let (key, textfile) = (key.clone(), textfile.clone());
            let check = move || textfile.check(&key);
            wrong_files.extend(checked(&place, limit, check).err());
        }
    }
    for Trouble {
        message,
        consequence,
    } in &settings.troubles
    {
        if plan.strict {
            console.error(format_args!("{message}; nothing was run, as --strict asks"));
        } else if plan.aim.dry_run {
            console.warning(message);
        } else {
            console.warning(format_args!("{message}; {consequence}"));
        }
    }
    for message in &wrong_files {
        console.error(format_args!("{message}; nothing was run, as --strict asks"));
    }
    !plan.strict || (settings.troubles.is_empty() && wrong_files.is_empty())
}

/// Checks a place in a thread of its own: a file system can hang, and what hangs with it cannot be ended.
fn checked<E: Error + Send + 'static>(
    place: &str,
    limit: Duration,
    check: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> Result<(), String> {
    let (told, result) = sync_channel(1);
    let thread = thread::Builder::new().spawn(move || told.send(check()));
    thread.map_err(|error| format!("{place} cannot be checked: {error}"))?;
    let Ok(checked) = result.recv_timeout(limit) else {
        let seconds = limit.as_secs_f64();
        return Err(format!("{place} could not be checked within {seconds} s"));
    };
    checked.map_err(|error| chain(&error))
}

/// What the flags of `run` ask for, checked.
struct Plan {
    job: Job,
    aim: Aim,
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
        if let Some(interval) = args.report.heartbeat {
            job = job.heartbeat(interval);
        }
        Ok(Self {
            job,
            aim: Aim {
                report,
                methods: Methods {
                    on_success,
                    on_failure,
                },
                spool: spool(&args.spool).map(|(folder, _)| folder),
                textfile: textfile(&args.textfile)?,
                dry_run: args.report.dry_run,
            },
            strict: args.report.strict,
        })
    }
}

fn job(args: &JobArgs, command: &[OsString]) -> Result<Job, String> {
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
    let job = secret_variables().fold(job, Job::without_env);
    let mut job = job
        .stop_signal(args.stop_signal)
        .trim_memory_after(TRIM_AFTER);
    if let Some(pause) = args.kill_after {
        job = job.kill_after(pause).kill_after_signal(pause);
    }
    if let Some(timeout) = args.timeout {
        job = job.timeout(timeout);
    }
    Ok(job)
}
