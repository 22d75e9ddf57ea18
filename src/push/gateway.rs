use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::exposition::{CONTENT_TYPE, MetricFamilies, encode};
use crate::grouping::GroupingKey;

use super::auth::BasicAuth;
use super::builder::PushgatewayBuilder;
use super::check::check;
use super::error::{ConfigError, PushError};
use super::interrupt::{Interrupt, Stage};
use super::retry::{Failure, Policy, Spent, next_pause};
use super::transport::{Answer, Exchange, Method, NoAnswer, Transport};

/// The longest time of a delivery: ten years, which no clock calculation overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The most that messages show of a URL, in characters.
const SHOWN_URL: usize = 300;

/// What to do to a group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change<'a> {
    /// PUT: these families replace all that the group holds.
    Push(&'a MetricFamilies),
    /// POST: these families replace those of the same names, the others stay.
    PushAdd(&'a MetricFamilies),
    /// DELETE: the group goes.
    Delete,
}

/// A delivery that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// How often it was tried, at least 1.
    pub tries: u32,
    /// How long it took in all.
    pub elapsed: Duration,
}

/// A client of one Pushgateway, or of anything that takes pushes like one.
///
/// It can be shared between threads. Each delivery is bounded by one [timeout](PushgatewayBuilder::timeout), is tried
/// again when what failed may pass, and never follows a redirect.
#[derive(Debug)]
pub struct Pushgateway {
    base: String,
    auth: Option<BasicAuth>,
    policy: Policy,
    transport: Transport,
    interrupt: Interrupt,
}

impl Pushgateway {
    /// A client with default settings. The scheme defaults to `http://`, a path prefix is kept, and user name and
    /// password in the URL become Basic auth.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when this is not the URL of a gateway, or the credentials in it cannot be sent.
    ///
    /// ```
    /// use pushjob::push::Pushgateway;
    ///
    /// assert!(Pushgateway::new("localhost:9091").is_ok());
    /// assert!(Pushgateway::new("https://metrics.example.org/pushgateway").is_ok());
    /// assert!(Pushgateway::new("ftp://localhost").is_err());
    /// ```
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Begins a client with other settings than the defaults.
    pub fn builder(url: &str) -> PushgatewayBuilder {
        PushgatewayBuilder::new(url)
    }

    pub(super) fn assemble(base: String, auth: Option<BasicAuth>, policy: Policy) -> Self {
        Self {
            base,
            auth,
            policy,
            transport: Transport::new(),
            interrupt: Interrupt::default(),
        }
    }

    /// Replaces all metrics of a group with these (PUT). Without families the group stays, empty.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`deliver`](Self::deliver).
    pub fn push(
        &self,
        key: &GroupingKey,
        families: &MetricFamilies,
    ) -> Result<Delivered, PushError> {
        self.deliver(key, Change::Push(families))
    }

    /// Replaces the metrics of the same names in a group, whatever their labels, and keeps the others (POST).
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`deliver`](Self::deliver).
    pub fn push_add(
        &self,
        key: &GroupingKey,
        families: &MetricFamilies,
    ) -> Result<Delivered, PushError> {
        self.deliver(key, Change::PushAdd(families))
    }

    /// Removes a group (DELETE). That there is none is a success.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`deliver`](Self::deliver).
    pub fn delete(&self, key: &GroupingKey) -> Result<Delivered, PushError> {
        self.deliver(key, Change::Delete)
    }

    /// The URL of a group, as it stands in messages: without credentials.
    #[must_use]
    pub fn url(&self, key: &GroupingKey) -> String {
        format!("{}{}", self.base, key.path())
    }

    /// Delivers a change.
    ///
    /// # Errors
    ///
    /// [`PushError::Unpushable`] before anything is sent, when the gateway would store these metrics wrongly;
    /// [`PushError::Status`] with the first line of the gateway's answer, at once for a status that is final and after
    /// the last try for one that may pass; [`PushError::Redirect`]; [`PushError::NoAnswer`] when every try failed;
    /// [`PushError::Password`] when the password file cannot be read; [`PushError::ShutDown`].
    pub fn deliver(&self, key: &GroupingKey, change: Change<'_>) -> Result<Delivered, PushError> {
        self.deliver_within(key, change, self.policy.timeout)
    }

    /// Delivers a change within a time of its own instead of the client's.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`deliver`](Self::deliver).
    pub fn deliver_within(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, PushError> {
        let begin = Instant::now();
        let timeout = timeout.min(LONGEST_TIMEOUT);
        let (method, body) = match change {
            Change::Push(families) => (Method::Put, Some(encoded(key, families)?)),
            Change::PushAdd(families) => (Method::Post, Some(encoded(key, families)?)),
            Change::Delete => (Method::Delete, None),
        };
        let authorization = match &self.auth {
            Some(auth) => Some(
                auth.header()
                    .map_err(|source| PushError::Password { source })?,
            ),
            None => None,
        };
        let url = self.url(key);
        let exchange = Exchange {
            method,
            url: &url,
            authorization: authorization.as_deref(),
            body: body.as_deref().map(|body| (CONTENT_TYPE, body)),
        };
        self.exchange(&exchange, begin, timeout)
    }

    /// Tries until it succeeds, fails for good, or time or tries are used up.
    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        begin: Instant,
        timeout: Duration,
    ) -> Result<Delivered, PushError> {
        let url = || shortened(exchange.url);
        let mut tries = 0;
        loop {
            if self.interrupt.stage() == Stage::ShutDown {
                return Err(PushError::ShutDown { url: url() });
            }
            tries += 1;
            let result = self
                .transport
                .send(exchange, timeout.saturating_sub(begin.elapsed()));
            let elapsed = begin.elapsed();
            let failed = match result {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    return Ok(Delivered { tries, elapsed });
                }
                Ok(answer) => FailedTry::Refused(answer),
                Err(no_answer) => FailedTry::Unanswered(no_answer, timeout),
            };
            let spent = Spent {
                tries,
                remaining: timeout.saturating_sub(elapsed),
            };
            let pause = next_pause(&failed.failure(), spent, self.policy.retries, jitter());
            if let Some(pause) = pause {
                self.interrupt.pause(pause);
                if self.interrupt.stage() == Stage::Working {
                    continue;
                }
            }
            return Err(failed.into_error(url(), tries, elapsed));
        }
    }

    /// Lets what is under way end, but tries nothing again: a delivery that pauses fails at once. Callable from any
    /// thread, and not to be undone.
    pub fn stop_retrying(&self) {
        self.interrupt.advance(Stage::LastTry);
    }

    /// Cuts off what is under way and sends nothing more. Callable from any thread, and not to be undone.
    ///
    /// A request that has been sent whole may still be carried out by the gateway.
    pub fn shut_down(&self) {
        self.interrupt.advance(Stage::ShutDown);
        self.transport.shut_down();
    }
}

/// A URL for a message.
fn shortened(url: &str) -> String {
    match url.char_indices().nth(SHOWN_URL) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}

fn encoded(key: &GroupingKey, families: &MetricFamilies) -> Result<Vec<u8>, PushError> {
    check(key, families)?;
    Ok(encode(families).into_bytes())
}

/// A try that did not succeed.
enum FailedTry {
    /// With an answer.
    Refused(Answer),
    /// Without one, and the time there was for it.
    Unanswered(NoAnswer, Duration),
}

impl FailedTry {
    fn failure(&self) -> Failure {
        match self {
            Self::Refused(answer) if answer.is_redirect() => Failure::Redirect,
            Self::Refused(answer) => Failure::Status {
                status: answer.status,
                retry_after: answer.retry_after,
            },
            Self::Unanswered(NoAnswer::Timeout | NoAnswer::Passing(_), _) => Failure::Passing,
            Self::Unanswered(NoAnswer::Lasting(_), _) => Failure::Lasting,
        }
    }

    fn into_error(self, url: String, tries: u32, elapsed: Duration) -> PushError {
        match self {
            Self::Refused(answer) if answer.is_redirect() => PushError::Redirect {
                url,
                status: answer.status,
                location: answer.location.unwrap_or_else(|| "nowhere".to_owned()),
            },
            Self::Refused(answer) => PushError::Status {
                url,
                status: answer.status,
                message: answer.message,
                tries,
                elapsed,
            },
            Self::Unanswered(no_answer, timeout) => PushError::NoAnswer {
                url,
                reason: match no_answer {
                    NoAnswer::Timeout => {
                        let seconds = (timeout.as_secs_f64() * 1000.0).round() / 1000.0;
                        format!("no answer within {seconds} s")
                    }
                    NoAnswer::Passing(reason) | NoAnswer::Lasting(reason) => reason,
                },
                tries,
                elapsed,
            },
        }
    }
}

/// A number from 0 to 1 that differs between processes and calls: the seed of the standard library's hash maps.
fn jitter() -> f64 {
    let random = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}
