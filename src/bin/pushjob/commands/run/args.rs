//! The command line of `pushjob run`.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, ValueEnum};
use pushjob::record::EndMethod;
use pushjob::report::ExitCodes;
use pushjob::supervise::Signal;

use crate::settings::{ConnectionFlags, RunSettingArgs, any_duration, positive_duration};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  \
                  pushjob run --job backup --gateway http://gateway:9091 -- /usr/local/bin/backup --all\n  \
                  pushjob run --job report --timeout 20m --spool /var/spool/pushjob -- make report\n\n\
                  `pushjob run --help` shows all flags.",
    after_long_help = "Without --gateway, --textfile or --listen the result goes to a built-in preview gateway, and what \
                       Prometheus would scrape from it is printed to stderr.\n\n\
                       Exit codes: that of the command; 128+n killed by signal n; 124 stopped by --timeout, 137 \
                       with KILL; 126 not executable; 127 not found; 125 wrong command line, nothing was run; 123 \
                       with --strict, when the command succeeded but its result was not delivered.\n\n\
                       Examples:\n  \
                       pushjob run --job backup --gateway http://gateway:9091 -- /usr/local/bin/backup --all\n  \
                       pushjob run --job report --timeout 20m --spool /var/spool/pushjob -- make report\n  \
                       pushjob run --job count --dry-run --shell -- 'ls /srv | wc -l'"
)]
pub(crate) struct RunArgs {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) settings: RunSettingArgs,

    #[command(flatten)]
    pub(crate) job: JobArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Job")]
pub(crate) struct JobArgs {
    /// Run the one argument after `--` as a script with `/bin/sh -c`
    #[arg(long)]
    pub(crate) shell: bool,

    /// Stop the job after this long
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = positive_duration)]
    pub(crate) timeout: Option<Duration>,

    /// Signal that stops the job at the time limit
    #[arg(
        long,
        hide_short_help = true,
        value_name = "NAME",
        default_value = "TERM"
    )]
    pub(crate) stop_signal: Signal,

    /// Send SIGKILL this long after the stop signal if the job is still running. By default 10s after the time limit.
    /// When given, it also applies to a TERM, or the stop signal, that was sent to pushjob and passed on to the job
    #[arg(long, hide_short_help = true, value_name = "DURATION", allow_hyphen_values = true, value_parser = any_duration)]
    pub(crate) kill_after: Option<Duration>,

    /// Have the kernel kill the job when pushjob itself is killed with SIGKILL, for example by `timeout -k` or the OOM
    /// killer. It reaches only the process of the job, not its children, and no set-user-ID program such as `sudo`
    #[arg(long, hide_short_help = true)]
    pub(crate) kill_job_with_me: bool,

    /// Exit codes that count as a success, for example `0,24` or `0-1`; code 0 always does. A job that --timeout has
    /// stopped never succeeds
    #[arg(long, hide_short_help = true, value_name = "LIST")]
    pub(crate) success_codes: Option<ExitCodes>,

    /// Exit codes of a job that had nothing to do: only `last_skip_timestamp_seconds` changes
    #[arg(long, hide_short_help = true, value_name = "LIST")]
    pub(crate) skip_codes: Option<ExitCodes>,

    /// Count exit code 0 as a success also after TERM, INT, QUIT or the stop signal came from outside
    #[arg(long, hide_short_help = true)]
    pub(crate) interrupted_is_success: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportArgs {
    /// Effect of the end of a run on the group: `pushadd` replaces the metrics of the same names; `push` replaces all
    /// metrics after a success, and works as `pushadd` after a failure, so that the last success is kept; `delete`
    /// deletes the group; `none` does nothing
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        hide_possible_values = true,
        value_name = "METHOD",
        default_value = "pushadd"
    )]
    pub(crate) method: MethodArg,

    /// The same after a success only. Unless given, --method applies
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        hide_possible_values = true,
        value_name = "METHOD"
    )]
    pub(crate) on_success: Option<MethodArg>,

    /// The same after a failure only; `push` then replaces all metrics. Unless given, --method applies
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        hide_possible_values = true,
        value_name = "METHOD"
    )]
    pub(crate) on_failure: Option<MethodArg>,

    /// Push the start once the job has been running this long; `0s` pushes it at once, `never` not at all
    #[arg(long, hide_short_help = true, value_name = "DURATION", allow_hyphen_values = true, default_value = "1s", value_parser = start_after)]
    pub(crate) start_after: StartAfter,

    /// Push a heartbeat this often while the job runs, 100ms or more
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = heartbeat_interval)]
    pub(crate) heartbeat: Option<Duration>,

    /// Maximum age of the last success. Pushed as a gauge, for alert rules; `none` pushes `+Inf`, in the place of a
    /// limit that an earlier run has pushed
    #[arg(long, hide_short_help = true, help_heading = "Alerting", value_name = "DURATION", allow_hyphen_values = true, value_parser = limit)]
    pub(crate) max_age: Option<Duration>,

    /// Maximum duration of a run, or `none`. Pushed as a gauge, for alert rules; it does not stop the job
    #[arg(long, hide_short_help = true, help_heading = "Alerting", value_name = "DURATION", allow_hyphen_values = true, value_parser = limit)]
    pub(crate) max_duration: Option<Duration>,

    /// Prefix of the metric names
    #[arg(long, hide_short_help = true, value_name = "PREFIX", default_value = pushjob::report::DEFAULT_PREFIX)]
    pub(crate) metric_prefix: String,

    /// Fail when the result cannot be delivered
    ///
    /// Exit with 123 when the job succeeded but its result, or one of its metrics, was not delivered. Exit with 125,
    /// before the job starts, when the environment or a file is wrong, or there is no destination
    #[arg(long)]
    pub(crate) strict: bool,

    /// Run the job, deliver nothing, and print what Prometheus would scrape
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

/// The shortest interval of heartbeats.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(100);

fn heartbeat_interval(text: &str) -> Result<Duration, String> {
    let interval = positive_duration(text)?;
    if interval < SHORTEST_HEARTBEAT {
        return Err("must be at least 100ms".to_owned());
    }
    Ok(interval)
}

/// A limit for alert rules. None at all is the longest duration, which is pushed as infinite.
fn limit(text: &str) -> Result<Duration, String> {
    if text == "none" {
        return Ok(Duration::MAX);
    }
    any_duration(text).map_err(|error| format!("{error}; give a duration such as 26h, or `none`"))
}
