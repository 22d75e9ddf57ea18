use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::grouping::UnpushableError;

use super::file::FileKind;
use super::kind::GatewayKind;
use super::request::Method;

/// A gateway that cannot be talked to as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The base URL is none. The text leaves credentials out.
    #[error("{url:?} is not the URL of a gateway: {reason}")]
    Url {
        /// What was given, without user name and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL of a proxy is none, or is of a kind that is not supported. The text leaves credentials out.
    #[error("{}{url:?} is not the URL of a proxy: {reason}", origin(*variable))]
    Proxy {
        /// What was given, without user name and password.
        url: String,
        /// The variable of the environment that it comes from, if it does.
        variable: Option<&'static str>,
        /// What is wrong with it.
        reason: String,
    },
    /// A password without a user name to go with it.
    #[error("a password is given, but no user name")]
    PasswordWithoutUsername,
    /// A user name that Basic auth cannot carry. It is not shown: what stands behind a colon is often the password.
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
        /// What is wrong with it.
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
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A client certificate that cannot be used with this key.
    #[error("certificate file {} and key file {}: {reason}", certificate.display(), key.display())]
    ClientCertificate {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
}

/// A file of which something is needed that it does not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {kind} {}", path.display())]
    Unreadable {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a pipe, a terminal or a folder.
    #[error("{kind} {} is not a regular file", path.display())]
    NotRegular {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// It is larger than such a file may be.
    #[error("{kind} {} holds more than {limit} bytes", path.display())]
    TooLong {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It is empty, or holds more than one line or something that is no text.
    #[error("{kind} {} is empty, or holds a second line or a control character", path.display())]
    NoSecret {
        /// What it should hold.
        kind: FileKind,
        /// The file.
        path: PathBuf,
    },
    /// What it holds cannot stand in a header as a token.
    #[error("bearer token file {} holds a blank or a character that is not ASCII", path.display())]
    Token {
        /// The file.
        path: PathBuf,
    },
}

impl FileError {
    /// What the file should hold.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        match self {
            Self::Unreadable { kind, .. }
            | Self::NotRegular { kind, .. }
            | Self::TooLong { kind, .. }
            | Self::NoSecret { kind, .. } => *kind,
            Self::Token { .. } => FileKind::BearerToken,
        }
    }
}

/// A delivery that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Refused before anything was sent.
    #[error("{0}")]
    Unpushable(UnpushableError),
    /// The metrics could not be gathered.
    #[error("cannot gather the metrics")]
    Gather {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The password or token could not be had.
    #[error("no credentials for {url}")]
    Credentials {
        /// The URL of the group.
        url: String,
        /// Why.
        source: FileError,
    },
    /// It would answer 200 to this, and do something else.
    #[error("{url}: {kind} cannot {}; only what is added with POST is kept there", attempt(*method))]
    Unsupported {
        /// The URL of the group.
        url: String,
        /// What stands behind it.
        kind: GatewayKind,
        /// What was to be done.
        method: Method,
    },
    /// The gateway refuses what is pushed for what it holds already. It will refuse everything until that is deleted.
    #[error(
        "{url} answered {status}: the gateway holds inconsistent metrics that are not in this push: {}",
        list(held)
    )]
    Inconsistent {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Each series with what is wrong with it, as the gateway says it.
        held: Vec<String>,
    },
    /// The gateway said no, finally or on every try.
    #[error("{url} answered {status}{}{}", answer(message), after(*tries, *elapsed))]
    Status {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The first line of the answer.
        message: String,
        /// How often it was tried.
        tries: u32,
        /// How long it took in all.
        elapsed: Duration,
    },
    /// The gateway sent us elsewhere; a redirected push could reach another group, or become a GET.
    #[error("{url} answered {status}, a redirect to {location}: {}", advice(base.as_deref()))]
    Redirect {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Where to, as the gateway said it.
        location: String,
        /// The URL of a gateway there, where the group is found below it.
        base: Option<String>,
    },
    /// A metric of this push has another type in another group; a gateway keeps one type for each name.
    #[error("{url} answered {status}: another group has {metric} with another type: {elsewhere}")]
    OtherType {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The metric.
        metric: String,
        /// A series of the other group, or the type that it has there; the gateway says one of the two.
        elsewhere: String,
    },
    /// No answer came.
    #[error("{url}: {reason}{}", after(*tries, *elapsed))]
    NoAnswer {
        /// The URL of the group.
        url: String,
        /// What happened on the last try.
        reason: String,
        /// How often it was tried.
        tries: u32,
        /// How long it took in all.
        elapsed: Duration,
    },
    /// [`shut_down`](super::Pushgateway::shut_down) was called first.
    #[error("{url}: the client was shut down")]
    ShutDown {
        /// The URL of the group.
        url: String,
    },
}

impl PushError {
    /// Whether the same metrics will be refused again: the gateway objects to what is in them (400, 411 to 415, 422, 431), or they
    /// were found to be wrong before they were sent. Not where there was no answer, where the way to the gateway, its
    /// configuration or credentials have to be mended (401, 404, a redirect), or where it refuses everything for what others have
    /// left there: all that may pass.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Unpushable(_)
            | Self::Gather { .. }
            | Self::Unsupported { .. }
            | Self::OtherType { .. } => true,
            Self::Status { status, .. } => matches!(status, 400 | 411..=415 | 422 | 431),
            Self::Redirect { .. }
            | Self::Credentials { .. }
            | Self::Inconsistent { .. }
            | Self::NoAnswer { .. }
            | Self::ShutDown { .. } => false,
        }
    }

    /// Whether the gateway cannot be talked to at all for now, about this group or another.
    #[must_use]
    pub fn is_about_the_way(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer { .. }
                | Self::Credentials { .. }
                | Self::Redirect { .. }
                | Self::ShutDown { .. }
                | Self::Status {
                    status: 401 | 403 | 407,
                    ..
                }
        )
    }

    /// The metric that the gateway objects to, if it has named one; it may take others then.
    #[must_use]
    pub fn metric(&self) -> Option<&str> {
        match self {
            Self::OtherType { metric, .. } => Some(metric),
            _ => None,
        }
    }
}

impl From<UnpushableError> for PushError {
    fn from(error: UnpushableError) -> Self {
        Self::Unpushable(error)
    }
}

fn origin(variable: Option<&str>) -> String {
    variable.map(|name| format!("{name}: ")).unwrap_or_default()
}

fn attempt(method: Method) -> &'static str {
    match method {
        Method::Put => "replace a group (PUT)",
        Method::Post => "add to a group (POST)",
        Method::Delete => "delete a group (DELETE)",
    }
}

/// How many things an error names at most.
const MOST_NAMED: usize = 3;

fn list(things: &[String]) -> String {
    let named = things.iter().take(MOST_NAMED);
    let named = named.map(String::as_str).collect::<Vec<_>>().join("; ");
    match things.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

fn advice(base: Option<&str>) -> String {
    match base {
        Some(base) => format!("the gateway to name is {base}"),
        None => "name the gateway that it leads to".to_owned(),
    }
}

fn answer(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

/// How often and how long it was tried, when that says more than the error alone.
fn after(tries: u32, elapsed: Duration) -> String {
    if tries > 1 {
        format!(" ({tries} tries in {:.1} s)", elapsed.as_secs_f64())
    } else {
        String::new()
    }
}
