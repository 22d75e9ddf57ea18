use std::io;
use std::path::PathBuf;
use std::time::Duration;

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
    /// A password without a user name to go with it.
    #[error("a password is given, but no user name")]
    PasswordWithoutUsername,
    /// A user name that Basic auth cannot carry. It is not shown: what stands behind a colon is often the password.
    #[error("the user name holds a colon or a control character, which Basic auth cannot carry")]
    Username,
}

/// A password that cannot be read or sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("cannot read password file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is a pipe, a terminal or a folder.
    #[error("password file {} is not a regular file", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than a password may be.
    #[error("password file {} holds more than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The largest that is read.
        limit: u64,
    },
}

/// Metrics that a gateway would store wrongly, or that would break it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpushableError {
    /// A grouping label that the format itself puts on series of this type: every later scrape would fail.
    #[error(
        "grouping label `{label}` cannot be used with {metric_type} {metric}, whose series have that label"
    )]
    FormatLabel {
        /// `le` or `quantile`.
        label: &'static str,
        /// `histogram` or `summary`.
        metric_type: &'static str,
        /// The metric name.
        metric: String,
    },
    /// A series with a label that the gateway would overwrite in silence.
    #[error("series {series} has the label `{label}`, which the grouping key sets")]
    GroupingLabel {
        /// Name and labels.
        series: String,
        /// The label.
        label: String,
    },
    /// An empty `instance`, which a gateway cannot tell from none.
    #[error("series {series} has an empty label `instance`, which a gateway adds by itself")]
    EmptyInstance {
        /// Name and labels.
        series: String,
    },
    /// A metric that the gateway itself sets.
    #[error("metric {metric} is set by the gateway itself")]
    ReservedMetric {
        /// The metric name.
        metric: String,
    },
}

/// A delivery that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Refused before anything was sent.
    #[error("{0}")]
    Unpushable(UnpushableError),
    /// The password could not be had.
    #[error("no password to send")]
    Password {
        /// Why.
        source: PasswordError,
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
    #[error("{url} answered {status}, a redirect to {location}: give the URL that it leads to")]
    Redirect {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Where to, as the gateway said it.
        location: String,
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

impl From<UnpushableError> for PushError {
    fn from(error: UnpushableError) -> Self {
        Self::Unpushable(error)
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
