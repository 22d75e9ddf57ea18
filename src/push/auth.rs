//! Credentials: where they come from, and the header that carries them.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::config_error::ConfigError;
use super::file::{FileError, FileKind, read};

/// The most that a password or token may hold, in bytes: what servers take in a header, as a rule.
const LIMIT: usize = 8 * 1024;

/// The most that a user name may hold, in bytes.
const NAME_LIMIT: usize = 1024;

/// A password or token, or where it is. Its `Debug` form does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub enum Secret {
    /// The secret itself.
    Value(String),
    /// A regular file that holds it, of at most 8 KiB; blanks and newlines around it do not count.
    /// It is read at every delivery, because such files are replaced from time to time. Pipes and
    /// terminals are refused: they can be read but once, and may never answer.
    File(PathBuf),
}

impl Secret {
    /// The secret as it is now.
    fn read(&self, kind: FileKind) -> Result<Vec<u8>, FileError> {
        let path = match self {
            Self::Value(value) => return Ok(value.clone().into_bytes()),
            Self::File(path) => path,
        };
        let content = read(path, kind, LIMIT as u64)?;
        let secret = content.trim_ascii();
        if secret.is_empty() || secret.iter().any(u8::is_ascii_control) {
            return Err(FileError::NoSecret {
                kind,
                path: path.clone(),
            });
        }
        Ok(secret.to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Credentials as they were given.
#[derive(Clone, Default)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) bearer: Option<Secret>,
}

impl fmt::Debug for Login {
    /// The text behind a colon in a user name is left out: it is often the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let username = self.username.as_deref();
        f.debug_struct("Login")
            .field(
                "username",
                &username.and_then(|name| name.split(':').next()),
            )
            .field("password", &self.password)
            .field("bearer", &self.bearer)
            .finish()
    }
}

impl Login {
    /// Completes it by what stands in a URL.
    pub(super) fn or(mut self, username: Option<String>, password: Option<String>) -> Self {
        if self.username.is_none() {
            self.username = username;
            self.password = self.password.or(password.map(Secret::Value));
        }
        self
    }

    /// Nothing is no authentication.
    pub(super) fn check(self) -> Result<Option<Credentials>, ConfigError> {
        let Self {
            username,
            password,
            bearer,
        } = self;
        let values = [&password, &bearer].into_iter().flatten();
        let lengths = values.map(|secret| match secret {
            Secret::Value(value) => value.len(),
            Secret::File(_) => 0,
        });
        let name_length = username.as_ref().map(String::len);
        if lengths.max() > Some(LIMIT) || name_length > Some(NAME_LIMIT) {
            return Err(ConfigError::LongCredentials);
        }
        match (username, password, bearer) {
            (None, None, None) => Ok(None),
            (None, None, Some(token)) => {
                if matches!(&token, Secret::Value(value) if !is_token(value)) {
                    return Err(ConfigError::BearerToken);
                }
                Ok(Some(Credentials::Bearer(token)))
            }
            (_, _, Some(_)) => Err(ConfigError::BasicAndBearer),
            (None, Some(_), None) => Err(ConfigError::PasswordWithoutUsername),
            (Some(username), password, None) => {
                if username.contains(|c: char| c == ':' || c.is_control()) {
                    return Err(ConfigError::Username);
                }
                let password = password.unwrap_or(Secret::Value(String::new()));
                Ok(Some(Credentials::Basic { username, password }))
            }
        }
    }
}

/// The same, checked.
#[derive(Clone, Debug)]
pub(super) enum Credentials {
    /// <https://www.rfc-editor.org/rfc/rfc7617>
    Basic { username: String, password: Secret },
    /// <https://www.rfc-editor.org/rfc/rfc6750>
    Bearer(Secret),
}

/// An authorization header with the secret in it.
#[derive(Clone)]
pub(super) struct Authorization {
    /// The value of the header.
    pub(super) header: String,
    /// The password or token in it.
    pub(super) secret: String,
}

impl Authorization {
    /// The texts in it that no message may show.
    pub(super) fn secrets(&self) -> [&str; 2] {
        [&self.secret, token(&self.header)]
    }
}

/// The value of such a header without the name of the scheme.
pub(super) fn token(header: &str) -> &str {
    header.split(' ').nth(1).unwrap_or(header)
}

impl Credentials {
    /// Reads the password or token.
    pub(super) fn authorization(&self) -> Result<Authorization, FileError> {
        match self {
            Self::Basic { username, password } => {
                let password = password.read(FileKind::Password)?;
                Ok(Authorization {
                    header: basic(username, &password),
                    secret: String::from_utf8_lossy(&password).into_owned(),
                })
            }
            Self::Bearer(token) => {
                let secret =
                    String::from_utf8_lossy(&token.read(FileKind::BearerToken)?).into_owned();
                // A value was checked when the client was made.
                if let Secret::File(path) = token {
                    if !is_token(&secret) {
                        return Err(FileError::Token { path: path.clone() });
                    }
                }
                Ok(Authorization {
                    header: format!("Bearer {secret}"),
                    secret,
                })
            }
        }
    }
}

/// The value of an `Authorization` or `Proxy-Authorization` header.
pub(super) fn basic(username: &str, password: &[u8]) -> String {
    let mut pair = format!("{username}:").into_bytes();
    pair.extend(password);
    format!("Basic {}", STANDARD.encode(pair))
}

/// Returns true for text that can stand in a header as a token: visible ASCII and not empty.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
