//! What the flags and the environment say about the gateways and the group, checked.

mod gateway;
mod group;
mod source;

use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pushjob::exposition::NameValidation;
use pushjob::grouping::GroupingKey;
use pushjob::push::{ConfigError, GatewayKind, PushgatewayBuilder};
use pushjob::sink::Textfile;
use pushjob::sink::scrape::ListenAddress;

use self::gateway::Sources;
pub(crate) use self::gateway::{credentials, secret_variables};
pub(crate) use self::source::Source;
use self::source::{Mistake, given, given_path};
use crate::args::{
    GatewayArgs, ListenArgs, SpoolArgs, TargetArgs, TextfileArgs, positive_duration,
};

const PUSH_TIMEOUT: Duration = Duration::from_secs(10);
/// What came out of flags and environment.
#[derive(Debug)]
pub(crate) struct Settings {
    /// None when a mistake in the environment leaves it open.
    pub(crate) key: Option<GroupingKey>,
    pub(crate) gateways: Gateways,
    pub(crate) push_timeout: Duration,
    /// Which names of metrics and labels are taken.
    pub(crate) names: NameValidation,
    /// What is wrong with the environment or a file.
    pub(crate) troubles: Vec<Trouble>,
}

/// Where to deliver.
#[derive(Debug)]
pub(crate) enum Gateways {
    NotGiven,
    /// Given, but a mistake in the environment or a file leaves open which or how.
    Unusable,
    /// At least one.
    Given(Vec<Gateway>),
}

impl Gateways {
    /// What is wrong with the files that they need. It may be right by the time it matters, so a job is not kept waiting for
    /// it to be found out.
    pub(crate) fn wrong_files(&self) -> Vec<String> {
        let Self::Given(gateways) = self else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        for gateway in gateways {
            // What is wrong for each of several gateways is said once.
            let message = gateway.wrong_file();
            messages.extend(message.filter(|message| !messages.contains(message)));
        }
        messages
    }
}

/// A gateway, ready to be talked to.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) builder: PushgatewayBuilder,
    pub(crate) kind: GatewayKind,
    /// Where its kind comes from: from a setting of its own, or from its URL.
    pub(crate) kind_source: Source,
    sources: Arc<Sources>,
}

impl Gateway {
    fn wrong_file(&self) -> Option<String> {
        let error = self.builder.check_files().err()?;
        Some(self.explain(&error))
    }

    /// What is wrong, with the setting that it comes from.
    pub(crate) fn explain(&self, error: &ConfigError) -> String {
        self.sources.mistake(error).into_message()
    }
}

/// Something that is wrong with the environment or a file, and what follows from it.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) consequence: String,
}

/// The mistakes in the environment and in files.
#[derive(Default)]
struct Troubles(Vec<Trouble>);

impl Troubles {
    /// Keeps a mistake in the environment. One on the command line is an error.
    fn keep(&mut self, mistake: Mistake, consequence: &str) -> Result<(), String> {
        match mistake {
            Mistake::Usage(message) => Err(message),
            Mistake::Trouble(message) => {
                // What is wrong for each of several gateways is said once.
                if self.0.iter().all(|trouble| trouble.message != message) {
                    self.0.push(Trouble {
                        message,
                        consequence: consequence.to_owned(),
                    });
                }
                Ok(())
            }
        }
    }
}

/// Which names are taken, for a command that needs no gateway.
pub(crate) fn names(utf8_names: bool) -> Result<NameValidation, String> {
    group::names(utf8_names).map_err(Mistake::into_message)
}

const NOT_RECORDED: &str = "the run is not recorded";

impl Settings {
    /// What is wrong with the gateways matters less when a run is recorded without them.
    pub(crate) fn recorded_elsewhere(&mut self) {
        if self.key.is_none() {
            return;
        }
        for trouble in &mut self.troubles {
            if trouble.consequence == NOT_RECORDED {
                "nothing is delivered to a gateway".clone_into(&mut trouble.consequence);
            }
        }
    }
}

/// Reads the settings: flags first, then the environment, where an empty variable counts as none.
///
/// A mistake on the command line is an error. Mistakes elsewhere are collected.
pub(crate) fn settings(args: &TargetArgs) -> Result<Settings, String> {
    let mut troubles = Troubles::default();
    let push_timeout = push_timeout_or_default(&args.gateway, &mut troubles)?;
    let names = group::names(args.group.utf8_names).or_else(|mistake| {
        // Whoever has set it wants them.
        let consequence = "UTF-8 names are taken";
        troubles
            .keep(mistake, consequence)
            .map(|()| NameValidation::Utf8)
    })?;
    let key = group::key(&args.group, names)
        .map(Some)
        .or_else(|mistake| troubles.keep(mistake, NOT_RECORDED).map(|()| None))?;
    let gateways = gateways(&args.gateway, push_timeout, &mut troubles)?;
    Ok(Settings {
        key,
        gateways,
        push_timeout,
        names,
        troubles: troubles.0,
    })
}

/// Where to deliver what was kept, and how long a delivery may take. Here a mistake in the environment is as bad as one in a
/// flag.
pub(crate) fn delivery(args: &GatewayArgs) -> Result<(Gateways, Duration), String> {
    let mut troubles = Troubles::default();
    let push_timeout = push_timeout_or_default(args, &mut troubles)?;
    let gateways = gateways(args, push_timeout, &mut troubles)?;
    match troubles.0.into_iter().next() {
        Some(trouble) => Err(trouble.message),
        None => Ok((gateways, push_timeout)),
    }
}

/// The folder for what could not be delivered.
pub(crate) fn spool(args: &SpoolArgs) -> Option<(PathBuf, Source)> {
    given_path(args.spool.as_ref(), "--spool", "PUSHJOB_SPOOL")
}

/// The textfile.
pub(crate) fn textfile(args: &TextfileArgs) -> Result<Option<Textfile>, String> {
    let given = given_path(args.textfile.as_ref(), "--textfile", "PUSHJOB_TEXTFILE");
    let textfile = given.map(|(path, source)| {
        // What is wrong with a path in a variable, but for an empty one, which counts as none, shows only when it is used.
        Textfile::new(path).map_err(|error| source.mistake(error).into_message())
    });
    textfile.transpose()
}

/// Where to serve metrics while the job runs.
#[derive(Debug)]
pub(crate) enum Listen {
    NotGiven,
    /// Given, but a mistake in the environment leaves open which.
    Unusable,
    Given(ListenAddress, Source),
}

pub(crate) const NOT_SERVED: &str = "nothing is served";

/// Reads where to serve metrics. A mistake in the environment is kept with the settings.
pub(crate) fn listen(args: &ListenArgs, settings: &mut Settings) -> Result<Listen, String> {
    let address = |(text, source): (String, Source)| {
        let address = text.parse().map_err(|error| source.mistake(error))?;
        Ok(Listen::Given(address, source))
    };
    let given = given(args.listen.as_ref(), "--listen", "PUSHJOB_LISTEN");
    let listen = given.and_then(|given| given.map_or(Ok(Listen::NotGiven), address));
    let mut troubles = Troubles(mem::take(&mut settings.troubles));
    let listen = listen.or_else(|mistake| {
        let kept = troubles.keep(mistake, NOT_SERVED);
        kept.map(|()| Listen::Unusable)
    });
    settings.troubles = troubles.0;
    listen
}

fn push_timeout_or_default(
    args: &GatewayArgs,
    troubles: &mut Troubles,
) -> Result<Duration, String> {
    push_timeout(args).or_else(|mistake| {
        let consequence = format!("{}s is used", PUSH_TIMEOUT.as_secs());
        troubles.keep(mistake, &consequence).map(|()| PUSH_TIMEOUT)
    })
}

fn gateways(
    args: &GatewayArgs,
    push_timeout: Duration,
    troubles: &mut Troubles,
) -> Result<Gateways, String> {
    let push_retries = push_retries(args).or_else(|mistake| {
        let consequence = "the default is used";
        troubles.keep(mistake, consequence).map(|()| None)
    })?;
    let gateways = match gateway::read(args, troubles) {
        Ok(read) => usable(read, troubles)?,
        Err(mistake) => {
            troubles.keep(mistake, NOT_RECORDED)?;
            Gateways::Unusable
        }
    };
    Ok(match gateways {
        Gateways::Given(gateways) => {
            let gateways = gateways.into_iter().map(|gateway| Gateway {
                builder: match push_retries {
                    Some(retries) => gateway.builder.timeout(push_timeout).retries(retries),
                    None => gateway.builder.timeout(push_timeout),
                },
                ..gateway
            });
            Gateways::Given(gateways.collect())
        }
        other => other,
    })
}

/// Leaves out the gateways with which something is wrong.
fn usable(
    read: Vec<Result<Gateway, Mistake>>,
    troubles: &mut Troubles,
) -> Result<Gateways, String> {
    if read.is_empty() {
        return Ok(Gateways::NotGiven);
    }
    let consequence = if read.iter().all(Result::is_err) {
        NOT_RECORDED
    } else {
        "nothing is delivered to it"
    };
    let mut gateways = Vec::new();
    for gateway in read {
        match gateway {
            Ok(gateway) => gateways.push(gateway),
            Err(mistake) => troubles.keep(mistake, consequence)?,
        }
    }
    Ok(if gateways.is_empty() {
        Gateways::Unusable
    } else {
        Gateways::Given(gateways)
    })
}

fn push_timeout(args: &GatewayArgs) -> Result<Duration, Mistake> {
    match given(
        args.push_timeout.as_ref(),
        "--push-timeout",
        "PUSHJOB_PUSH_TIMEOUT",
    )? {
        Some((text, source)) => positive_duration(&text)
            .map_err(|error| source.mistake(format!("{text:?} is not a duration: {error}"))),
        None => Ok(PUSH_TIMEOUT),
    }
}

fn push_retries(args: &GatewayArgs) -> Result<Option<u32>, Mistake> {
    match given(
        args.push_retries.as_ref(),
        "--push-retries",
        "PUSHJOB_PUSH_RETRIES",
    )? {
        Some((text, source)) => text
            .parse()
            .map(Some)
            .map_err(|_| source.mistake(format!("{text:?} is not a whole number from 0"))),
        None => Ok(None),
    }
}
