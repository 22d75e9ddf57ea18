//! Secrets in the environment and on the command line.

use pushjob::push::{ConfigError, Proxy, Pushgateway};

use super::given::{Given, environment};
use super::source::{SettingSource, variable};
use super::table::{Form, ROWS, Row, Secrecy};

/// The variables that hold secrets, which no job gets to see.
pub(crate) fn secret_variables() -> impl Iterator<Item = String> {
    let secret = ROWS.iter().filter(|row| holds_secret(row));
    secret.map(|row| variable(row.name))
}

/// The variable of a secret, for the name of the flag that it would have.
pub(crate) fn secret_variable(name: &str) -> Option<String> {
    let mut rows = ROWS.iter();
    let is_secret = |row: &&&Row| row.form == Form::VariableOnly && row.name == name;
    rows.find(is_secret).map(|row| variable(row.name))
}

fn holds_secret(row: &Row) -> bool {
    let Some(value) = environment(row) else {
        return false;
    };
    let value = value.to_string_lossy();
    match row.secrecy {
        Secrecy::Open | Secrecy::SecretFile => false,
        Secrecy::Secret => true,
        Secrecy::UserName => value.contains(':'),
        Secrecy::Urls => {
            // What is no URL may be the end of a password.
            let urls = value.split(',').map(str::trim);
            let mut urls = urls.filter(|url| !url.is_empty());
            value.contains('@') || urls.any(|url| !is_url(url))
        }
    }
}

/// Source of credentials that are sent to any gateway, if there are some.
pub(crate) fn credentials(given: &Given) -> Option<SettingSource> {
    let credentials = ROWS.iter().filter(|row| row.secrecy.is_credential());
    let sources = credentials.filter_map(|row| given.source(row));
    sources.min_by_key(|source| !source.is_flag())
}

pub(super) fn is_url(text: &str) -> bool {
    let checked = Pushgateway::builder(text).proxy(Proxy::None).check();
    !matches!(checked, Err(ConfigError::Url { .. }))
}
