//! `pushjob flush`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use humantime::format_duration;
use pushjob::push::Pushgateway;
use pushjob::spool::{FlushPass, Spool, SpoolError, Waiting};

use crate::exit::{CommandFailure, Exit};
use crate::settings::{
    FlushSettingArgs, Gateways, Given, SPOOL, any_duration, credentials, delivery, delivery_to,
};
use crate::terminal::{Console, chain, printable};

#[derive(Debug, Args)]
#[command(
    after_help = "Each result goes to the gateway that it was meant for. With --gateway, only results for that gateway are \
                  delivered.\n\n\
                  Exit codes: 0 nothing is waiting any more; 1 something still is, or is set aside; 2 wrong usage.\n\n\
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
    let spool = Spool::find(folder).map_err(|error| match error {
        SpoolError::Missing { .. } => Exit::NotDone.because(error),
        error => Exit::WrongUsage.because(chain(&error)),
    })?;
    let not_read = |error: SpoolError| Exit::NotDone.because(chain(&error));
    let found = |found: Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError>| {
        let (found, troubles) = found.map_err(not_read)?;
        for trouble in &troubles {
            console.error(chain(trouble));
        }
        Ok::<_, CommandFailure>((found, troubles.len()))
    };
    if args.list {
        let (waiting, damaged) = found(spool.waiting())?;
        let (refused, damaged_aside) = found(spool.refused())?;
        let unreadable = spool.unreadable().map_err(not_read)?;
        let listed = list(&[waiting, refused].concat(), &unreadable);
        return Ok(match damaged + damaged_aside {
            0 => listed,
            _ => Exit::NotDone,
        });
    }
    let (waiting, mut undone) = found(spool.waiting_after_repair())?;
    let (waiting, unaddressed): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|entry| has_address(entry, console));
    undone += unaddressed.len();
    let clients = clients(&args.settings.given, &waiting)?;
    for Waiting { gateway, key, .. } in &waiting {
        let is_theirs = |client: &Pushgateway| client.address().base_url() == gateway;
        if !clients.iter().any(is_theirs) {
            undone += 1;
            console.warning(format_args!(
                "{key} waits for {gateway}, which --gateway does not name"
            ));
        }
    }
    for pass in spool.flush_passes(&clients, args.wait.unwrap_or_default()) {
        undone += pass.report.refused;
        if pass.is_last {
            undone += pass.report.left;
        }
        report_pass(&pass, console);
    }
    if undone == 0 {
        undone = report_set_aside(&spool, console).map_err(not_read)?;
    }
    Ok(if undone == 0 {
        Exit::Done
    } else {
        Exit::NotDone
    })
}

/// Reports what was set aside earlier, and returns how much that is.
fn report_set_aside(spool: &Spool, console: Console) -> Result<usize, SpoolError> {
    let (refused, _) = spool.refused()?;
    let mut paths: Vec<_> = refused.into_iter().map(|waiting| waiting.path).collect();
    paths.extend(spool.unreadable()?);
    for path in &paths {
        console.error(format_args!(
            "{} was set aside earlier; see what is in it, and remove it",
            path.display()
        ));
    }
    Ok(paths.len())
}

/// Tells if the gateway of an entry is one, and prints what is wrong with it otherwise: one entry
/// keeps no other from being delivered.
fn has_address(entry: &Waiting, console: Console) -> bool {
    let address = Pushgateway::builder(&entry.gateway).address();
    if let Err(error) = &address {
        let path = entry.path.display();
        console.error(format_args!("{path} goes on waiting: {}", chain(error)));
    }
    address.is_ok()
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

/// Prints a line for each entry of the spool, and for each file that is not one.
fn list(waiting: &[Waiting], unreadable: &[PathBuf]) -> Exit {
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
        let line = format!("{gateway} {key}: {runs}, in {}: {state}", path.display());
        let _ = writeln!(text, "{}", printable(&line));
    }
    for path in unreadable {
        let line = format!("{}: set aside, it is not a spool entry", path.display());
        let _ = writeln!(text, "{}", printable(&line));
    }
    match io::stdout().write_all(text.as_bytes()) {
        // A reader that has gone, as in `pushjob flush --list | head`, is no trouble.
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => Exit::NotDone,
    }
}
