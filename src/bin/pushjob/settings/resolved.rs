//! The settings of a command, resolved and checked.

use std::time::Duration;

use pushjob::exposition::NameValidation;
use pushjob::grouping::GroupingKey;
use pushjob::sink::scrape::ListenAddress;

use super::gateways::{Gateways, NOT_RECORDED};
use super::given::{Given, is_in_environment};
use super::key::{grouping_key, name_validation};
use super::source::{ConfigWarning, SettingError, SettingSource};
use super::table::{GATEWAY, LISTEN, PUSH_TIMEOUT, UTF8_NAMES};

/// The settings of a command that delivers to a group on gateways.
#[derive(Debug)]
pub(crate) struct Settings {
    /// None when a mistake in the environment leaves it open.
    pub(crate) key: Option<GroupingKey>,
    pub(crate) gateways: Gateways,
    pub(crate) push_timeout: Duration,
    /// Names of metrics and labels that are accepted.
    pub(crate) names: NameValidation,
    /// The variable of the gateways, where it is set but names none.
    pub(crate) empty_gateway: Option<SettingSource>,
    /// Mistakes in the environment and in files.
    pub(crate) warnings: Vec<ConfigWarning>,
}

impl Settings {
    /// Reads the settings. A mistake on the command line is an error, one in the environment a
    /// warning.
    pub(crate) fn read(given: &Given) -> Result<Self, String> {
        let mut warnings = Vec::new();
        let push_timeout = given.value_or_default(&PUSH_TIMEOUT, &mut warnings)?;
        let names = name_validation(given).or_else(|error| {
            // Whoever has set it wants them.
            let accepted = error.warn(&mut warnings, "UTF-8 names are taken");
            accepted.map(|()| NameValidation::Utf8)
        })?;
        let key = grouping_key(given, names).map(Some).or_else(|error| {
            let unknown = error.warn(&mut warnings, NOT_RECORDED);
            unknown.map(|()| None)
        })?;
        let gateways = Gateways::read(given, push_timeout, &mut warnings)?;
        let is_empty = matches!(gateways, Gateways::NotGiven) && is_in_environment(&GATEWAY.row);
        Ok(Self {
            key,
            gateways,
            empty_gateway: is_empty.then_some(SettingSource::Variable(GATEWAY.row.name)),
            push_timeout,
            names,
            warnings,
        })
    }

    /// Takes note of a reason why the run is not recorded.
    pub(crate) fn warn_unrecorded(&mut self, message: String) {
        self.gateways = Gateways::Unusable;
        self.warnings.push(ConfigWarning {
            message,
            consequence: NOT_RECORDED.to_owned(),
        });
    }

    /// Makes less of the mistakes in the settings of gateways, where a run is recorded without
    /// them.
    pub(crate) fn without_gateways(&mut self) {
        if self.key.is_none() {
            return;
        }
        for warning in &mut self.warnings {
            if warning.consequence == NOT_RECORDED {
                "nothing is delivered to a gateway".clone_into(&mut warning.consequence);
            }
        }
    }
}

/// The gateways to deliver to what was kept for them, and how long a delivery may take. A mistake
/// in the environment is as bad as one in a flag.
pub(crate) fn delivery(given: &Given) -> Result<(Gateways, Duration), String> {
    let mut warnings = Vec::new();
    let push_timeout = given.value_or_default(&PUSH_TIMEOUT, &mut warnings)?;
    let gateways = Gateways::read(given, push_timeout, &mut warnings)?;
    match warnings.into_iter().next() {
        Some(warning) => Err(warning.message),
        None => Ok((gateways, push_timeout)),
    }
}

/// The same for these gateways instead of those that are given.
pub(crate) fn delivery_to<'a>(
    given: &Given,
    urls: impl IntoIterator<Item = &'a String>,
) -> Result<Gateways, String> {
    let (gateways, _) = delivery(&given.with(&GATEWAY, urls))?;
    Ok(gateways)
}

/// Names that are accepted by a command that needs no gateway, where its own flag may ask for UTF-8
/// names.
pub(crate) fn accepted_names(utf8_names: bool) -> Result<NameValidation, String> {
    let flag = utf8_names.then_some(["true"]);
    let given = flag.map_or_else(Given::default, |on| Given::default().with(&UTF8_NAMES, on));
    name_validation(&given).map_err(SettingError::into_message)
}

/// Address at which metrics are served while the job runs.
#[derive(Debug)]
pub(crate) enum EndpointSettings {
    NotGiven,
    /// Given, but a mistake in the environment leaves open which.
    Unusable,
    Given(ListenAddress, SettingSource),
}

pub(crate) const NOT_SERVED: &str = "nothing is served";

impl EndpointSettings {
    /// Reads the address. A mistake in the environment is a warning.
    pub(crate) fn read(given: &Given, warnings: &mut Vec<ConfigWarning>) -> Result<Self, String> {
        match given.find(&LISTEN) {
            Ok(None) => Ok(Self::NotGiven),
            Ok(Some((address, source))) => Ok(Self::Given(address, source)),
            Err(error) => error.warn(warnings, NOT_SERVED).map(|()| Self::Unusable),
        }
    }
}
