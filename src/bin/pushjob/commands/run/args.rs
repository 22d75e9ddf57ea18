//! The command line of `pushjob run`.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, ValueEnum};
use pushjob::record::EndMethod;
use pushjob::supervise::Signal;

use crate::settings::{RunSettingArgs, any_duration, positive_duration};

#[derive(Debug, Args)]
#[command(
    after_help = "Without --gateway, --textfile or --listen the result goes to a gateway in memory, and what Prometheus would scrape \
                  is printed to stderr.\n\n\
                  Exit codes: that of the command; 128+n killed by signal n; 124 stopped by --timeout, 137 \
                  with KILL; 126 not executable; 127 not found; 125 wrong command line, nothing was run; 123 \
                  with --strict, when the command succeeded but its result was not delivered."
)]
pub(crate) struct RunArgs {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) job: JobArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) settings: RunSettingArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Job")]
pub(crate) struct JobArgs {
    /// Take the one argument after `--` as a script for `/bin/sh -c`
    #[arg(long)]
    pub(crate) shell: bool,

    /// Stop the job after this long [default: none]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = positive_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Signal that stops it
    #[arg(long, value_name = "NAME", default_value = "TERM")]
    pub(crate) stop_signal: Signal,

    /// KILL follows this long after that, if it has not ended. When given, it also follows a TERM (or the stop signal)
    /// that was passed on to the job [default: 10s after the time limit, never after a signal]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = any_duration)]
    pub(crate) kill_after: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportArgs {
    /// What the end of a run does to the group: `pushadd` replaces the metrics of the same names, `push` replaces
    /// all metrics after a success (after a failure it is `pushadd`, which keeps the last success), `delete`, `none`
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "METHOD",
        default_value = "pushadd"
    )]
    pub(crate) method: MethodArg,

    /// The same for a success, taken literally [default: from --method]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "METHOD")]
    pub(crate) on_success: Option<MethodArg>,

    /// The same for a failure, taken literally [default: from --method]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "METHOD")]
    pub(crate) on_failure: Option<MethodArg>,

    /// Announce the start once the job has run this long: `0s` at once, `never` not at all
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "1s", value_parser = start_after)]
    pub(crate) start_after: StartAfter,

    /// Push a sign of life this often while the job runs [default: off]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = positive_duration)]
    pub(crate) heartbeat: Option<Duration>,

    /// Push this as a gauge, for alert rules: how old the last success may become [default: none]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = any_duration)]
    pub(crate) max_age: Option<Duration>,

    /// Push this as a gauge, for alert rules: how long a run may take [default: none]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = any_duration)]
    pub(crate) max_duration: Option<Duration>,

    /// Beginning of the metric names
    #[arg(long, value_name = "PREFIX", default_value = pushjob::report::DEFAULT_PREFIX)]
    pub(crate) metric_prefix: String,

    /// Exit with 123 when the job succeeded but its result, or a metric that it left, was not delivered, and with 125,
    /// before the job is started, when the environment or a file is wrong
    #[arg(long)]
    pub(crate) strict: bool,

    /// Run the job, but deliver to the gateway in memory and print what Prometheus would scrape
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Effect of the end of a run on the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    Pushadd,
    Push,
    Delete,
    None,
}

impl From<MethodArg> for EndMethod {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Pushadd => Self::PushAdd,
            MethodArg::Push => Self::Push,
            MethodArg::Delete => Self::Delete,
            MethodArg::None => Self::None,
        }
    }
}

/// Time at which the start is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartAfter {
    Running(Duration),
    Never,
}

fn start_after(text: &str) -> Result<StartAfter, String> {
    if text == "never" {
        return Ok(StartAfter::Never);
    }
    any_duration(text)
        .map(StartAfter::Running)
        .map_err(|error| format!("{error}; give a duration such as 90s, or `never`"))
}
