//! Further headers of every request.

use std::fmt;

use super::config_error::ConfigError;

/// A further header of every request. Its `Debug` form does not show the value, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ExtraHeader {
    pub(super) name: String,
    pub(super) value: String,
}

/// The headers that the client writes itself, and those that are about the connection, which is the client's. That of
/// credentials is not among them: where the client has none, it may be given.
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
    /// Whether it says who we are, as credentials do.
    fn is_authorization(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_repeat_ours_or_cannot_be_sent_are_refused() {
        let one = |name: &str, value: &str, credentials| {
            let header = ExtraHeader {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            check(&[header], credentials).map_err(|error| error.to_string())
        };
        for (name, value) in [
            ("X-Scope-OrgID", "tenant 1"),
            ("x", ""),
            ("X-Tab", "a\tb"),
            ("X-Name", "ü"),
            ("Authorization", "Token abc"),
        ] {
            assert_eq!(one(name, value, false), Ok(()), "{name}");
        }
        for (name, value, reason) in [
            ("Content-Type", "x", "the client sets it itself"),
            ("HOST", "x", "the client sets it itself"),
            ("user-agent", "x", "the client sets it itself"),
            ("", "x", "it is not a header name"),
            ("a b", "x", "it is not a header name"),
            ("ü", "x", "it is not a header name"),
            ("X-A", "a\r\nX-B: b", "its value holds a control character"),
            ("X-A", "a\u{1}b", "its value holds a control character"),
            ("X-A", " a", "its value begins or ends with a blank"),
            ("X-A", "a ", "its value begins or ends with a blank"),
        ] {
            let message = format!("header {name:?}: {reason}");
            assert_eq!(one(name, value, false), Err(message));
        }
        for name in "accept accept-encoding connection content-encoding content-length content-type expect host \
                     keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade user-agent"
            .split_whitespace()
        {
            assert!(one(name, "x", false).is_err(), "{name}");
        }
        let many = |name: &str, value: &str, count| {
            let header = ExtraHeader {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            check(&vec![header; count], false).map_err(|error| error.to_string())
        };
        assert_eq!(many("X-A", "1", 2), Ok(()));
        assert_eq!(
            many("Authorization", "x", 2).unwrap_err(),
            "header \"Authorization\": it is given twice"
        );
        assert!(many(&"n".repeat(100), "", 200).is_err());
        assert_eq!(
            one("authorization", "x", true).unwrap_err(),
            "header \"authorization\": the client sets it from the credentials it was given"
        );
        assert_eq!(
            one("x", &"y".repeat(13_000), false).unwrap_err(),
            "the further headers hold more than 12288 bytes"
        );
    }
}
