//! The plan of a run, from its command line.

use std::ffi::OsString;
use std::time::Duration;

use pushjob::job::Job;
use pushjob::report::Report;

use super::args::{EndMethod, JobArgs, ReportArgs, RunArgs, StartAfter};
use super::record::{Aim, Methods};
use crate::settings::{EndpointSettings, SPOOL, Settings, TEXTFILE, secret_variables};

/// A job that has run this long may run for hours, and it is time to give back what only starting
/// took.
const SETTLED: Duration = Duration::from_millis(50);

/// Reads flags and environment. Mistakes in the environment are warnings of the settings.
pub(super) fn prepare(args: &RunArgs) -> Result<(Plan, Settings, EndpointSettings), String> {
    let plan = Plan::new(args)?;
    let mut settings = Settings::read(&args.settings.given)?;
    if plan.aim.textfile.is_some() {
        settings.without_gateways();
    }
    let unsupported = plan.aim.unsupported(&settings)?;
    settings.warnings.extend(unsupported);
    let listen = match EndpointSettings::read(&args.settings.given, &mut settings.warnings)? {
        _ if plan.aim.dry_run => EndpointSettings::NotGiven,
        listen => listen,
    };
    Ok((plan, settings, listen))
}

/// The flags of `run`, checked.
pub(super) struct Plan {
    pub(super) job: Job,
    pub(super) aim: Aim,
    pub(super) strict: bool,
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
        let given = &args.settings.given;
        let report = Report::new(&args.report.metric_prefix)
            .map_err(|error| format!("--metric-prefix: {error}"))?
            .max_age(max_age)
            .max_duration(max_duration);
        let on_success = on_success.unwrap_or(method);
        let on_failure = on_failure.unwrap_or(match method {
            EndMethod::Push => EndMethod::Pushadd,
            other => other,
        });
        let mut job = job(&args.job, &args.command)?;
        // A start that one of the ends would not follow up would show a job that runs for ever.
        if on_success != EndMethod::None && on_failure != EndMethod::None {
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
                spool: given.checked(&SPOOL)?,
                textfile: given.checked(&TEXTFILE)?,
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
        .release_text_after(SETTLED);
    if let Some(pause) = args.kill_after {
        job = job.kill_after(pause).kill_after_signal(pause);
    }
    if let Some(timeout) = args.timeout {
        job = job.timeout(timeout);
    }
    Ok(job)
}
