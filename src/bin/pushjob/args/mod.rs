//! The command line as it is written. What has an environment variable too is only text here and is checked in
//! [`settings`](crate::settings), because the two sources differ in what a mistake in them means.

#![expect(
    clippy::doc_markdown,
    reason = "the comments on the flags are the help text, which shows backticks as they are"
)]

mod listen;
mod metric;
mod shared;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use pushjob::exposition::Format;
use pushjob::supervise::Signal;

pub(crate) use self::listen::ListenArgs;
pub(crate) use self::metric::{Kind, MetricArgs};
pub(crate) use self::shared::{GatewayArgs, GroupArgs, TargetArgs};
use crate::console::Console;
use crate::exit::Exit;

/// Runs a batch job, records how it went and leaves the result where Prometheus sees it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// The usage of a command that needs a gateway.
macro_rules! usage {
    ($command:literal, $more:literal) => {
        concat!(
            "pushjob ",
            $command,
            " [OPTIONS] --gateway <URL> --job <NAME>",
            $more
        )
    };
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command, record how it went and deliver the result
    #[command(
        override_usage = "pushjob run [OPTIONS] --job <NAME> -- <COMMAND> [ARGS]...",
        after_help = "Without --gateway, --textfile or --listen the result goes to a gateway in memory, and what Prometheus would scrape \
                      is printed to stderr.\n\n\
                      Exit codes: that of the command; 128+n killed by signal n; 124 stopped by --timeout, 137 \
                      with KILL; 126 not executable; 127 not found; 125 wrong command line, nothing was run; 123 \
                      with --strict, when the command succeeded but its result was not delivered."
    )]
    Run(Box<RunArgs>),
    /// Replace all metrics of the group (PUT)
    #[command(override_usage = usage!("push", " [FILE]"), after_help = PUSH_HELP)]
    Push(PushArgs),
    /// Replace the metrics of the same names in the group, keep the others (POST)
    #[command(override_usage = usage!("pushadd", " [FILE]"), after_help = PUSH_HELP)]
    Pushadd(PushArgs),
    /// Delete the group (DELETE)
    #[command(
        override_usage = usage!("delete", ""),
        after_help = "Exit codes: 0 done; 1 refused or unreachable; 2 wrong usage."
    )]
    Delete(DeleteArgs),
    /// Check metrics without sending them
    #[command(
        override_usage = "pushjob check [OPTIONS] [FILE]...",
        after_help = "What is wrong is said as FILE:LINE:COLUMN on stderr, with the line. A text is good when a Pushgateway takes \
                      it as it is; `push` and `pushadd` also mend line ends.\n\n\
                      Exit codes: 0 all is good; 1 something is wrong or cannot be read; 2 wrong usage."
    )]
    Check(CheckArgs),
    /// Deliver what earlier runs could not
    #[command(
        override_usage = "pushjob flush [OPTIONS] --spool <DIR>",
        after_help = "Without --gateway each result goes to the gateway that it was meant for. With it, only what was meant for that \
                      one is delivered.\n\n\
                      Exit codes: 0 nothing waits any more; 1 something still does, or was refused; 2 wrong usage."
    )]
    Flush(Box<FlushArgs>),
    /// Set or add to a metric from inside a job, or count an observation; `pushjob run` pushes it
    #[command(after_help = "Exit codes: 0 done; 1 it could not be written; 2 wrong usage.")]
    Metric(MetricArgs),
}

const PUSH_HELP: &str = "Input is the Prometheus text format 0.0.4, or OpenMetrics. It is checked whole before anything is sent.\n\n\
                         Exit codes: 0 done; 1 refused or unreachable; 2 wrong usage.";

#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArgs {
    /// Say less: errors only; twice, nothing
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "verbose")]
    quiet: u8,

    /// Say what was done, too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

impl MessageArgs {
    pub(crate) fn console(&self) -> Console {
        Console::new(self.quiet, self.verbose)
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) job: JobArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) textfile: TextfileArgs,

    #[command(flatten)]
    pub(crate) spool: SpoolArgs,

    #[command(flatten)]
    pub(crate) listen: ListenArgs,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
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
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
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
    pub(crate) method: Method,

    /// The same for a success, taken literally [default: from --method]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "METHOD")]
    pub(crate) on_success: Option<Method>,

    /// The same for a failure, taken literally [default: from --method]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "METHOD")]
    pub(crate) on_failure: Option<Method>,

    /// Announce the start once the job has run this long: `0s` at once, `never` not at all
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, default_value = "1s", value_parser = start_after)]
    pub(crate) start_after: StartAfter,

    /// Push a sign of life this often while the job runs [default: off]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = positive_duration)]
    pub(crate) heartbeat: Option<Duration>,

    /// Push this as a gauge, for alert rules: how old the last success may become [default: none]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    pub(crate) max_age: Option<Duration>,

    /// Push this as a gauge, for alert rules: how long a run may take [default: none]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
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

#[derive(Debug, Args)]
#[command(next_help_heading = "Textfile")]
pub(crate) struct TextfileArgs {
    /// File for the textfile collector of node exporter, beside gateways or in their place: one that ends in `.prom`, or a
    /// directory and then `JOB.prom` in it [env: PUSHJOB_TEXTFILE] [default: none]
    #[arg(long, value_name = "PATH")]
    pub(crate) textfile: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Spool")]
pub(crate) struct SpoolArgs {
    /// Folder in which is kept what could not be delivered, until the next run that uses it, or `pushjob flush`, has
    /// delivered it. It should outlive the container [env: PUSHJOB_SPOOL] [default: none]
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FlushArgs {
    #[command(flatten)]
    pub(crate) spool: SpoolArgs,

    /// Try again for this long, until nothing waits any more [default: once]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    pub(crate) wait: Option<Duration>,

    /// Show what waits, and what gateways have refused, on stdout, and deliver nothing
    #[arg(long, conflicts_with = "wait")]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

/// What the end of a run does to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    Pushadd,
    Push,
    Delete,
    None,
}

/// When to announce the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartAfter {
    Running(Duration),
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// File in the text format; `-` or nothing is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,

    #[command(flatten)]
    pub(crate) spool: SpoolArgs,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics")]
pub(crate) struct SampleArgs {
    /// A gauge, as in `rows{table="users"}=42`; may be repeated, and stdin is not read then
    #[arg(long, value_name = "NAME[{LABELS}]=VALUE", allow_hyphen_values = true)]
    pub(crate) gauge: Vec<String>,

    /// A counter, in the same way
    #[arg(long, value_name = "NAME[{LABELS}]=VALUE", allow_hyphen_values = true)]
    pub(crate) counter: Vec<String>,

    /// The help text of such a gauge or counter
    #[arg(long, value_name = "NAME=TEXT", allow_hyphen_values = true)]
    pub(crate) help_text: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files in the text format or in OpenMetrics; `-` or nothing is stdin
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    /// Warn of what is against good practice too: names, units, missing HELP
    #[arg(long)]
    pub(crate) lint: bool,

    /// Take any text as the name of a metric or label, as a Pushgateway from 1.11 can
    /// [env: PUSHJOB_UTF8_NAMES=true]
    #[arg(long)]
    pub(crate) utf8_names: bool,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct TextArgs {
    /// Format of the input: `text` or `openmetrics`, which is converted
    /// [default: openmetrics where the last line is `# EOF`, else text]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "FORMAT")]
    format: Option<InputFormat>,

    /// Remove timestamps, which a Pushgateway refuses
    #[arg(long)]
    pub(crate) strip_timestamps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Text,
    Openmetrics,
}

impl TextArgs {
    /// None where the text tells.
    pub(crate) fn format(&self) -> Option<Format> {
        self.format.map(|format| match format {
            InputFormat::Text => Format::Text,
            InputFormat::Openmetrics => Format::OpenMetrics,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) spool: SpoolArgs,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) messages: MessageArgs,
}

/// A duration with its unit, as in `90s` or `1h 30m`.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than 0".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

fn start_after(text: &str) -> Result<StartAfter, String> {
    if text == "never" {
        return Ok(StartAfter::Never);
    }
    humantime::parse_duration(text)
        .map(StartAfter::Running)
        .map_err(|_| "a duration such as 90s, or `never`".to_owned())
}

/// Reads the command line. Help and version go to stdout and end the program.
pub(crate) fn parse() -> Result<Command, Exit> {
    let error = match CommandLine::try_parse() {
        Ok(line) => return Ok(line.command),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has gone, as in `pushjob --help | head`, is no trouble.
            let _ = error.print();
            return Err(Exit::Done);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return Err(Exit::WrongUsage);
        }
        _ => {}
    }
    let line: Vec<OsString> = std::env::args_os().skip(1).collect();
    let ours = line.split(|word| word == "--").next().unwrap_or_default();
    let command = ours
        .iter()
        .find(|word| !word.as_encoded_bytes().starts_with(b"-"));
    let run = command.is_some_and(|word| word == "run");
    let mut message = match error.kind() {
        ErrorKind::InvalidUtf8 => not_utf8(ours),
        ErrorKind::MissingRequiredArgument if run => "there is no command to run".to_owned(),
        _ => one_line(&error.render().to_string()),
    };
    if run && ours.len() == line.len() {
        message.push_str("; the command to run goes after `--`");
    }
    Console::new(0, 0).error(message);
    Err(if run {
        Exit::NothingRun
    } else {
        Exit::WrongUsage
    })
}

/// Names the argument that is not valid UTF-8, by the flag before it.
fn not_utf8(line: &[OsString]) -> String {
    let at = line.iter().position(|word| word.to_str().is_none());
    let word = at.map(|at| line[at].to_string_lossy()).unwrap_or_default();
    let flag = at.and_then(|at| line[..at].last()?.to_str());
    match flag.filter(|flag| flag.starts_with("--")) {
        Some(flag) => format!("{flag}: {word:?} is not valid UTF-8"),
        None => format!("{word:?} is not valid UTF-8"),
    }
}

/// The message of an error that comes in paragraphs, without the usage and the tips at its end.
fn one_line(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty() && !line.starts_with("tip:"))
        .collect();
    lines.join("; ").replace(":; ", ": ")
}
