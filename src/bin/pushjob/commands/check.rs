//! `pushjob check`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use pushjob::exposition::{Check, Format};

use crate::exit::{CommandFailure, Exit};
use crate::input::{Input, TextArgs};
use crate::settings::accepted_names;
use crate::terminal::{Colour, Console, Findings};

#[derive(Debug, Args)]
#[command(
    after_help = "Errors are printed on stderr as FILE:LINE:COLUMN, with the line. An input is valid when a Pushgateway \
                  accepts it unchanged; `push` and `pushadd` also correct line ends.\n\n\
                  Exit codes: 0 all is valid; 1 something is invalid or cannot be read; 2 wrong usage.\n\n\
                  Examples:\n  \
                  pushjob check metrics.prom\n  \
                  curl -s http://127.0.0.1:9100/metrics | pushjob check --lint"
)]
pub(crate) struct CheckArgs {
    /// Files in the text format or in OpenMetrics; without one, or with `-`, stdin is read
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    /// Also warn about bad practice: names, units, missing HELP
    #[arg(long)]
    pub(crate) lint: bool,

    /// Accept any UTF-8 text as the name of a metric or label, as Pushgateway 1.11 and newer can
    /// [env: PUSHJOB_UTF8_NAMES=true]
    #[arg(long)]
    pub(crate) utf8_names: bool,
}

pub(crate) fn check(args: &CheckArgs, console: Console) -> Result<Exit, CommandFailure> {
    let names = accepted_names(args.utf8_names)?;
    if args.files.is_empty() && Input::stdin_is_terminal() {
        let message = "nothing to check: name a FILE (`-` for this terminal), or pipe metrics in";
        return Err(Exit::WrongUsage.because(message));
    }
    let stdin = [Path::new("-").to_owned()];
    let files = if args.files.is_empty() {
        &stdin
    } else {
        args.files.as_slice()
    };
    let mut rules = Check::new().names(names);
    if args.lint {
        rules = rules.lint();
    }
    if args.text.strip_timestamps {
        rules = rules.strip_timestamps();
    }
    let mut exit = Exit::Done;
    for file in files {
        let checked = Input::open(file).and_then(|input| {
            let result = check_one(&input, rules.clone(), args, console);
            result.map_err(|error| format!("cannot read {}: {error}", input.name))
        });
        match checked {
            Ok(true) => {}
            Ok(false) => exit = Exit::NotDone,
            Err(message) => {
                console.error(message);
                exit = Exit::NotDone;
            }
        }
    }
    Ok(exit)
}

/// Reports the problems of one text, and tells if it has no error.
fn check_one(
    input: &Input,
    rules: Check,
    args: &CheckArgs,
    console: Console,
) -> std::io::Result<bool> {
    let format = match args.text.format() {
        Some(format) => format,
        None => Format::of(input)?,
    };
    let mut findings = Findings::default();
    if console.is_quiet() {
        findings = findings.of_errors();
    }
    let checked = rules.format(format).run(input, &mut findings)?;
    let colour = if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Colour::Coloured
    } else {
        Colour::Plain
    };
    console.text(&findings.page(&input.name, input, colour)?);
    if findings.errors == 0 {
        let families = checked.families.iter().filter(|family| family.samples > 0);
        console.note(format_args!(
            "{}: samples: {}, metric families: {}",
            input.name,
            checked.samples,
            families.count()
        ));
    }
    Ok(findings.errors == 0)
}
