//! What the flags and the environment say about the gateway and the group, checked.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::time::Duration;

use pushjob::grouping::GroupingKey;
use pushjob::push::{ConfigError, Password, Pushgateway, PushgatewayBuilder};

use crate::args::{GatewayArgs, GroupArgs, positive_duration};
use crate::console::chain;

const PUSH_TIMEOUT: Duration = Duration::from_secs(10);
const PUSH_RETRIES: u32 = 3;

/// The variables that hold secrets, which no job gets to see.
pub(crate) const SECRETS: [&str; 2] = ["PUSHJOB_PASSWORD", "PUSHJOB_BEARER_TOKEN"];

/// What came out of flags and environment.
#[derive(Debug)]
pub(crate) struct Settings {
    /// None when a mistake in the environment leaves it open.
    pub(crate) key: Option<GroupingKey>,
    pub(crate) gateway: Gateway,
    pub(crate) push_timeout: Duration,
    /// What is wrong with the environment or a file.
    pub(crate) troubles: Vec<Trouble>,
}

/// Where to deliver.
#[derive(Debug)]
pub(crate) enum Gateway {
    NotGiven,
    /// Given, but a mistake in the environment or a file leaves open which or how.
    Unusable,
    Given(PushgatewayBuilder),
}

/// Something that is wrong with the environment or a file, and what follows from it.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) consequence: String,
}

/// A mistake in a setting.
#[derive(Debug)]
enum Mistake {
    /// On the command line.
    Usage(String),
    /// In the environment or in a file.
    Trouble(String),
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Flag(&'static str),
    Environment(&'static str),
}

impl Source {
    fn mistake(self, reason: impl fmt::Display) -> Mistake {
        match self {
            Self::Flag(_) => Mistake::Usage(format!("{self}: {reason}")),
            Self::Environment(_) => Mistake::Trouble(format!("{self}: {reason}")),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Environment(name) => f.write_str(name),
        }
    }
}

/// A text setting with its source.
type Given = Option<(String, Source)>;

/// Reads the settings: flags first, then the environment, where an empty variable counts as none.
///
/// A mistake on the command line is an error. Mistakes elsewhere are collected.
pub(crate) fn settings(args: &GatewayArgs) -> Result<Settings, String> {
    let mut troubles = Vec::new();
    let mut keep = |mistake: Mistake, consequence: String| match mistake {
        Mistake::Usage(message) => Err(message),
        Mistake::Trouble(message) => {
            troubles.push(Trouble {
                message,
                consequence,
            });
            Ok(())
        }
    };
    let not_recorded = || "the run is not recorded".to_owned();
    let push_timeout = push_timeout(args).or_else(|mistake| {
        let consequence = format!("{}s is used", PUSH_TIMEOUT.as_secs());
        keep(mistake, consequence).map(|()| PUSH_TIMEOUT)
    })?;
    let push_retries = push_retries(args).or_else(|mistake| {
        keep(mistake, format!("{PUSH_RETRIES} is used")).map(|()| PUSH_RETRIES)
    })?;
    let key = key(&args.group)
        .map(Some)
        .or_else(|mistake| keep(mistake, not_recorded()).map(|()| None))?;
    let gateway = gateway(args)
        .or_else(|mistake| keep(mistake, not_recorded()).map(|()| Gateway::Unusable))?;
    let gateway = match gateway {
        Gateway::Given(builder) => {
            Gateway::Given(builder.timeout(push_timeout).retries(push_retries))
        }
        other => other,
    };
    Ok(Settings {
        key,
        gateway,
        push_timeout,
        troubles,
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

fn push_retries(args: &GatewayArgs) -> Result<u32, Mistake> {
    match given(
        args.push_retries.as_ref(),
        "--push-retries",
        "PUSHJOB_PUSH_RETRIES",
    )? {
        Some((text, source)) => text
            .parse()
            .map_err(|_| source.mistake(format!("{text:?} is not a whole number from 0"))),
        None => Ok(PUSH_RETRIES),
    }
}

fn key(args: &GroupArgs) -> Result<GroupingKey, Mistake> {
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
    let (labels, source) = labels(args)?;
    labels.into_iter().try_fold(key, |key, label| {
        let (name, value) = label
            .split_once('=')
            .ok_or_else(|| source.mistake(format!("{label:?} is not of the form NAME=VALUE")))?;
        key.with_label(name, value)
            .map_err(|error| source.mistake(error))
    })
}

fn labels(args: &GroupArgs) -> Result<(Vec<String>, Source), Mistake> {
    if !args.label.is_empty() {
        return Ok((args.label.clone(), Source::Flag("--label")));
    }
    let source = Source::Environment("PUSHJOB_LABEL");
    let labels = match variable("PUSHJOB_LABEL")? {
        Some(list) => {
            let labels = list.split(',').map(str::trim);
            let labels = labels.filter(|label| !label.is_empty());
            labels.map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    Ok((labels, source))
}

fn instance(args: &GroupArgs) -> Result<Given, Mistake> {
    const HOSTNAME_VARIABLE: &str = "PUSHJOB_INSTANCE_HOSTNAME";
    if args.instance_hostname {
        return hostname(Source::Flag("--instance-hostname")).map(Some);
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
    let source = Source::Environment(HOSTNAME_VARIABLE);
    let wanted = variable(HOSTNAME_VARIABLE)?.map(|text| text.to_ascii_lowercase());
    match wanted.as_deref() {
        None | Some("false" | "0" | "no") => Ok(instance),
        Some("true" | "1" | "yes") if instance.is_some() => {
            Err(source.mistake("PUSHJOB_INSTANCE is set too: set one of the two"))
        }
        Some("true" | "1" | "yes") => hostname(source).map(Some),
        Some(other) => Err(source.mistake(format!("{other:?} is neither true nor false"))),
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

/// The gateway, with what it takes to log in to it.
fn gateway(args: &GatewayArgs) -> Result<Gateway, Mistake> {
    let username = given(args.username.as_ref(), "--username", "PUSHJOB_USERNAME")?;
    let password = password(args)?;
    let Some((url, url_source)) = given(args.gateway.as_ref(), "--gateway", "PUSHJOB_GATEWAY")?
    else {
        return Ok(Gateway::NotGiven);
    };
    let mut builder = Pushgateway::builder(&url);
    let username_source = username.as_ref().map(|(_, source)| *source);
    if let Some((username, _)) = username {
        builder = builder.username(username);
    }
    let password_source = password.as_ref().map(|(_, source)| *source);
    if let Some((password, _)) = &password {
        builder = builder.password(password.clone());
    }
    builder.check().map_err(|error| match error {
        ConfigError::PasswordWithoutUsername => password_source
            .unwrap_or(url_source)
            .mistake("there is no user name to go with the password: set --username"),
        ConfigError::Username => username_source.unwrap_or(url_source).mistake(error),
        _ => url_source.mistake(error),
    })?;
    if let Some((password, source)) = &password {
        password
            .read()
            .map_err(|error| Mistake::Trouble(format!("{source}: {}", chain(&error))))?;
    }
    Ok(Gateway::Given(builder))
}

fn password(args: &GatewayArgs) -> Result<Option<(Password, Source)>, Mistake> {
    if let Some(path) = &args.password_file {
        let source = Source::Flag("--password-file");
        return Ok(Some((Password::File(path.clone()), source)));
    }
    let file = env::var_os("PUSHJOB_PASSWORD_FILE").filter(|path| !path.is_empty());
    let value = variable("PUSHJOB_PASSWORD")?;
    let file_source = Source::Environment("PUSHJOB_PASSWORD_FILE");
    match (file, value) {
        (Some(_), Some(_)) => {
            Err(file_source.mistake("PUSHJOB_PASSWORD is set too: set one of the two"))
        }
        (Some(path), None) => Ok(Some((Password::File(path.into()), file_source))),
        (None, Some(value)) => {
            let source = Source::Environment("PUSHJOB_PASSWORD");
            Ok(Some((Password::Value(value), source)))
        }
        (None, None) => Ok(None),
    }
}

/// A flag, or else the variable that stands for it.
fn given(
    flag: Option<&String>,
    flag_name: &'static str,
    variable_name: &'static str,
) -> Result<Given, Mistake> {
    if let Some(value) = flag {
        return Ok(Some((value.clone(), Source::Flag(flag_name))));
    }
    let value = variable(variable_name)?;
    Ok(value.map(|value| (value, Source::Environment(variable_name))))
}

fn variable(name: &'static str) -> Result<Option<String>, Mistake> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| Source::Environment(name).mistake("it is not valid UTF-8"))
}
