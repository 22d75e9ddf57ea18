//! Sources of settings, and what a mistake in each means.

use std::fmt;

/// Source of a setting, with its name in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SettingSource {
    Flag(&'static str),
    Variable(&'static str),
}

impl SettingSource {
    pub(crate) fn is_flag(self) -> bool {
        matches!(self, Self::Flag(_))
    }

    /// The one to blame of several settings that do not go together: a variable, because that is no
    /// reason not to run the job.
    pub(super) fn conflict_between(
        sources: impl IntoIterator<Item = Option<Self>>,
    ) -> Option<Self> {
        let sources = sources.into_iter().flatten();
        sources.min_by_key(|source| source.is_flag())
    }

    pub(super) fn error(self, reason: impl fmt::Display) -> SettingError {
        let message = format!("{self}: {reason}");
        match self {
            Self::Flag(_) => SettingError::Usage(message),
            Self::Variable(_) => SettingError::Environment(message),
        }
    }
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(&variable(name)),
        }
    }
}

/// The variable that stands for a flag.
pub(super) fn variable(name: &str) -> String {
    let mut variable = "PUSHJOB_".to_owned();
    variable.extend(name.chars().map(|character| match character {
        '-' => '_',
        other => other.to_ascii_uppercase(),
    }));
    variable
}

/// A mistake in a setting.
#[derive(Debug)]
pub(super) enum SettingError {
    /// On the command line.
    Usage(String),
    /// In the environment or in a file: no reason for `run` not to run the job.
    Environment(String),
}

impl SettingError {
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Usage(message) | Self::Environment(message) => message,
        }
    }

    pub(super) fn into_message(self) -> String {
        match self {
            Self::Usage(message) | Self::Environment(message) => message,
        }
    }

    /// Keeps a mistake in the environment as a warning. One on the command line remains an error.
    pub(super) fn warn(
        self,
        warnings: &mut Vec<ConfigWarning>,
        consequence: &str,
    ) -> Result<(), String> {
        match self {
            Self::Usage(message) => Err(message),
            Self::Environment(message) => {
                // What is wrong for each of several gateways is said once.
                if warnings.iter().all(|warning| warning.message != message) {
                    let consequence = consequence.to_owned();
                    warnings.push(ConfigWarning {
                        message,
                        consequence,
                    });
                }
                Ok(())
            }
        }
    }
}

/// A mistake in the environment or in a file, and what follows from it.
#[derive(Debug)]
pub(crate) struct ConfigWarning {
    pub(crate) message: String,
    pub(crate) consequence: String,
}
