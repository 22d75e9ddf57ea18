//! Flags, and the variables of the environment that stand for them.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A mistake in a setting.
#[derive(Debug)]
pub(super) enum Mistake {
    /// On the command line.
    Usage(String),
    /// In the environment or in a file.
    Trouble(String),
}

impl Mistake {
    pub(super) fn into_message(self) -> String {
        match self {
            Self::Usage(message) | Self::Trouble(message) => message,
        }
    }
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Flag(&'static str),
    Environment(&'static str),
}

impl Source {
    pub(crate) fn is_flag(self) -> bool {
        matches!(self, Self::Flag(_))
    }

    /// Of several settings that do not go together, the one to blame: one in the environment, because that is no reason
    /// not to run the job.
    pub(super) fn of_conflict(sources: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        sources
            .into_iter()
            .flatten()
            .min_by_key(|source| source.is_flag())
    }

    pub(super) fn mistake(self, reason: impl fmt::Display) -> Mistake {
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
pub(super) type Given = Option<(String, Source)>;

/// A flag, or else the variable that stands for it.
pub(super) fn given(
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

pub(super) fn variable(name: &'static str) -> Result<Option<String>, Mistake> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| Source::Environment(name).mistake("it is not valid UTF-8"))
}

/// The values of a flag that may be repeated, or else the variable that stands for it, a list with commas.
pub(super) fn given_list(
    flag: &[String],
    flag_name: &'static str,
    variable_name: &'static str,
) -> Result<(Vec<String>, Source), Mistake> {
    if !flag.is_empty() {
        return Ok((flag.to_vec(), Source::Flag(flag_name)));
    }
    let list = variable(variable_name)?.unwrap_or_default();
    let values = list.split(',').map(str::trim);
    let values = values.filter(|value| !value.is_empty()).map(str::to_owned);
    Ok((values.collect(), Source::Environment(variable_name)))
}

/// A flag without a value, or else the variable that stands for it, with where it was set.
pub(super) fn switched_on(
    flag: bool,
    flag_name: &'static str,
    variable_name: &'static str,
) -> Result<Option<Source>, Mistake> {
    if flag {
        return Ok(Some(Source::Flag(flag_name)));
    }
    let source = Source::Environment(variable_name);
    let wanted = variable(variable_name)?.map(|text| text.to_ascii_lowercase());
    match wanted.as_deref() {
        None | Some("false" | "0" | "no") => Ok(None),
        Some("true" | "1" | "yes") => Ok(Some(source)),
        Some(other) => Err(source.mistake(format!("{other:?} is neither true nor false"))),
    }
}

/// A file that a flag names, or else a variable.
pub(super) fn given_path(
    flag: Option<&PathBuf>,
    flag_name: &'static str,
    variable_name: &'static str,
) -> Option<(PathBuf, Source)> {
    if let Some(path) = flag {
        return Some((path.clone(), Source::Flag(flag_name)));
    }
    let path = env::var_os(variable_name).filter(|path| !path.is_empty())?;
    Some((path.into(), Source::Environment(variable_name)))
}
