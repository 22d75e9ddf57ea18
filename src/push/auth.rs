use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{ConfigError, PasswordError};

/// The most that is read of a password file, in bytes.
const PASSWORD_LIMIT: u64 = 64 * 1024;

/// A password, or where it is. Its `Debug` form does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub enum Password {
    /// The password itself.
    Value(String),
    /// A regular file that holds it; one newline at the end does not count. It is read at every delivery, because such
    /// files are replaced from time to time. Pipes and terminals are refused: they can be read but once, and may never
    /// answer.
    File(PathBuf),
}

impl Password {
    /// The password as it is now.
    ///
    /// # Errors
    ///
    /// [`PasswordError`] when the file cannot be read, is not a regular file or holds more than 64 KiB.
    pub fn read(&self) -> Result<Vec<u8>, PasswordError> {
        let path = match self {
            Self::Value(value) => return Ok(value.clone().into_bytes()),
            Self::File(path) => path,
        };
        let unreadable = |source| PasswordError::File {
            path: path.clone(),
            source,
        };
        // Asked before it is opened: opening a pipe waits for its writer.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(PasswordError::NotRegular { path: path.clone() });
        }
        let mut password = Vec::new();
        File::open(path)
            .and_then(|file| file.take(PASSWORD_LIMIT + 1).read_to_end(&mut password))
            .map_err(unreadable)?;
        if password.len() as u64 > PASSWORD_LIMIT {
            return Err(PasswordError::TooLong {
                path: path.clone(),
                limit: PASSWORD_LIMIT,
            });
        }
        if password.ends_with(b"\n") {
            password.pop();
            if password.ends_with(b"\r") {
                password.pop();
            }
        }
        Ok(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// A user name and password for [Basic auth](https://www.rfc-editor.org/rfc/rfc7617).
#[derive(Clone, Debug)]
pub(super) struct BasicAuth {
    username: String,
    password: Password,
}

impl BasicAuth {
    /// Puts the two together; neither is no authentication.
    pub(super) fn new(
        username: Option<String>,
        password: Option<Password>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(username) = username else {
            return match password {
                Some(_) => Err(ConfigError::PasswordWithoutUsername),
                None => Ok(None),
            };
        };
        if username.contains(|c: char| c == ':' || c.is_control()) {
            return Err(ConfigError::Username);
        }
        let password = password.unwrap_or(Password::Value(String::new()));
        Ok(Some(Self { username, password }))
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> Result<String, PasswordError> {
        let mut pair = format!("{}:", self.username).into_bytes();
        pair.extend(self.password.read()?);
        Ok(format!("Basic {}", STANDARD.encode(pair)))
    }
}
