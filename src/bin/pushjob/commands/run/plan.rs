//! The plan of a run, from its command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use pushjob::push::GatewayKind;
use pushjob::record::{EndMethod, EndMethods};
use pushjob::report::{InterruptedVerdict, Report, VerdictRules};
use pushjob::sink::Textfile;
use pushjob::supervise::Job;

use super::args::{JobArgs, ReportArgs, RunArgs, StartAfter};
use crate::settings::{
    ConfigWarning, EndpointSettings, Gateways, SPOOL, Settings, TEXTFILE, secret_variables,
};

/// A job that has run this long may run for hours, and it is time to give back what only starting took.
const TRIM_AFTER: Duration = Duration::from_millis(50);

/// Reads flags and environment. Mistakes in the environment are warnings of the settings.
pub(super) fn prepare(args: &RunArgs) -> Result<(Plan, Settings, EndpointSettings), String> {
    let plan = Plan::new(args)?;
    let mut settings = Settings::read(&args.settings.given)?;
    if plan.textfile.is_some() {
        settings.without_gateways();
    }
    let unsupported = plan.unsupported(&settings)?;
    settings.warnings.extend(unsupported);
    let endpoint = match EndpointSettings::read(&args.settings.given, &mut settings.warnings)? {
        _ if plan.dry_run => EndpointSettings::NotGiven,
        endpoint => endpoint,
    };
    let is_lost = matches!(settings.gateways, Gateways::NotGiven)
        && plan.textfile.is_none()
        && matches!(endpoint, EndpointSettings::NotGiven);
    if is_lost && !plan.dry_run {
        if let Some(source) = settings.empty_gateway.take() {
            settings.warn_unrecorded(format!("{source} is set and names no gateway"));
        } else if plan.strict {
            return Err(
                "--strict, but there is no destination: set --gateway, --textfile or --listen"
                    .to_owned(),
            );
        }
    }
    Ok((plan, settings, endpoint))
}

/// The flags of `run`, checked.
pub(super) struct Plan {
    pub(super) job: Job,
    pub(super) report: Report,
    pub(super) methods: EndMethods,
    /// What the end of the job means.
    pub(super) rules: VerdictRules,
    /// Whether the job is a script for a shell.
    pub(super) is_script: bool,
    /// The directory in which is kept what could not be delivered.
    pub(super) spool: Option<PathBuf>,
    /// The file to write beside gateways, or in their place.
    pub(super) textfile: Option<Textfile>,
    pub(super) dry_run: bool,
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
        let mut methods = EndMethods::from(EndMethod::from(method));
        methods.on_success = on_success.map_or(methods.on_success, Into::into);
        methods.on_failure = on_failure.map_or(methods.on_failure, Into::into);
        let mut job = job(&args.job, &args.command)?;
        if let StartAfter::Running(running) = args.report.start_after {
            if methods.follow_up_a_start() {
                job = job.announce_after(running);
            }
        }
        if let Some(interval) = args.report.heartbeat {
            job = job.heartbeat(interval);
        }
        Ok(Self {
            job,
            report,
            methods,
            rules: rules(&args.job)?,
            is_script: args.job.shell,
            spool: given.checked(&SPOOL)?,
            textfile: given.checked(&TEXTFILE)?,
            dry_run: args.report.dry_run,
            strict: args.report.strict,
        })
    }

    /// What a gateway cannot do of what the end of a run is to do to the group: an error when the command
    /// line names that gateway, a warning when the environment does.
    fn unsupported(&self, settings: &Settings) -> Result<Option<ConfigWarning>, String> {
        let Gateways::Given(gateways) = &settings.gateways else {
            return Ok(None);
        };
        let (method, consequence) = if self.methods.contain(EndMethod::Delete) {
            let consequence = "nothing is deleted there, nor recorded in its place";
            ("delete", consequence)
        } else if self.methods.contain(EndMethod::Push) {
            ("replace", "the metrics are added there")
        } else {
            return Ok(None);
        };
        let mut gateways = gateways.iter();
        let gateway =
            gateways.find(|gateway| gateway.address.kind() == GatewayKind::VictoriaMetrics);
        let Some(gateway) = gateway else {
            return Ok(None);
        };
        let (source, kind) = (gateway.kind_source, gateway.address.kind());
        let message = format!("{source}: {kind} has no groups to {method}: use pushadd");
        if source.is_flag() && !self.dry_run {
            return Err(message);
        }
        Ok(Some(ConfigWarning {
            message,
            consequence: consequence.to_owned(),
        }))
    }
}

fn rules(args: &JobArgs) -> Result<VerdictRules, String> {
    let rules = VerdictRules {
        success_codes: args.success_codes.clone().unwrap_or_default(),
        skip_codes: args.skip_codes.clone().unwrap_or_default(),
        interrupted: if args.interrupted_is_success {
            InterruptedVerdict::Success
        } else {
            InterruptedVerdict::Failure
        },
    };
    match rules.conflict() {
        Some(0) => Err("--skip-codes: 0 is always a success".to_owned()),
        Some(code) => Err(format!(
            "--skip-codes: {code} is one of --success-codes, too"
        )),
        None => Ok(rules),
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
    if args.kill_job_with_me {
        job = job.kill_with_parent();
    }
    if let Some(timeout) = args.timeout {
        job = job.timeout(timeout);
    }
    Ok(job)
}
