//! The group that `push`, `pushadd` and `delete` are about.

use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{NameValidation, parse_names};
use pushjob::grouping::GroupingKey;
use pushjob::push::{
    Change, Delivered, Method, Pushgateway, Request, UnpushableError, for_each_concurrently,
};
use pushjob::spool::{Kept, RunResult, Spool};

use crate::args::{SpoolArgs, TargetArgs};
use crate::console::{Console, chain, done};
use crate::exit::Exit;
use crate::settings::{Gateways, settings, spool as folder};
use crate::spool::{Notice, notices, notices_of_earlier, undelivered};

/// What became of a request, and what else there is to say.
type Sent = (Result<Option<Delivered>, String>, Vec<Notice>);

/// A group, on each of one or more gateways.
pub(crate) struct Group {
    clients: Vec<Pushgateway>,
    key: GroupingKey,
    names: NameValidation,
    push_timeout: Duration,
    /// Where is kept what could not be delivered.
    spool: Option<Spool>,
}

impl Group {
    /// The group that flags and environment name. Here a mistake in the environment is as bad as one in a flag.
    pub(crate) fn named_by(args: &TargetArgs, spool: &SpoolArgs) -> Result<Self, String> {
        let settings = settings(args)?;
        if let Some(trouble) = settings.troubles.into_iter().next() {
            return Err(trouble.message);
        }
        if let Some(message) = settings.gateways.wrong_files().into_iter().next() {
            return Err(message);
        }
        let (Some(key), Gateways::Given(gateways)) = (settings.key, settings.gateways) else {
            return Err("--gateway is missing: the URL of the Pushgateway".to_owned());
        };
        let clients = gateways.iter().map(|gateway| gateway.builder.build());
        let clients: Result<_, _> = clients.collect();
        let clients = clients.map_err(|error| chain(&error))?;
        let spool = folder(spool).map(|(folder, _)| Spool::open(folder));
        Ok(Self {
            clients,
            key,
            names: settings.names,
            push_timeout: settings.push_timeout,
            spool: spool.transpose().map_err(|error| chain(&error))?,
        })
    }

    /// Which names it takes.
    pub(crate) fn names(&self) -> NameValidation {
        self.names
    }

    pub(crate) fn key(&self) -> &GroupingKey {
        &self.key
    }

    /// On how many gateways it is.
    pub(crate) fn gateways(&self) -> usize {
        self.clients.len()
    }

    /// Sends a request to all of them, and says of each where it failed.
    pub(crate) fn deliver(
        &self,
        request: Result<Request<'_>, UnpushableError>,
        console: Console,
    ) -> Exit {
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                console.error(format_args!("cannot push: {error}"));
                return Exit::NotDone;
            }
        };
        let (verb, what) = match request.method() {
            Method::Delete => ("delete", "deleted"),
            _ => ("push", "delivered to"),
        };
        let results = for_each_concurrently(&self.clients, |client| {
            if let Some(spool) = &self.spool {
                return self.through(spool, client, &request);
            }
            let delivered = client.send(&request);
            (
                delivered.map(Some).map_err(|error| chain(&error)),
                Vec::new(),
            )
        });
        let mut exit = Exit::Done;
        for (client, (result, notices)) in self.clients.iter().zip(results) {
            for notice in notices {
                notice.say(console);
            }
            match result {
                Ok(Some(delivered)) => {
                    console.note(done(what, &client.url(&self.key), delivered));
                }
                Ok(None) => {}
                Err(reason) => {
                    console.error(format_args!("cannot {verb}: {reason}"));
                    exit = Exit::NotDone;
                }
            }
        }
        exit
    }

    /// Sends a request, with what is kept for the group, or keeps it.
    fn through(&self, spool: &Spool, client: &Pushgateway, request: &Request<'_>) -> Sent {
        let begin = Instant::now();
        let left = || self.push_timeout.saturating_sub(begin.elapsed());
        let body = request
            .body()
            .map(|body| parse_names(body.as_bytes(), self.names));
        let change = match (request.method(), &body) {
            (Method::Delete, _) => Change::Delete,
            (Method::Put, Some(Ok(families))) => Change::Push(families),
            (Method::Post, Some(Ok(families))) => Change::PushAdd(families),
            _ => {
                // It is too long to be kept. What waits goes first, so that it does not come later.
                let url = client.url(&self.key);
                let waiting = spool
                    .resume(&client.address(), &self.key)
                    .deliver(client, left());
                let notices = notices_of_earlier(&waiting, &url);
                if let Err(error) = &waiting.run {
                    if !matches!(waiting.kept(error), Kept::Refused(_)) {
                        let error = chain(error);
                        let reason = format!("{error}; it is too long to be kept");
                        return (Err(reason), notices);
                    }
                }
                let delivered = client.send_within(request, left());
                return (delivered.map(Some).map_err(|error| chain(&error)), notices);
            }
        };
        let result = RunResult {
            completed: SystemTime::now(),
            change,
            lasting: &[],
            job: None,
        };
        let kept = spool.keep(&client.address(), &self.key, &result);
        let delivery = kept.deliver(client, left());
        let notices = notices(&delivery, &client.url(&self.key));
        let delivered = match &delivery.run {
            Ok(delivered) => Ok(*delivered),
            Err(error) => Err(undelivered(error, &delivery)),
        };
        (delivered, notices)
    }
}
