//! `pushjob push` and `pushjob pushadd`.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use pushjob::exposition::{MetricFamilies, NameValidation, parse_names};
use pushjob::push::Change;

use crate::args::PushArgs;
use crate::exit::Exit;
use crate::group::Group;
use crate::samples::{merge, samples};

/// The most that is read, in bytes.
const INPUT_LIMIT: u64 = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Push,
    PushAdd,
}

pub(crate) fn push(args: &PushArgs, verb: Verb) -> Exit {
    let console = args.messages.console();
    let group = match Group::named_by(&args.gateway) {
        Ok(group) => group,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    let input =
        samples(&args.samples, group.names()).and_then(|samples| Ok((samples, read(args)?)));
    let (samples, input) = match input {
        Ok(input) => input,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    let families = match families(input, samples, group.names()) {
        Ok(families) => families,
        Err(message) => {
            console.error(message);
            return Exit::NotDone;
        }
    };
    if verb == Verb::Push && families.is_empty() {
        console.warning("there are no metrics in the input: the group is left without any");
    }
    let change = match verb {
        Verb::Push => Change::Push(&families),
        Verb::PushAdd => Change::PushAdd(&families),
    };
    group.deliver(change, console)
}

/// What was read, and where from.
struct Input {
    name: String,
    content: Vec<u8>,
}

/// Reads the file, or stdin when there is neither a file nor a sample on the command line.
fn read(args: &PushArgs) -> Result<Option<Input>, String> {
    let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
    let named = |name: String, result: io::Result<Vec<u8>>| match result {
        Ok(content) if content.len() as u64 > INPUT_LIMIT => {
            Err(format!("{name}: more than {INPUT_LIMIT} bytes"))
        }
        Ok(content) => Ok(Some(Input { name, content })),
        Err(error) => Err(format!("cannot read {name}: {error}")),
    };
    if let Some(path) = file {
        return named(
            path.display().to_string(),
            File::open(path).and_then(read_all),
        );
    }
    if args.file.is_none() && !args.samples.is_empty() {
        return Ok(None);
    }
    let stdin = io::stdin();
    if args.file.is_none() && stdin.is_terminal() {
        let message = "nothing to push: name a FILE (`-` for this terminal), --gauge or --counter, \
                       or pipe metrics in";
        return Err(message.to_owned());
    }
    named("stdin".to_owned(), read_all(stdin.lock()))
}

fn read_all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(INPUT_LIMIT + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn families(
    input: Option<Input>,
    samples: MetricFamilies,
    names: NameValidation,
) -> Result<MetricFamilies, String> {
    let Some(Input { name, content }) = input else {
        return Ok(samples);
    };
    let read = parse_names(&content, names).map_err(|error| format!("{name}: {error}"))?;
    merge(read, samples).map_err(|error| format!("{name}: {error}"))
}
