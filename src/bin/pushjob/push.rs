//! `pushjob push` and `pushjob pushadd`.

use std::borrow::Cow;

use pushjob::exposition::{
    Check, CheckReport, Format, MetricFamilies, Normalizations, Severity, Text,
};
use pushjob::push::{Change, Method, PushText, Request};

use crate::args::PushArgs;
use crate::console::Console;
use crate::exit::Exit;
use crate::findings::Findings;
use crate::group::Group;
use crate::input::{Input, Joined};
use crate::progress::Progress;
use crate::samples::{behind, samples};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Push,
    PushAdd,
}

const EMPTY: &str = "there are no metrics in the input: the group is left without any";

pub(crate) fn push(args: &PushArgs, verb: Verb) -> Exit {
    let console = args.messages.console();
    let prepared = Group::named_by(&args.target, &args.spool).and_then(|group| {
        let samples = samples(&args.samples, group.names())?;
        Ok((group, samples, input(args)?))
    });
    let (group, samples, input) = match prepared {
        Ok(prepared) => prepared,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    let Some(input) = input else {
        let change = match verb {
            Verb::Push => Change::Push(&samples),
            Verb::PushAdd => Change::PushAdd(&samples),
        };
        return group.deliver(Request::new(group.key(), change), console);
    };
    let push = Push {
        args,
        verb,
        group: &group,
        console,
    };
    push.text(&input, &samples).unwrap_or_else(|message| {
        console.error(message);
        Exit::NotDone
    })
}

/// The file, or stdin when there is neither a file nor a sample on the command line.
fn input(args: &PushArgs) -> Result<Option<Input>, String> {
    if let Some(path) = &args.file {
        return Input::open(path).map(Some);
    }
    if !args.samples.is_empty() {
        return Ok(None);
    }
    if Input::stdin_is_terminal() {
        let message = "nothing to push: name a FILE (`-` for this terminal), --gauge or --counter, \
                       or pipe metrics in";
        return Err(message.to_owned());
    }
    Input::stdin().map(Some)
}

/// A push of text.
struct Push<'a> {
    args: &'a PushArgs,
    verb: Verb,
    group: &'a Group,
    console: Console,
}

impl Push<'_> {
    /// Checks all of a text, and sends it then with the samples of the command line.
    fn text(&self, input: &Input, samples: &MetricFamilies) -> Result<Exit, String> {
        let name = &input.name;
        let unreadable = |error| format!("cannot read {name}: {error}");
        let given = self.args.text.format();
        let format = match given {
            Some(format) => format,
            None => Format::of(input).map_err(unreadable)?,
        };
        let mut check = Check::new()
            .names(self.group.names())
            .format(format)
            .normalize();
        if self.args.text.strip_timestamps {
            check = check.strip_timestamps();
        }
        Progress::of(input, |progress| {
            let Some(text) = self.checked(progress, check.clone(), name)? else {
                return Ok(Exit::NotDone);
            };
            self.mended(text.checked(), format, name);
            if samples.is_empty() {
                return Ok(self.send(&text, progress));
            }
            if format == Format::OpenMetrics {
                return Err(format!(
                    "{name}: OpenMetrics ends with `# EOF`, behind which --gauge and --counter cannot be"
                ));
            }
            let behind =
                behind(text.checked(), samples).map_err(|error| format!("{name}: {error}"))?;
            let joined = Joined::new(progress, &behind).map_err(unreadable)?;
            // What is wrong now is in the samples: the rest has been checked.
            match self.checked(
                &joined,
                check,
                &format!("{name} with --gauge and --counter"),
            )? {
                Some(text) => Ok(self.send(&text, progress)),
                None => Ok(Exit::NotDone),
            }
        })
    }

    /// None where there is something wrong, which has been said.
    fn checked<'t>(
        &self,
        text: &'t dyn Text,
        check: Check,
        name: &str,
    ) -> Result<Option<PushText<'t>>, String> {
        let mut findings = Findings::default();
        let checked = PushText::check(self.group.key(), text, check, &mut findings)
            .map_err(|error| format!("cannot read {name}: {error}"))?;
        for problem in findings.shown() {
            let message = format!("{name}: {}", problem.error());
            match problem.severity() {
                Severity::Error => self.console.error(message),
                _ => self.console.warning(message),
            }
        }
        if let Some(more) = findings.more() {
            self.console.error(format!("{name}: {more}"));
        }
        Ok(checked)
    }

    fn send(&self, text: &PushText<'_>, progress: &Progress<'_>) -> Exit {
        progress.sending(self.group.gateways());
        let method = match self.verb {
            Verb::Push => Method::Put,
            Verb::PushAdd => Method::Post,
        };
        if self.verb == Verb::Push && text.checked().samples == 0 {
            self.console.warning(EMPTY);
        }
        let request = Request::of_text(self.group.key(), method, text);
        self.group.deliver(request, self.console)
    }

    /// Says what was not pushed as it stands in the input.
    fn mended(&self, checked: &CheckReport, format: Format, name: &str) {
        let Normalizations {
            byte_order_mark,
            carriage_returns,
            final_newline,
            timestamps,
            exemplars,
            ..
        } = checked.normalizations;
        let mut changes: Vec<Cow<'_, str>> = Vec::new();
        if byte_order_mark {
            changes.push("a byte order mark removed".into());
        }
        if carriage_returns > 0 {
            changes.push(format!("{} removed", count(carriage_returns, "carriage return")).into());
        }
        if final_newline {
            changes.push("a newline added at its end".into());
        }
        if exemplars > 0 {
            changes.push(format!("{} left out", count(exemplars, "exemplar")).into());
        }
        if !changes.is_empty() {
            self.console
                .warning(format_args!("{name}: {}", changes.join(", ")));
        }
        // These two have been asked for.
        if timestamps > 0 {
            let timestamps = count(timestamps, "timestamp");
            self.console
                .note(format_args!("{name}: {timestamps} removed"));
        }
        if format == Format::OpenMetrics {
            self.console
                .note(format_args!("{name}: converted from OpenMetrics"));
        }
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
