//! Values of settings: those of the command line, or else of the environment.
//!
//! A further source, such as a file, has its place in [`Given::raw`] and in [`Given::source`].

use std::env;
use std::ffi::OsString;

use super::parse::text;
use super::source::{ConfigWarning, SettingError, SettingSource, variable};
use super::table::{Form, Row, Setting};

/// Values that the command line gives to settings, by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(Vec<(&'static str, Vec<OsString>)>);

impl FromIterator<(&'static str, Vec<OsString>)> for Given {
    fn from_iter<I: IntoIterator<Item = (&'static str, Vec<OsString>)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Given {
    /// The same, with these values for a setting.
    pub(super) fn with<T>(
        &self,
        setting: &'static Setting<T>,
        values: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let mut given = self.clone();
        given.0.retain(|(name, _)| *name != setting.row.name);
        let values = values.into_iter().map(Into::into).collect();
        given.0.push((setting.row.name, values));
        given
    }

    /// Source of the values of a setting, where it has any.
    pub(super) fn source(&self, row: &Row) -> Option<SettingSource> {
        if self.0.iter().any(|(name, _)| *name == row.name) {
            return Some(SettingSource::Flag(row.name));
        }
        environment(row).map(|_| SettingSource::Variable(row.name))
    }

    /// The value of a setting, with its source.
    pub(super) fn find<T>(
        &self,
        setting: &'static Setting<T>,
    ) -> Result<Option<(T, SettingSource)>, SettingError> {
        let (values, source) = self.list(setting)?;
        Ok(values.into_iter().next().map(|value| (value, source)))
    }

    pub(super) fn value<T>(&self, setting: &'static Setting<T>) -> Result<Option<T>, SettingError> {
        let found = self.find(setting)?;
        Ok(found.map(|(value, _)| value))
    }

    /// The value of a setting, where a mistake in the environment is as bad as one on the command
    /// line.
    pub(crate) fn checked<T>(&self, setting: &'static Setting<T>) -> Result<Option<T>, String> {
        self.value(setting).map_err(SettingError::into_message)
    }

    /// The source of a switch that is on.
    pub(super) fn switch(
        &self,
        setting: &'static Setting<bool>,
    ) -> Result<Option<SettingSource>, SettingError> {
        let found = self.find(setting)?;
        Ok(found.and_then(|(is_on, source)| is_on.then_some(source)))
    }

    /// The value of a setting, or the default of the table, which also takes the place of a wrong
    /// variable.
    pub(super) fn value_or_default<T>(
        &self,
        setting: &'static Setting<T>,
        warnings: &mut Vec<ConfigWarning>,
    ) -> Result<T, String> {
        let default = setting.row.default;
        match self.value(setting) {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => {}
            Err(error) => error.warn(warnings, &format!("{default} is used"))?,
        }
        (setting.parse)(default.as_ref())
    }

    /// All values of a setting, with their source: the flag, or else the variable, where an empty
    /// one counts as none.
    pub(super) fn list<T>(
        &self,
        setting: &'static Setting<T>,
    ) -> Result<(Vec<T>, SettingSource), SettingError> {
        let (values, source) = self.raw(&setting.row)?;
        let values: Result<_, String> = values.iter().map(|value| (setting.parse)(value)).collect();
        Ok((values.map_err(|reason| source.error(reason))?, source))
    }

    fn raw(&self, row: &Row) -> Result<(Vec<OsString>, SettingSource), SettingError> {
        if let Some((_, values)) = self.0.iter().find(|(name, _)| *name == row.name) {
            return Ok((values.clone(), SettingSource::Flag(row.name)));
        }
        let source = SettingSource::Variable(row.name);
        let Some(value) = environment(row) else {
            return Ok((Vec::new(), source));
        };
        if !matches!(row.form, Form::List(_)) {
            return Ok((vec![value], source));
        }
        let list = text(&value).map_err(|reason| source.error(reason))?;
        let values = list.split(',').map(str::trim);
        let values = values.filter(|value| !value.is_empty());
        Ok((values.map(OsString::from).collect(), source))
    }
}

/// Returns true where the variable of a setting is set, be it to nothing.
pub(super) fn is_in_environment(row: &Row) -> bool {
    env::var_os(variable(row.name)).is_some()
}

/// The variable of a setting, where it is set and not empty.
pub(super) fn environment(row: &Row) -> Option<OsString> {
    env::var_os(variable(row.name)).filter(|value| !value.is_empty())
}
