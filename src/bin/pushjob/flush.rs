//! `pushjob flush`.

use std::fmt::Write;
use std::io::{self, Write as _};
use std::time::Duration;

use humantime::format_duration;
use pushjob::push::Pushgateway;
use pushjob::spool::{Spool, SpoolError, Waiting};

use crate::args::{FlushArgs, GatewayArgs};
use crate::console::{Console, chain};
use crate::exit::Exit;
use crate::settings::{Gateways, credentials, delivery, spool};
use crate::spool::Notice;

pub(crate) fn flush(args: &FlushArgs) -> Exit {
    let console = args.messages.console();
    let opened = match spool(&args.spool) {
        Some((folder, _)) => Spool::open(folder).map_err(|error| chain(&error)),
        None => Err("--spool is missing: the folder in which results are kept".to_owned()),
    };
    let spool = match opened {
        Ok(spool) => spool,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    let found = |found: Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError>| match found {
        Ok((found, troubles)) => {
            for trouble in &troubles {
                console.warning(chain(trouble));
            }
            Ok(found)
        }
        Err(error) => {
            console.error(chain(&error));
            Err(Exit::NotDone)
        }
    };
    let waiting = match found(spool.waiting()) {
        Ok(waiting) => waiting,
        Err(exit) => return exit,
    };
    if args.list {
        return match found(spool.refused()) {
            Ok(refused) => list(&[waiting, refused].concat()),
            Err(exit) => exit,
        };
    }
    let clients = match clients(&args.gateway, &waiting) {
        Ok(clients) => clients,
        Err(message) => {
            console.error(message);
            return Exit::WrongUsage;
        }
    };
    let others = waiting.iter().filter(|waiting| {
        let is_ours = |client: &Pushgateway| client.address().base_url() == waiting.gateway;
        !clients.iter().any(is_ours)
    });
    let mut left = 0;
    for Waiting { gateway, key, .. } in others {
        console.warning(format_args!(
            "{key} waits for {gateway}, which --gateway does not name"
        ));
        left += 1;
    }
    let wait = args.wait.unwrap_or_default();
    left += deliver(&spool, &clients, wait, console);
    if left == 0 { Exit::Done } else { Exit::NotDone }
}

/// Delivers what waits for these gateways, and returns how many groups were left or refused.
fn deliver(spool: &Spool, clients: &[Pushgateway], wait: Duration, console: Console) -> usize {
    let mut undelivered = 0;
    for pass in spool.flush_passes(clients, wait) {
        undelivered += pass.report.refused;
        if pass.is_last {
            undelivered += pass.report.left;
        }
        for notice in pass.report.notices {
            match Notice::from(notice) {
                // What keeps it from being delivered matters here, once.
                Notice::Note(message) if pass.is_last => console.error(message),
                notice => notice.say(console),
            }
        }
    }
    undelivered
}

/// Clients of the gateways that are given, or else of those for which something waits.
fn clients(args: &GatewayArgs, waiting: &[Waiting]) -> Result<Vec<Pushgateway>, String> {
    let mut gateways = delivery(args)?.0;
    if matches!(gateways, Gateways::NotGiven) {
        // Who has written what waits has named them, and may be anyone.
        if let Some(source) = credentials(args) {
            return Err(format!(
                "--gateway is missing: credentials, as from {source}, only go to one that is named"
            ));
        }
        let mut args = args.clone();
        args.gateway = waiting
            .iter()
            .map(|waiting| waiting.gateway.clone())
            .collect();
        args.gateway.sort();
        args.gateway.dedup();
        gateways = delivery(&args)?.0;
    }
    if let Some(message) = gateways.wrong_files().into_iter().next() {
        return Err(message);
    }
    let Gateways::Given(gateways) = gateways else {
        return Ok(Vec::new());
    };
    let built = gateways.iter().map(|gateway| {
        let built = gateway.builder.build();
        built.map_err(|error| gateway.explain(&error))
    });
    built.collect()
}

/// Shows what waits, a line each.
fn list(waiting: &[Waiting]) -> Exit {
    let mut text = String::new();
    for result in waiting {
        let Waiting {
            gateway,
            key,
            runs,
            refused,
            path,
            ..
        } = result;
        let age = format_duration(result.age());
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
