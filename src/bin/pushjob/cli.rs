//! The commands, and what is said of a command line that names none of them.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::commands::check::{CheckArgs, check};
use crate::commands::delete::{DeleteArgs, delete};
use crate::commands::flush::{FlushArgs, flush};
use crate::commands::metric::{MetricArgs, metric};
use crate::commands::push::{PushArgs, Verb, push};
use crate::commands::run::{RunArgs, run};
use crate::exit::Exit;
use crate::terminal::Console;

/// Runs a batch job, records how it went and leaves the result where Prometheus sees it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command, record how it went and deliver the result
    Run(Box<RunArgs>),
    /// Replace all metrics of the group (PUT)
    #[command(override_usage = "pushjob push [OPTIONS] --gateway <URL> --job <NAME> [FILE]")]
    Push(PushArgs),
    /// Replace the metrics of the same names in the group, keep the others (POST)
    #[command(override_usage = "pushjob pushadd [OPTIONS] --gateway <URL> --job <NAME> [FILE]")]
    Pushadd(PushArgs),
    /// Delete the group (DELETE)
    Delete(DeleteArgs),
    /// Check metrics without sending them
    Check(CheckArgs),
    /// Deliver what earlier runs could not
    Flush(Box<FlushArgs>),
    /// Set or add to a metric from inside a job, or count an observation; `pushjob run` pushes it
    Metric(MetricArgs),
}

impl Command {
    pub(crate) fn execute(&self) -> Exit {
        match self {
            Self::Run(args) => run(args),
            Self::Push(args) => push(args, Verb::Push),
            Self::Pushadd(args) => push(args, Verb::PushAdd),
            Self::Delete(args) => delete(args),
            Self::Check(args) => check(args),
            Self::Flush(args) => flush(args),
            Self::Metric(args) => metric(args),
        }
    }
}

/// Reads the command line. Help and version go to stdout and end the program.
pub(crate) fn parse() -> Result<Command, Exit> {
    match CommandLine::try_parse() {
        Ok(line) => Ok(line.command),
        Err(error) => Err(answer(&error)),
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn answer(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has gone, as in `pushjob --help | head`, is no trouble.
            let _ = error.print();
            return Exit::Done;
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return Exit::WrongUsage;
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
    Console::default().error(message);
    if run {
        Exit::NothingRun
    } else {
        Exit::WrongUsage
    }
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
