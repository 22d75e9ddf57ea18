//! Further headers of every request.

use std::fmt;

use super::auth::token;
use super::config_error::ConfigError;

/// A further header of every request. Its `Debug` form does not show the value, which may be a
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ExtraHeader {
    pub(super) name: String,
    pub(super) value: String,
}

/// The headers that the client writes itself, and those that are about the connection, which is the
/// client's. That of credentials is not among them: where the client has none, it may be given.
const OURS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The most that the headers may hold together, in bytes.
const LIMIT: usize = 12 * 1024;

impl ExtraHeader {
    /// The texts in it that no message may show: the value, also without the name of a scheme.
    pub(super) fn secrets(&self) -> [&str; 2] {
        [&self.value, token(&self.value)]
    }

    /// Returns true for a header that carries credentials.
    pub(super) fn is_authorization(&self) -> bool {
        self.name.eq_ignore_ascii_case("authorization")
    }

    fn check(&self) -> Result<(), &'static str> {
        let Self { name, value } = self;
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            Err("it is not a header name")
        } else if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            Err("the client sets it itself")
        } else if value.chars().any(|c| c.is_control() && c != '\t') {
            Err("its value holds a control character")
        } else if value.trim().len() != value.len() {
            Err("its value begins or ends with a blank")
        } else {
            Ok(())
        }
    }
}

/// Refuses headers that cannot be sent, or that repeat one of the client's own.
pub(super) fn check(headers: &[ExtraHeader], with_credentials: bool) -> Result<(), ConfigError> {
    for header in headers {
        header.check().map_err(|reason| ConfigError::Header {
            name: header.name.clone(),
            reason,
        })?;
        if with_credentials && header.is_authorization() {
            return Err(ConfigError::Header {
                name: header.name.clone(),
                reason: "the client sets it from the credentials it was given",
            });
        }
    }
    let mut authorizations = headers.iter().filter(|header| header.is_authorization());
    if let Some(second) = authorizations.nth(1) {
        return Err(ConfigError::Header {
            name: second.name.clone(),
            reason: "it is given twice",
        });
    }
    let length = |header: &ExtraHeader| header.name.len() + header.value.len();
    if headers.iter().map(length).sum::<usize>() > LIMIT {
        return Err(ConfigError::LongHeaders { limit: LIMIT });
    }
    Ok(())
}

impl fmt::Debug for ExtraHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.name)
    }
}
