//! The grouping key: the job name and further labels.

use std::fs;

use pushjob::exposition::NameValidation;
use pushjob::grouping::GroupingKey;

use super::given::{Given, is_in_environment};
use super::source::{SettingError, SettingSource};
use super::table::{INSTANCE, INSTANCE_HOSTNAME, JOB, LABEL, UTF8_NAMES};

/// Names of labels and metrics that are accepted.
pub(super) fn name_validation(given: &Given) -> Result<NameValidation, SettingError> {
    Ok(match given.switch(&UTF8_NAMES)? {
        Some(_) => NameValidation::Utf8,
        None => NameValidation::Legacy,
    })
}

pub(super) fn grouping_key(
    given: &Given,
    names: NameValidation,
) -> Result<GroupingKey, SettingError> {
    let Some(key) = given.value(&JOB)? else {
        if is_in_environment(&JOB.row) {
            return Err(SettingSource::Variable(JOB.row.name).error("it is empty"));
        }
        let message = "--job is missing: the name under which the metrics are kept";
        return Err(SettingError::Usage(message.to_owned()));
    };
    let (labels, source) = given.list(&LABEL)?;
    // A flag wins over a variable, also this way of giving it.
    let has_instance = source.is_flag() && labels.iter().any(|(name, _)| name == "instance");
    let key = match instance(given, has_instance)? {
        Some((instance, source)) => key
            .with_label("instance", instance)
            .map_err(|error| source.error(error))?,
        None => key,
    };
    labels.into_iter().try_fold(key, |key, (name, value)| {
        let key = key.with_label_names(name, value, names);
        key.map_err(|error| source.error(error))
    })
}

/// The label `instance`, for which a variable counts only where no flag has given it as another
/// label.
fn instance(
    given: &Given,
    has_instance: bool,
) -> Result<Option<(String, SettingSource)>, SettingError> {
    let by_hostname = given.source(&INSTANCE_HOSTNAME.row);
    if let Some(source) = by_hostname.filter(|source| source.is_flag()) {
        return hostname(source).map(Some);
    }
    let instance = given.find(&INSTANCE)?;
    if instance
        .as_ref()
        .is_some_and(|(_, source)| source.is_flag())
    {
        return Ok(instance);
    }
    if has_instance {
        return Ok(None);
    }
    match given.switch(&INSTANCE_HOSTNAME)? {
        None => Ok(instance),
        Some(source) => match instance {
            Some((_, other)) => {
                Err(source.error(format!("{other} is set too: set one of the two")))
            }
            None => hostname(source).map(Some),
        },
    }
}

fn hostname(source: SettingSource) -> Result<(String, SettingSource), SettingError> {
    const FILE: &str = "/proc/sys/kernel/hostname";
    match fs::read_to_string(FILE) {
        Ok(name) => Ok((name.trim_end().to_owned(), source)),
        Err(error) => {
            let message = format!("{source}: cannot read {FILE}: {error}");
            Err(SettingError::Environment(message))
        }
    }
}
