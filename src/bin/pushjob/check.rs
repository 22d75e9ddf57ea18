//! `pushjob check`.

use std::io::IsTerminal;
use std::path::Path;

use pushjob::exposition::{Check, Format};

use crate::args::CheckArgs;
use crate::console::Console;
use crate::exit::Exit;
use crate::findings::{Colour, Findings};
use crate::input::Input;
use crate::settings::names;

pub(crate) fn check(args: &CheckArgs) -> Exit {
    let console = args.messages.console();
    let names = match names(args.utf8_names) {
        Ok(names) => names,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    if args.files.is_empty() && Input::stdin_is_terminal() {
        console.error("nothing to check: name a FILE (`-` for this terminal), or pipe metrics in");
        return Exit::WrongUsage;
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
    exit
}

/// Says what is wrong with one text, and whether it is good.
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
