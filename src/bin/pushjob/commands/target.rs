//! The group that `push`, `pushadd` and `delete` are about.

use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{NameValidation, parse_names};
use pushjob::grouping::GroupingKey;
use pushjob::push::{
    Change, Delivered, Method, Pushgateway, Request, UnpushableError, for_each_concurrently,
};
use pushjob::spool::{Disposition, RunResult, Spool, SpoolError, SpoolNotice, Undelivered};

use crate::exit::Exit;
use crate::settings::{Given, SPOOL, Settings};
use crate::terminal::{Console, chain, delivered_message};

/// Result of a request, and further messages.
type Sent = (Result<Option<Delivered>, String>, Vec<SpoolNotice>);

/// A group, on each of one or more gateways.
pub(crate) struct Target {
    clients: Vec<Pushgateway>,
    key: GroupingKey,
    names: NameValidation,
    push_timeout: Duration,
    /// Keeps requests that could not be delivered.
    spool: Option<Spool>,
    /// What is wrong with the spool.
    spool_flaw: Option<SpoolError>,
}

impl Target {
    /// The group that flags and environment name. Here a mistake in the environment is as bad as
    /// one in a flag.
    pub(crate) fn new(given: &Given) -> Result<Self, String> {
        let settings = Settings::read(given)?;
        if let Some(warning) = settings.warnings.into_iter().next() {
            return Err(warning.message);
        }
        let clients = settings.gateways.clients()?;
        let Some(key) = settings.key.filter(|_| !clients.is_empty()) else {
            return Err("--gateway is missing: the URL of the Pushgateway".to_owned());
        };
        let spool = given.checked(&SPOOL)?.map(Spool::open).transpose();
        // What is to be sent is sent all the same.
        let (spool, flaw) = match spool {
            Ok(Some(spool)) => {
                let flaw = spool.flaw();
                (Some(spool.timeout(settings.push_timeout)), flaw)
            }
            Ok(None) => (None, None),
            Err(error) => (None, Some(error)),
        };
        Ok(Self {
            clients,
            key,
            names: settings.names,
            push_timeout: settings.push_timeout,
            spool,
            spool_flaw: flaw,
        })
    }

    /// Names of metrics and labels that are accepted.
    pub(crate) fn names(&self) -> NameValidation {
        self.names
    }

    pub(crate) fn key(&self) -> &GroupingKey {
        &self.key
    }

    /// Number of gateways.
    pub(crate) fn gateways(&self) -> usize {
        self.clients.len()
    }

    /// Sends a request to all gateways, and reports each failure.
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
        if let Some(flaw) = &self.spool_flaw {
            console.warning(chain(flaw));
        }
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
                if notice.is_warning() {
                    console.warning(notice);
                } else {
                    console.note(notice);
                }
            }
            match result {
                Ok(Some(delivered)) => {
                    console.note(delivered_message(what, &client.url(&self.key), delivered));
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
                let waiting = spool
                    .resume(&client.address(), &self.key)
                    .deliver(client, left());
                let blocked = match &waiting.run {
                    Err(error) if !matches!(error.disposition, Disposition::Refused(_)) => Some(
                        format!("{}; it is too long to be kept", chain(&error.reason)),
                    ),
                    _ => None,
                };
                let notices = waiting.into_notices_of_earlier();
                if let Some(reason) = blocked {
                    return (Err(reason), notices);
                }
                let delivered = client.send_within(request, left());
                return (delivered.map(Some).map_err(|error| chain(&error)), notices);
            }
        };
        let result = RunResult {
            completed: SystemTime::now(),
            change,
            persistent: &[],
            job: None,
        };
        let kept = spool.keep(&client.address(), &self.key, &result);
        let delivery = kept.deliver(client, left());
        let said = |undelivered: Undelivered| undelivered.to_string();
        (delivery.run.map_err(said), delivery.notices)
    }
}
