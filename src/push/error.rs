//! Errors of a delivery.

use std::time::Duration;

use crate::grouping::UnpushableError;

use super::file::FileError;
use super::kind::GatewayKind;
use super::method::Method;
use super::other_server::is_login;

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
        /// Kind of the gateway.
        kind: GatewayKind,
        /// Method of the request.
        method: Method,
    },
    /// The gateway refuses what is pushed for what it holds already. It will refuse everything
    /// until that is deleted.
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
    #[error("{url} answered {status}{}{}{}", after_colon(message), after_semicolon(advice.as_deref()), after(*attempts, *elapsed))]
    Status {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The first line of the response.
        message: String,
        /// A hint at the mistake that this status most often stands for.
        advice: Option<String>,
        /// Number of attempts.
        attempts: u32,
        /// Time of all attempts together.
        elapsed: Duration,
    },
    /// The server answered as no gateway does, most often with a page: the result is not stored.
    #[error("{url} is not {}: it answered {answer}", article(*kind))]
    OtherServer {
        /// The URL of the group.
        url: String,
        /// Kind of the gateway that was expected.
        kind: GatewayKind,
        /// The HTTP status.
        status: u16,
        /// Description of the response, after "it answered ".
        answer: String,
    },
    /// The gateway sent us elsewhere; a redirected push could reach another group, or become a GET.
    #[error("{url} answered {status}, a redirect to {location}: {}", redirect_advice(base.as_deref(), location))]
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
    /// A metric of this push has another type in another group; a gateway keeps one type for each
    /// name.
    #[error("{url} answered {status}: another group has {metric} with another type: {elsewhere}")]
    OtherType {
        /// The URL of the group.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The metric.
        metric: String,
        /// A series of the other group, or the type that it has there; the gateway says one of the
        /// two.
        elsewhere: String,
    },
    /// No answer came.
    #[error("{url}: {reason}{}", after(*attempts, *elapsed))]
    NoAnswer {
        /// The URL of the group.
        url: String,
        /// Reason of the last attempt.
        reason: String,
        /// Number of attempts.
        attempts: u32,
        /// Time of all attempts together.
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
    /// Returns true where the same metrics will be refused again: the gateway objects to what is in
    /// them (400, 411 to 415, 422, 431), or they were found to be wrong before they were sent. Not
    /// where there was no answer, where the way to the gateway, its configuration or credentials
    /// have to be mended (401, 404, a redirect), or where it refuses everything for what others
    /// have left there: all that may pass.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Unpushable(_)
            | Self::Gather { .. }
            | Self::Unsupported { .. }
            | Self::OtherType { .. } => true,
            Self::Status { status, .. } => matches!(status, 400 | 411..=415 | 422 | 431),
            Self::OtherServer { .. }
            | Self::Redirect { .. }
            | Self::Credentials { .. }
            | Self::Inconsistent { .. }
            | Self::NoAnswer { .. }
            | Self::ShutDown { .. } => false,
        }
    }

    /// Returns true where the gateway cannot be reached for now, for this group or any other.
    #[must_use]
    pub fn is_connection_error(&self) -> bool {
        matches!(
            self,
            Self::NoAnswer { .. }
                | Self::Credentials { .. }
                | Self::OtherServer { .. }
                | Self::Redirect { .. }
                | Self::ShutDown { .. }
                | Self::Status {
                    status: 401 | 403 | 407,
                    ..
                }
        )
    }

    /// Returns true where the server is something else than a gateway, which answered with a page
    /// for example. What was pushed is not stored; the URL has to be mended.
    #[must_use]
    pub fn is_other_server(&self) -> bool {
        matches!(self, Self::OtherServer { .. })
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

fn attempt(method: Method) -> &'static str {
    match method {
        Method::Put => "replace a group (PUT)",
        Method::Post => "add to a group (POST)",
        Method::Delete => "delete a group (DELETE)",
    }
}

/// Maximum number of things that an error names.
const MOST_NAMED: usize = 3;

fn list(things: &[String]) -> String {
    let named = things.iter().take(MOST_NAMED);
    let named = named.map(String::as_str).collect::<Vec<_>>().join("; ");
    match things.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

fn redirect_advice(base: Option<&str>, location: &str) -> String {
    match base {
        Some(base) => format!("the gateway to name is {base}"),
        None if is_login(location) => {
            "it leads to a login, which asks for credentials that the request does not carry"
                .to_owned()
        }
        None => "name the gateway that it leads to".to_owned(),
    }
}

fn after_colon(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

fn after_semicolon(advice: Option<&str>) -> String {
    advice
        .map(|advice| format!("; {advice}"))
        .unwrap_or_default()
}

fn article(kind: GatewayKind) -> &'static str {
    match kind {
        GatewayKind::Pushgateway => "a Pushgateway",
        GatewayKind::VictoriaMetrics => "VictoriaMetrics",
    }
}

/// Number of attempts and their time, where there was more than one.
fn after(attempts: u32, elapsed: Duration) -> String {
    if attempts > 1 {
        format!(" ({attempts} tries in {:.1} s)", elapsed.as_secs_f64())
    } else {
        String::new()
    }
}
