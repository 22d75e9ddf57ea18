//! The group that `push`, `pushadd` and `delete` are about.

use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Pushgateway};

use crate::args::GatewayArgs;
use crate::console::{Console, chain, delivered_to};
use crate::exit::Exit;
use crate::settings::{Gateway, settings};

/// A group on a gateway.
pub(crate) struct Group {
    client: Pushgateway,
    key: GroupingKey,
}

impl Group {
    /// The group that flags and environment name. Here a mistake in the environment is as bad as one in a flag.
    pub(crate) fn named_by(args: &GatewayArgs) -> Result<Self, String> {
        let settings = settings(args)?;
        if let Some(trouble) = settings.troubles.into_iter().next() {
            return Err(trouble.message);
        }
        let (Some(key), Gateway::Given(builder)) = (settings.key, settings.gateway) else {
            return Err("--gateway is missing: the URL of the Pushgateway".to_owned());
        };
        let client = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { client, key })
    }

    pub(crate) fn deliver(&self, change: Change<'_>, console: Console) -> Exit {
        let verb = match change {
            Change::Delete => "delete",
            _ => "push",
        };
        match self.client.deliver(&self.key, change) {
            Ok(delivered) => {
                console.note(delivered_to(&self.client.url(&self.key), delivered));
                Exit::Done
            }
            Err(error) => {
                console.error(format_args!("cannot {verb}: {}", chain(&error)));
                Exit::NotDone
            }
        }
    }
}
