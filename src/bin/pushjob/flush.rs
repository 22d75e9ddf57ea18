//! `pushjob flush`.

use std::fmt::Write;
use std::io::{self, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use pushjob::push::{Pushgateway, for_each_concurrently};
use pushjob::spool::{Spool, SpoolError, Waiting};

use crate::args::{FlushArgs, GatewayArgs};
use crate::console::{Console, chain};
use crate::exit::Exit;
use crate::settings::{Gateways, credentials, delivery, spool};
use crate::spool::{Flushed, Notice, age, flush as flush_gateway};

/// The pauses between two rounds, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

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
    let (clients, push_timeout) = match clients(&args.gateway, &waiting) {
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
    let round = Round {
        spool: &spool,
        clients: &clients,
        push_timeout,
        console,
    };
    match round.rounds(args.wait) {
        Exit::Done if left > 0 => Exit::NotDone,
        exit => exit,
    }
}

/// Deliveries to all gateways.
struct Round<'a> {
    spool: &'a Spool,
    clients: &'a [Pushgateway],
    push_timeout: Duration,
    console: Console,
}

impl Round<'_> {
    /// One, or as many as it takes within `wait`.
    fn rounds(&self, wait: Option<Duration>) -> Exit {
        let begin = Instant::now();
        let (mut pause, longest) = PAUSES;
        let mut refused = 0;
        loop {
            let flushed = for_each_concurrently(self.clients, |client| {
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
fn clients(
    args: &GatewayArgs,
    waiting: &[Waiting],
) -> Result<(Vec<Pushgateway>, Duration), String> {
    let (mut gateways, push_timeout) = delivery(args)?;
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
        return Ok((Vec::new(), push_timeout));
    };
    let built = gateways.iter().map(|gateway| {
        let built = gateway.builder.build();
        built.map_err(|error| gateway.explain(&error))
    });
    Ok((built.collect::<Result<_, _>>()?, push_timeout))
}

/// Shows what waits, a line each.
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
