//! Where the results of a run go: gateways and a textfile, or the gateway in memory.

use pushjob::push::Change;
use pushjob::sink::{EmbeddedGateway, Sink};

use super::args::EndMethod as Method;
use super::recipient::{Conclusion, Delivery, End, Recipient};
use super::record::Aim;
use super::textfile::TextfileRecipient;
use crate::settings::Gateways;
use crate::terminal::chain;

/// Where the results of a run go.
pub(crate) struct Destinations {
    pub(crate) gateways: Vec<Recipient>,
    pub(crate) textfile: Option<TextfileRecipient>,
    /// In the place of all others, with the line that says why.
    pub(crate) embedded: Option<(EmbeddedGateway, &'static str)>,
}

impl Destinations {
    fn embedded(why: &'static str) -> Self {
        Self {
            gateways: Vec::new(),
            textfile: None,
            embedded: Some((EmbeddedGateway::new(), why)),
        }
    }

    /// None when a mistake in the environment leaves them open.
    pub(crate) fn new(gateways: Gateways, aim: &Aim) -> Option<Self> {
        let textfile = aim.textfile.clone();
        let textfile = textfile.map(|file| TextfileRecipient::new(file, aim.report.clone()));
        Some(match gateways {
            _ if aim.dry_run => {
                Self::embedded("dry run, nothing was sent; Prometheus would scrape:")
            }
            Gateways::Given(gateways) => Self {
                gateways: gateways.into_iter().map(Recipient::new).collect(),
                textfile,
                embedded: None,
            },
            Gateways::NotGiven | Gateways::Unusable if textfile.is_some() => Self {
                gateways: Vec::new(),
                textfile,
                embedded: None,
            },
            Gateways::NotGiven => {
                Self::embedded("no --gateway is given; from one, Prometheus would scrape:")
            }
            Gateways::Unusable => return None,
        })
    }
}

/// Delivers the end to the gateway in memory.
pub(crate) fn conclude_embedded(gateway: &EmbeddedGateway, end: &End<'_>) -> Conclusion {
    let deliver = |change| {
        let delivered = gateway.deliver(end.key, change, end.push_timeout);
        delivered.map(Some).map_err(|error| chain(&error))
    };
    let result = end.change(end.method).map_or(Ok(None), deliver);
    // Where nothing is done at the end, there is what heartbeats would have brought.
    let method = match end.method {
        Method::None if end.beating => Method::Pushadd,
        method => method,
    };
    let families = end.job_families(method);
    Conclusion {
        url: "the gateway in memory".to_owned(),
        delivery: Delivery {
            result,
            job: families.map_or(Ok(None), |families| deliver(Change::PushAdd(families))),
            notices: Vec::new(),
        },
        announced: None,
    }
}
