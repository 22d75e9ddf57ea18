//! One delivery: every attempt of it.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use super::address::shorten_url;
use super::auth::Authorization;
use super::diagnosis::{Cause, find_cause};
use super::error::PushError;
use super::gateway_url::without_login;
use super::header::ExtraHeader;
use super::interrupt::{Interrupt, InterruptStage};
use super::kind::GatewayKind;
use super::other_server::{SentCredentials, advice, describe_page, is_victoria_metrics};
use super::redact::Redactor;
use super::request::Request;
use super::response::{GatewayResponse, first_line, printable};
use super::retry::{AttemptFailure, AttemptsExhausted, RetryPolicy, next_pause};
use super::transport::{Exchange, Transport, TransportError};

/// The part of the time for a delivery that counts as all of it.
const NEARLY_ALL: f64 = 0.95;

/// A delivery that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// Number of attempts, at least 1.
    pub attempts: u32,
    /// Time that all of them took together.
    pub elapsed: Duration,
}

impl Delivered {
    /// The result of a [sink](crate::sink::Sink) of a program's own.
    #[must_use]
    pub fn new(attempts: u32, elapsed: Duration) -> Self {
        Self { attempts, elapsed }
    }
}

/// A request with all that is needed to send it as often as its policy allows.
pub(super) struct RequestDelivery<'a> {
    pub(super) transport: &'a Transport,
    pub(super) interrupt: &'a Interrupt,
    pub(super) policy: RetryPolicy,
    pub(super) kind: GatewayKind,
    pub(super) request: &'a Request<'a>,
    /// The path of its group.
    pub(super) path: &'a str,
    pub(super) exchange: Exchange<'a>,
}

/// An attempt that did not succeed.
enum FailedAttempt {
    /// With a response.
    Refused(GatewayResponse),
    /// Without one.
    NoResponse(TransportError),
}

impl FailedAttempt {
    fn is_timeout(&self) -> bool {
        matches!(self, Self::NoResponse(TransportError::Timeout))
    }

    fn failure(&self) -> AttemptFailure {
        match self {
            Self::Refused(response) if response.redirect().is_some() => AttemptFailure::Redirect,
            // A page: another attempt would be answered with it again.
            Self::Refused(response) if response.is_success() => AttemptFailure::Permanent,
            Self::Refused(response) => AttemptFailure::Status {
                status: response.status,
                retry_after: response.retry_after(SystemTime::now()),
            },
            Self::NoResponse(TransportError::Timeout | TransportError::Transient(_)) => {
                AttemptFailure::Transient
            }
            Self::NoResponse(TransportError::Permanent(_)) => AttemptFailure::Permanent,
            Self::NoResponse(TransportError::Stale) => AttemptFailure::Stale,
        }
    }
}

impl RequestDelivery<'_> {
    /// Sends the request until it succeeds, fails for good, or time or attempts are used up.
    pub(super) fn run(&self, begin: Instant, timeout: Duration) -> Result<Delivered, PushError> {
        let mut attempts = 0;
        let mut earlier = None;
        loop {
            if self.is_shut_down() {
                return Err(PushError::ShutDown { url: self.url() });
            }
            attempts += 1;
            let left = timeout.saturating_sub(begin.elapsed());
            let result = self.transport.send(&self.exchange, left);
            let elapsed = begin.elapsed();
            let delivered = Delivered { attempts, elapsed };
            let failed = match result {
                Ok(response) if response.is_success() && response.is_blank() => {
                    return Ok(delivered);
                }
                Ok(response) => FailedAttempt::Refused(response),
                Err(error) => FailedAttempt::NoResponse(error),
            };
            let failure = failed.failure();
            let spent = AttemptsExhausted {
                attempts,
                remaining: timeout.saturating_sub(elapsed),
            };
            if !self.pauses_for_another(&failure, spent) {
                let failed = if failed.is_timeout() && left < timeout / 4 {
                    // There was little time: what happened before says more.
                    earlier.unwrap_or(failed)
                } else {
                    failed
                };
                return Err(self.error(failed, delivered, timeout));
            }
            earlier = Some(failed);
            // A request that is sent again for a connection that was stale is still the same
            // attempt.
            if failure == AttemptFailure::Stale {
                attempts -= 1;
            }
        }
    }

    /// Pauses before another attempt, where there may be one.
    fn pauses_for_another(&self, failure: &AttemptFailure, spent: AttemptsExhausted) -> bool {
        let Some(pause) = next_pause(failure, spent, self.policy.retries, jitter()) else {
            return false;
        };
        self.interrupt.pause(pause);
        match failure {
            AttemptFailure::Stale => !self.is_shut_down(),
            _ => self.interrupt.stage() == InterruptStage::Working,
        }
    }

    fn is_shut_down(&self) -> bool {
        self.interrupt.stage() == InterruptStage::ShutDown
    }

    /// The error of the last attempt.
    fn error(&self, failed: FailedAttempt, after: Delivered, timeout: Duration) -> PushError {
        if self.is_shut_down() {
            return PushError::ShutDown { url: self.url() };
        }
        let reason = match failed {
            FailedAttempt::Refused(response) => return self.refused(&response, after),
            FailedAttempt::NoResponse(TransportError::Timeout) => self.timeout_reason(timeout),
            FailedAttempt::NoResponse(error) => {
                printable(&self.redactor().redact(&error.to_string(), false))
            }
        };
        let Delivered { attempts, elapsed } = after;
        PushError::NoAnswer {
            url: self.url(),
            reason,
            attempts,
            elapsed,
        }
    }

    fn timeout_reason(&self, timeout: Duration) -> String {
        let whole = self.policy.timeout;
        // A moment that went by before is not worth a word.
        let is_whole = timeout >= whole.mul_f64(NEARLY_ALL);
        let shown = if is_whole {
            timeout.max(whole)
        } else {
            timeout
        };
        let seconds = (shown.as_secs_f64() * 1000.0).round() / 1000.0;
        if is_whole {
            format!("no answer within {seconds} s")
        } else {
            format!("no answer within the {seconds} s that were left for it")
        }
    }

    /// The URL for a message, with the proxy on the way, which may be the one that fails.
    fn url(&self) -> String {
        let url = shorten_url(self.exchange.url);
        match self.transport.proxy() {
            Some(proxy) => format!("{url} through {proxy}"),
            None => url,
        }
    }

    fn refused(&self, response: &GatewayResponse, after: Delivered) -> PushError {
        let (url, status) = (self.url(), response.status);
        // Before anything is cut: half a secret is still one.
        let redactor = self.redactor();
        let shown = |text: &str| printable(&redactor.redact(text, response.is_cut));
        if let Some(location) = response.redirect() {
            let shown = |url: &str| shown(&without_login(url));
            return PushError::Redirect {
                url,
                status,
                base: location.strip_suffix(self.path).map(shown),
                location: shown(location),
            };
        }
        let text = response.text();
        if let Some(answer) = self.other_server(response, &text, &redactor) {
            let kind = self.kind;
            return PushError::OtherServer {
                url,
                kind,
                status,
                answer,
            };
        }
        let cause = match status {
            400 => find_cause(&text, self.request),
            _ => Cause::Unknown,
        };
        match cause {
            Cause::Held(held) => PushError::Inconsistent {
                url,
                status,
                held: held.iter().map(|text| shown(text)).collect(),
            },
            Cause::Type { metric, elsewhere } => PushError::OtherType {
                url,
                status,
                metric,
                elsewhere: shown(&elsewhere),
            },
            Cause::Unknown => PushError::Status {
                url,
                status,
                message: first_line(&redactor.redact(&text, response.is_cut)),
                advice: advice(status, &self.sent_credentials()),
                attempts: after.attempts,
                elapsed: after.elapsed,
            },
        }
    }

    /// Describes the response of a server that is something else than was expected.
    fn other_server(
        &self,
        response: &GatewayResponse,
        text: &str,
        redactor: &Redactor,
    ) -> Option<String> {
        if self.kind == GatewayKind::Pushgateway && is_victoria_metrics(response.status, text) {
            let path = GatewayKind::IMPORT;
            return Some(format!(
                "like VictoriaMetrics, which takes pushes at {path} below its URL"
            ));
        }
        describe_page(response, redactor).map(|page| format!("with {page}"))
    }

    fn sent_credentials(&self) -> SentCredentials {
        let is_further = |header: &ExtraHeader| header.is_authorization();
        SentCredentials {
            to_gateway: match self.exchange.authorization {
                Some(login) if login.header.starts_with("Bearer ") => Some("a bearer token was"),
                Some(_) => Some("a user name and a password were"),
                None if self.exchange.headers.iter().any(is_further) => {
                    Some("an `Authorization` header was")
                }
                None => None,
            },
            to_proxy: self
                .transport
                .proxy()
                .and_then(|proxy| proxy.authorization.as_ref())
                .map(|_| "a user name and a password were"),
        }
    }

    fn redactor(&self) -> Redactor {
        redactor(&self.exchange, self.transport)
    }
}

/// The secrets of a request: text that a server has sent is not shown without removing them.
pub(super) fn redactor(exchange: &Exchange<'_>, transport: &Transport) -> Redactor {
    let proxy = transport.proxy();
    let proxy = proxy.and_then(|proxy| proxy.authorization.as_ref());
    let logins = [exchange.authorization, proxy].into_iter().flatten();
    let headers = exchange.headers.iter();
    Redactor::new(
        logins
            .flat_map(Authorization::secrets)
            .chain(headers.flat_map(ExtraHeader::secrets)),
    )
}

/// A number from 0 to 1 that differs between processes and calls: the seed of the standard
/// library's hash maps.
fn jitter() -> f64 {
    let random = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}
