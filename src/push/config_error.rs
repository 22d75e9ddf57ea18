//! The error of settings with which no client can be made.

use std::convert::Infallible;
use std::path::PathBuf;

use super::file::{FileError, FileKind};

/// A gateway that cannot be talked to as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The base URL is none. The text leaves credentials out.
    #[error("{url:?} is not the URL of a gateway: {reason}")]
    Url {
        /// The URL as it was given, without user name and password.
        url: String,
        /// Reason.
        reason: String,
    },
    /// The URL of a proxy is none, or is of a kind that is not supported. The text leaves
    /// credentials out.
    #[error("{}{url:?} is not the URL of a proxy: {reason}", origin(*variable))]
    Proxy {
        /// The URL as it was given, without user name and password.
        url: String,
        /// The variable of the environment that it comes from, if it does.
        variable: Option<&'static str>,
        /// Reason.
        reason: String,
    },
    /// A password without a user name to go with it.
    #[error("a password is given, but no user name")]
    PasswordWithoutUsername,
    /// A user name that Basic auth cannot carry. It is not shown: what stands behind a colon is
    /// often the password.
    #[error("the user name holds a colon or a control character, which Basic auth cannot carry")]
    Username,
    /// Two ways of saying who we are, where there is one header for it.
    #[error(
        "both a bearer token and a user name or password are given: a request can carry only one of them"
    )]
    BasicAndBearer,
    /// A bearer token that a header cannot carry. It is not shown.
    #[error("the bearer token is empty or holds a blank or a character that is not ASCII")]
    BearerToken,
    /// Credentials that no server takes.
    #[error("the user name holds more than 1024 bytes, or the password or token more than 8192")]
    LongCredentials,
    /// A header that cannot be sent. The value is not shown.
    #[error("header {name:?}: {reason}")]
    Header {
        /// Its name.
        name: String,
        /// Reason.
        reason: &'static str,
    },
    /// More headers than a request has room for.
    #[error("the further headers hold more than {limit} bytes")]
    LongHeaders {
        /// The most that they may hold.
        limit: usize,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    File(FileError),
    /// A file that is not what it should be.
    #[error("{kind} {}: {reason}", path.display())]
    Pem {
        /// Expected content.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// Reason.
        reason: String,
    },
    /// A client certificate that cannot be used with this key.
    #[error("certificate file {} and key file {}: {reason}", certificate.display(), key.display())]
    ClientCertificate {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// Reason.
        reason: String,
    },
}

impl From<Infallible> for ConfigError {
    /// Lets a function accept a ready client where it accepts a URL.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn origin(variable: Option<&str>) -> String {
    variable.map(|name| format!("{name}: ")).unwrap_or_default()
}
