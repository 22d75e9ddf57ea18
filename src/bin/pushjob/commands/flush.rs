//! `pushjob flush`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use pushjob::push::{Pushgateway, side_by_side};
use pushjob::spool::{Spool, SpoolError, Waiting};

use super::run::spool::{Flushed, Notice, age, flush as flush_gateway};
use crate::exit::{CommandFailure, Exit};
use crate::settings::{
    FlushSettingArgs, Gateways, Given, SPOOL, credentials, delivery, delivery_to,
};
use crate::terminal::{Console, chain};

#[derive(Debug, Args)]
#[command(
    after_help = "Without --gateway each result goes to the gateway that it was meant for. With it, only what was meant for that \
                  one is delivered.\n\n\
                  Exit codes: 0 nothing waits any more; 1 something still does, or was refused; 2 wrong usage."
)]
pub(crate) struct FlushArgs {
    #[command(flatten)]
    pub(crate) settings: FlushSettingArgs,

    /// Try again for this long, until nothing waits any more [default: once]
    #[arg(long, help_heading = "Spool", value_name = "DURATION", allow_hyphen_values = true, value_parser = humantime::parse_duration)]
    pub(crate) wait: Option<Duration>,

    /// Show what waits, and what gateways have refused, on stdout, and deliver nothing
    #[arg(long, help_heading = "Spool", conflicts_with = "wait")]
    pub(crate) list: bool,
}

/// Shortest and longest pause between two passes.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

pub(crate) fn flush(args: &FlushArgs, console: Console) -> Result<Exit, CommandFailure> {
    let folder = args
        .settings
        .given
        .checked(&SPOOL)?
        .ok_or_else(|| "--spool is missing: the folder in which results are kept".to_owned())?;
    let spool = Spool::open(folder).map_err(|error| chain(&error))?;
    let found = |found: Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError>| {
        let (found, troubles) = found.map_err(|error| Exit::NotDone.because(chain(&error)))?;
        for trouble in &troubles {
            console.warning(chain(trouble));
        }
        Ok::<_, CommandFailure>(found)
    };
    let waiting = found(spool.waiting())?;
    if args.list {
        return Ok(list(&[waiting, found(spool.refused())?].concat()));
    }
    let (clients, push_timeout) = clients(&args.settings.given, &waiting)?;
    let mut is_named = true;
    for Waiting { gateway, key, .. } in &waiting {
        let is_theirs = |client: &Pushgateway| client.address().base_url() == gateway;
        if !clients.iter().any(is_theirs) {
            console.warning(format_args!(
                "{key} waits for {gateway}, which --gateway does not name"
            ));
            is_named = false;
        }
    }
    let pass = FlushPass {
        spool: &spool,
        clients: &clients,
        push_timeout,
        console,
    };
    Ok(match pass.repeat(args.wait) {
        Exit::Done if !is_named => Exit::NotDone,
        exit => exit,
    })
}

/// A delivery of all that waits, to all gateways in parallel.
struct FlushPass<'a> {
    spool: &'a Spool,
    clients: &'a [Pushgateway],
    push_timeout: Duration,
    console: Console,
}

impl FlushPass<'_> {
    /// Delivers once, or again and again within `wait` until nothing is left.
    fn repeat(&self, wait: Option<Duration>) -> Exit {
        let begin = Instant::now();
        let (mut pause, longest) = PAUSES;
        let mut refused = 0;
        loop {
            let flushed = side_by_side(self.clients, |client| {
                let begin = Instant::now();
                let remaining = || self.push_timeout.saturating_sub(begin.elapsed());
                flush_gateway(self.spool, client, None, &remaining)
            });
            refused += flushed.iter().map(|flushed| flushed.refused).sum::<usize>();
            let left: usize = flushed.iter().map(|flushed| flushed.left).sum();
            let time = wait.unwrap_or_default().saturating_sub(begin.elapsed());
            let is_last = left == 0 || time.is_zero();
            for notice in flushed
                .into_iter()
                .flat_map(|Flushed { notices, .. }| notices)
            {
                match notice {
                    // What keeps it from being delivered matters here, once.
                    Notice::Note(message) if is_last => self.console.error(message),
                    notice => notice.say(self.console),
                }
            }
            if is_last {
                return if left + refused == 0 {
                    Exit::Done
                } else {
                    Exit::NotDone
                };
            }
            thread::sleep(pause.min(time));
            pause = (pause * 2).min(longest);
        }
    }
}

/// Clients of the gateways that are given, or else of those for which something waits.
fn clients(given: &Given, waiting: &[Waiting]) -> Result<(Vec<Pushgateway>, Duration), String> {
    let (mut gateways, push_timeout) = delivery(given)?;
    if matches!(gateways, Gateways::NotGiven) {
        // Who has written what waits has named them, and may be anyone.
        if let Some(source) = credentials(given) {
            return Err(format!(
                "--gateway is missing: credentials, as from {source}, only go to one that is named"
            ));
        }
        let urls: BTreeSet<_> = waiting.iter().map(|waiting| &waiting.gateway).collect();
        gateways = delivery_to(given, urls)?;
    }
    Ok((gateways.clients()?, push_timeout))
}

/// Prints a line for each entry of the spool.
fn list(waiting: &[Waiting]) -> Exit {
    let mut text = String::new();
    for Waiting {
        gateway,
        key,
        since,
        runs,
        refused,
        path,
        ..
    } in waiting
    {
        let age = age(*since);
        let runs = match runs {
            1 => format!("1 run, {age} ago"),
            runs => format!("{runs} runs, the first {age} ago"),
        };
        let state = match refused {
            Some(reason) => format!("refused: {reason}"),
            None => "waits".to_owned(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{gateway} {key}: {runs}, in {}: {state}",
            path.display()
        );
    }
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that has gone, as in `pushjob flush --list | head`, is no trouble.
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => Exit::NotDone,
    }
}
