//! The group that `push`, `pushadd` and `delete` are about.

use pushjob::exposition::NameValidation;
use pushjob::grouping::GroupingKey;
use pushjob::push::{Method, Pushgateway, Request, UnpushableError, side_by_side};

use crate::args::GatewayArgs;
use crate::console::{Console, chain, done};
use crate::exit::Exit;
use crate::settings::{Gateways, settings};

/// A group, on each of one or more gateways.
pub(crate) struct Group {
    clients: Vec<Pushgateway>,
    key: GroupingKey,
    names: NameValidation,
}

impl Group {
    /// The group that flags and environment name. Here a mistake in the environment is as bad as one in a flag.
    pub(crate) fn named_by(args: &GatewayArgs) -> Result<Self, String> {
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
        Ok(Self {
            clients,
            key,
            names: settings.names,
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
        let results = side_by_side(&self.clients, |client| client.send(&request));
        let mut exit = Exit::Done;
        for (client, result) in self.clients.iter().zip(results) {
            match result {
                Ok(delivered) => console.note(done(what, &client.url(&self.key), delivered)),
                Err(error) => {
                    console.error(format_args!("cannot {verb}: {}", chain(&error)));
                    exit = Exit::NotDone;
                }
            }
        }
        exit
    }
}
