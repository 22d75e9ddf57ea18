//! The list of commands, and what is said of a command line that names none of them.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use crate::commands::check::check;
use crate::commands::delete::delete;
use crate::commands::flush::flush;
use crate::commands::metric::metric;
use crate::commands::push::{push, pushadd};
use crate::commands::run::run;
use crate::exit::{CommandFailure, Exit};
use crate::settings::{advice, secret_variable};
use crate::terminal::{Console, MessageArgs};

/// The commands, in the order of the help: the usage behind the name, a summary, and the function
/// that does the work.
fn commands() -> [CommandRow; 7] {
    [
        command_row(
            "pushjob run [OPTIONS] --job <NAME> -- <COMMAND> [ARGS]...",
            "Run a command, record how it went and deliver the result",
            run,
        ),
        command_row(
            "pushjob push [OPTIONS] --gateway <URL> --job <NAME> [FILE]",
            "Replace all metrics of the group (PUT)",
            push,
        ),
        command_row(
            "pushjob pushadd [OPTIONS] --gateway <URL> --job <NAME> [FILE]",
            "Replace the metrics of the same names in the group, keep the others (POST)",
            pushadd,
        ),
        command_row(
            "pushjob delete [OPTIONS] --gateway <URL> --job <NAME>",
            "Delete the group (DELETE)",
            delete,
        ),
        command_row(
            "pushjob check [OPTIONS] [FILE]...",
            "Check metrics without sending them",
            check,
        ),
        command_row(
            "pushjob flush [OPTIONS] --spool <DIR>",
            "Deliver the results that earlier runs could not deliver",
            flush,
        ),
        command_row(
            "pushjob metric [OPTIONS] <TYPE> <NAME> [VALUE]",
            "Set, add to or observe a metric from inside a job; `pushjob run` pushes it",
            metric,
        ),
    ]
}

/// A command that the command line can name.
struct CommandRow {
    name: &'static str,
    usage: &'static str,
    command: Command,
    execute: Execute,
}

type Execute = Box<dyn Fn(&ArgMatches) -> Exit>;

/// One row of the list. The flags of a command are only made when it is named, so that the others
/// cost nothing.
fn command_row<A: Args + 'static>(
    usage: &'static str,
    about: &'static str,
    execute: fn(&A, Console) -> Result<Exit, CommandFailure>,
) -> CommandRow {
    let name = usage.split(' ').nth(1).unwrap_or_default();
    let command = Command::new(name).about(about).override_usage(usage);
    CommandRow {
        name,
        usage,
        command: command.defer(|command| MessageArgs::augment_args(A::augment_args(command))),
        execute: Box::new(move |matches| {
            let messages = MessageArgs::from_arg_matches(matches);
            let (args, console) = match (A::from_arg_matches(matches), messages) {
                (Ok(args), Ok(messages)) => (args, messages.console()),
                (Err(error), _) | (_, Err(error)) => return answer(&error),
            };
            for advice in advice(matches, || A::augment_args(Command::new(name))) {
                console.warning(advice);
            }
            execute(&args, console).unwrap_or_else(|CommandFailure { exit, message }| {
                console.error(message);
                exit
            })
        }),
    }
}

/// Parses the command line into the work that it asks for. Help and version go to stdout and end
/// the program.
pub(crate) fn parse() -> Result<impl FnOnce() -> Exit, Exit> {
    let mut line = Command::new("pushjob")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Runs a batch job, records how it went and leaves the result where Prometheus sees it",
        )
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true);
    let mut work = Vec::new();
    for row in commands() {
        line = line.subcommand(row.command);
        work.push((row.name, row.execute));
    }
    let mut matches = line.try_get_matches().map_err(|error| answer(&error))?;
    let named = matches.remove_subcommand().and_then(|(name, matches)| {
        let (_, execute) = work.into_iter().find(|(known, _)| *known == name)?;
        Some(move || execute(&matches))
    });
    named.ok_or(Exit::WrongUsage)
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn answer(error: &Error) -> Exit {
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
    let command = commands()
        .into_iter()
        .find(|row| command.is_some_and(|word| word == row.name));
    let is_run = command.as_ref().is_some_and(|row| row.name == "run");
    let mut message = match error.kind() {
        ErrorKind::InvalidUtf8 => not_utf8(ours),
        ErrorKind::MissingRequiredArgument if is_run => "there is no command to run".to_owned(),
        _ => one_line(&error.render().to_string()),
    };
    if let Some(correction) = correction(error) {
        message = format!("{message}; {correction}");
    } else if is_run && ours.len() == line.len() {
        message.push_str("; the command to run goes after `--`");
    }
    let console = Console::default();
    console.error(message);
    let (usage, help) = command.map_or(("pushjob <COMMAND>", "pushjob".to_owned()), |row| {
        (row.usage, format!("pushjob {}", row.name))
    });
    let nothing = if is_run { "nothing was run; " } else { "" };
    console.error(format_args!(
        "{nothing}usage: {usage}; `{help} --help` shows all"
    ));
    if is_run {
        Exit::NothingRun
    } else {
        Exit::WrongUsage
    }
}

/// Advice on how to correct a command line.
fn correction(error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.last().cloned(),
        _ => None,
    };
    let secret = text(ContextKind::InvalidArg)
        .filter(|_| error.kind() == ErrorKind::UnknownArgument)
        .and_then(|flag| Some((secret_variable(flag.strip_prefix("--")?)?, flag)));
    if let Some((variable, flag)) = secret {
        return Some(format!(
            "did you mean `{flag}-file`? A secret is never the value of a flag, where others see it: \
             give its file, or set {variable}"
        ));
    }
    let suggestion = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    let suggestion = suggestion.into_iter().find_map(text)?;
    Some(format!("did you mean `{suggestion}`?"))
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
