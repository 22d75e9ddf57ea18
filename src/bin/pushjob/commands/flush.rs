//! `pushjob flush`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use humantime::format_duration;
use pushjob::push::Pushgateway;
use pushjob::spool::{FlushPass, Spool, SpoolError, Waiting};

use crate::exit::{CommandFailure, Exit};
use crate::settings::{
    FlushSettingArgs, Gateways, Given, SPOOL, any_duration, credentials, delivery, delivery_to,
};
use crate::terminal::{Console, chain};

#[derive(Debug, Args)]
#[command(
    after_help = "Each result goes to the gateway that it was meant for. With --gateway, only results for that gateway are \
                  delivered.\n\n\
                  Exit codes: 0 nothing is waiting any more; 1 something still is, or was rejected; 2 wrong usage.\n\n\
                  Examples:\n  \
                  pushjob flush --spool /var/spool/pushjob\n  \
                  pushjob flush --spool /var/spool/pushjob --list"
)]
pub(crate) struct FlushArgs {
    #[command(flatten)]
    pub(crate) settings: FlushSettingArgs,

    /// Retry for this long, until nothing is waiting any more. Without it each result is tried once
    #[arg(long, help_heading = "Flush", value_name = "DURATION", allow_hyphen_values = true, value_parser = any_duration)]
    pub(crate) wait: Option<Duration>,

    /// List on stdout what is waiting and what gateways have rejected, and deliver nothing
    #[arg(long, help_heading = "Flush", conflicts_with = "wait")]
    pub(crate) list: bool,
}

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
    let clients = clients(&args.settings.given, &waiting)?;
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
    let (mut left, mut refused) = (0, 0);
    for pass in spool.flush_passes(&clients, args.wait.unwrap_or_default()) {
        refused += pass.report.refused;
        if pass.is_last {
            left = pass.report.left;
        }
        report_pass(&pass, console);
    }
    Ok(if is_named && left + refused == 0 {
        Exit::Done
    } else {
        Exit::NotDone
    })
}

/// Prints the notices of a pass.
fn report_pass(pass: &FlushPass, console: Console) {
    for notice in &pass.report.notices {
        if notice.is_warning() {
            console.warning(notice);
        } else if pass.is_last {
            // What keeps it from being delivered matters here, once.
            console.error(notice);
        } else {
            console.note(notice);
        }
    }
}

/// Clients of the gateways that are given, or else of those for which something waits.
fn clients(given: &Given, waiting: &[Waiting]) -> Result<Vec<Pushgateway>, String> {
    let (mut gateways, _) = delivery(given)?;
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
    gateways.clients()
}

/// Prints a line for each entry of the spool.
fn list(waiting: &[Waiting]) -> Exit {
    let mut text = String::new();
    for entry @ Waiting {
        gateway,
        key,
        runs,
        refused,
        path,
        ..
    } in waiting
    {
        let age = format_duration(entry.age());
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
