//! `pushjob push` and `pushjob pushadd`.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::Args;
use pushjob::exposition::{
    Check, CheckReport, Format, MetricFamilies, Normalizations, Severity, Text,
};
use pushjob::push::{Change, Method, PushText, Request};

use super::target::Target;
use crate::exit::{CommandFailure, Exit};
use crate::input::{Chained, Input, SampleArgs, TextArgs, append_samples, samples};
use crate::settings::TargetArgs;
use crate::terminal::{Console, Findings, ProgressLine};

#[derive(Debug, Args)]
#[command(
    after_help = "The input is the Prometheus text format 0.0.4 or OpenMetrics. All of it is checked before anything is \
                  sent.\n\n\
                  Exit codes: 0 success; 1 rejected or unreachable; 2 wrong usage.\n\n\
                  Examples:\n  \
                  pushjob pushadd --gateway http://gateway:9091 --job etl --gauge rows=1042\n  \
                  pushjob push --gateway http://gateway:9091 --job etl metrics.prom"
)]
pub(crate) struct PushArgs {
    /// File in the text format; without one, or with `-`, stdin is read
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: TargetArgs,

    #[command(flatten)]
    pub(crate) text: TextArgs,

    #[command(flatten)]
    pub(crate) samples: SampleArgs,
}

const EMPTY: &str = "there are no metrics in the input: the group is left without any";

/// Replaces all metrics of the group.
pub(crate) fn push(args: &PushArgs, console: Console) -> Result<Exit, CommandFailure> {
    deliver(args, Method::Put, console)
}

/// Replaces the metrics of the same names in the group.
pub(crate) fn pushadd(args: &PushArgs, console: Console) -> Result<Exit, CommandFailure> {
    deliver(args, Method::Post, console)
}

fn deliver(args: &PushArgs, method: Method, console: Console) -> Result<Exit, CommandFailure> {
    let target = Target::new(&args.settings.given)?;
    let samples = samples(&args.samples, target.names())?;
    let Some(input) = input(args)? else {
        let change = match method {
            Method::Put => Change::Push(&samples),
            _ => Change::PushAdd(&samples),
        };
        return Ok(target.deliver(Request::new(target.key(), change), console));
    };
    let push = Push {
        args,
        method,
        target: &target,
        console,
    };
    push.text(&input, &samples)
        .map_err(|message| Exit::NotDone.because(message))
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
    method: Method,
    target: &'a Target,
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
            .names(self.target.names())
            .format(format)
            .normalize();
        if self.args.text.strip_timestamps {
            check = check.strip_timestamps();
        }
        ProgressLine::of(input, |progress| {
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
            let appended = append_samples(text.checked(), samples)
                .map_err(|error| format!("{name}: {error}"))?;
            let chained = Chained::new(progress, &appended).map_err(unreadable)?;
            // What is wrong now is in the samples: the rest has been checked.
            match self.checked(
                &chained,
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
        let checked = PushText::check(self.target.key(), text, check, &mut findings)
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

    fn send(&self, text: &PushText<'_>, progress: &ProgressLine<'_>) -> Exit {
        progress.sending(self.target.gateways());
        if self.method == Method::Put && text.checked().samples == 0 {
            self.console.warning(EMPTY);
        }
        let request = Request::of_text(self.target.key(), self.method, text);
        self.target.deliver(request, self.console)
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
