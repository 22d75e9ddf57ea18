//! The group: its job name and further labels.

use std::env;
use std::fs;

use pushjob::exposition::NameValidation;
use pushjob::grouping::GroupingKey;

use super::args::GroupArgs;
use super::source::{Given, Mistake, Source, given, given_list, switched_on};

const HOSTNAME_FLAG: &str = "--instance-hostname";
const HOSTNAME_VARIABLE: &str = "PUSHJOB_INSTANCE_HOSTNAME";

/// Which names are taken.
pub(super) fn names(utf8_names: bool) -> Result<NameValidation, Mistake> {
    let utf8 = switched_on(utf8_names, "--utf8-names", "PUSHJOB_UTF8_NAMES")?;
    Ok(match utf8 {
        Some(_) => NameValidation::Utf8,
        None => NameValidation::Legacy,
    })
}

pub(super) fn key(args: &GroupArgs, names: NameValidation) -> Result<GroupingKey, Mistake> {
    let Some((job, source)) = given(args.job.as_ref(), "--job", "PUSHJOB_JOB")? else {
        if env::var_os("PUSHJOB_JOB").is_some() {
            return Err(Source::Environment("PUSHJOB_JOB").mistake("it is empty"));
        }
        let message = "--job is missing: the name under which the metrics are kept";
        return Err(Mistake::Usage(message.to_owned()));
    };
    let key = GroupingKey::new(job).map_err(|error| source.mistake(error))?;
    let key = match instance(args)? {
        Some((instance, source)) => key
            .with_label("instance", instance)
            .map_err(|error| source.mistake(error))?,
        None => key,
    };
    let (labels, source) = given_list(&args.label, "--label", "PUSHJOB_LABEL")?;
    labels.into_iter().try_fold(key, |key, label| {
        let (name, value) = label
            .split_once('=')
            .ok_or_else(|| source.mistake(format!("{label:?} is not of the form NAME=VALUE")))?;
        key.with_label_names(name, value, names)
            .map_err(|error| source.mistake(error))
    })
}

fn instance(args: &GroupArgs) -> Result<Given, Mistake> {
    if args.instance_hostname {
        return hostname(Source::Flag(HOSTNAME_FLAG)).map(Some);
    }
    let instance = given(args.instance.as_ref(), "--instance", "PUSHJOB_INSTANCE")?;
    if let Some((_, Source::Flag(_))) = instance {
        return Ok(instance);
    }
    // A flag wins over a variable, also this way of giving it.
    if args
        .label
        .iter()
        .any(|label| label.starts_with("instance="))
    {
        return Ok(None);
    }
    match switched_on(false, HOSTNAME_FLAG, HOSTNAME_VARIABLE)? {
        None => Ok(instance),
        Some(source) if instance.is_some() => {
            Err(source.mistake("PUSHJOB_INSTANCE is set too: set one of the two"))
        }
        Some(source) => hostname(source).map(Some),
    }
}

fn hostname(source: Source) -> Result<(String, Source), Mistake> {
    const FILE: &str = "/proc/sys/kernel/hostname";
    match fs::read_to_string(FILE) {
        Ok(name) => Ok((name.trim_end().to_owned(), source)),
        Err(error) => Err(Mistake::Trouble(format!(
            "{source}: cannot read {FILE}: {error}"
        ))),
    }
}
