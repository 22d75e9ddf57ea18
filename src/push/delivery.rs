//! One delivery: every try of it.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use super::answer::{Answer, headline, printable};
use super::auth::Authorization;
use super::base::without_login;
use super::diagnosis::{Cause, cause};
use super::error::PushError;
use super::gateway::{Delivered, Pushgateway, shortened};
use super::interrupt::Stage;
use super::request::Request;
use super::retry::{Failure, Spent, next_pause};
use super::transport::{Exchange, Obstacle};

/// The shortest text that is kept out of messages. What is shorter occurs in them by chance.
const SHORTEST_SECRET: usize = 4;

/// The part of the time for a delivery that counts as all of it.
const NEARLY_ALL: f64 = 0.95;

/// A request on its way.
pub(super) struct Delivery<'a> {
    pub(super) client: &'a Pushgateway,
    pub(super) request: &'a Request<'a>,
    pub(super) exchange: Exchange<'a>,
}

/// A try that did not succeed.
enum FailedTry {
    /// With an answer.
    Refused(Answer),
    /// Without one.
    Unanswered(Obstacle),
}

impl FailedTry {
    fn failure(&self) -> Failure {
        match self {
            Self::Refused(answer) if answer.redirect().is_some() => Failure::Redirect,
            Self::Refused(answer) => Failure::Status {
                status: answer.status,
                retry_after: answer.retry_after(SystemTime::now()),
            },
            Self::Unanswered(Obstacle::Timeout | Obstacle::Passing(_)) => Failure::Passing,
            Self::Unanswered(Obstacle::Lasting(_)) => Failure::Lasting,
            Self::Unanswered(Obstacle::Stale) => Failure::Stale,
        }
    }
}

impl Delivery<'_> {
    /// Tries until it succeeds, fails for good, or time or tries are used up.
    pub(super) fn run(&self, begin: Instant, timeout: Duration) -> Result<Delivered, PushError> {
        let Pushgateway {
            transport,
            interrupt,
            policy,
            ..
        } = self.client;
        let mut tries = 0;
        loop {
            if interrupt.stage() == Stage::ShutDown {
                return Err(PushError::ShutDown { url: self.url() });
            }
            tries += 1;
            let result = transport.send(&self.exchange, timeout.saturating_sub(begin.elapsed()));
            let elapsed = begin.elapsed();
            let failed = match result {
                Ok(answer) if answer.is_success() => return Ok(Delivered { tries, elapsed }),
                Ok(answer) => FailedTry::Refused(answer),
                Err(obstacle) => FailedTry::Unanswered(obstacle),
            };
            let failure = failed.failure();
            let spent = Spent {
                tries,
                remaining: timeout.saturating_sub(elapsed),
            };
            if let Some(pause) = next_pause(&failure, spent, policy.retries, jitter()) {
                interrupt.pause(pause);
                // What is sent again for a connection that was stale is still the same try.
                let again = if failure == Failure::Stale {
                    tries -= 1;
                    interrupt.stage() != Stage::ShutDown
                } else {
                    interrupt.stage() == Stage::Working
                };
                if again {
                    continue;
                }
            }
            if interrupt.stage() == Stage::ShutDown {
                return Err(PushError::ShutDown { url: self.url() });
            }
            return Err(match failed {
                FailedTry::Refused(answer) => self.refused(&answer, tries, elapsed),
                FailedTry::Unanswered(obstacle) => PushError::NoAnswer {
                    url: self.url(),
                    reason: match obstacle {
                        Obstacle::Timeout => {
                            // A moment that went by before is not worth a word.
                            let is_whole = timeout >= policy.timeout.mul_f64(NEARLY_ALL);
                            let shown = if is_whole {
                                timeout.max(policy.timeout)
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
                        other => self.without_secrets(&other.to_string()),
                    },
                    tries,
                    elapsed,
                },
            });
        }
    }

    /// The URL for a message, with the proxy on the way, which may be the one that fails.
    fn url(&self) -> String {
        let url = shortened(self.exchange.url);
        match self.client.transport.hop() {
            Some(hop) => format!("{url} through {hop}"),
            None => url,
        }
    }

    fn refused(&self, answer: &Answer, tries: u32, elapsed: Duration) -> PushError {
        let (url, status) = (self.url(), answer.status);
        // Before anything is cut: half a secret is still one.
        let shown = |text: &str| self.without_secrets(text);
        if let Some(location) = answer.redirect() {
            let group = self.request.path_for(self.client.kind);
            let shown = |url: &str| printable(&shown(&without_login(url)));
            return PushError::Redirect {
                url,
                status,
                base: location.strip_suffix(&group).map(shown),
                location: shown(location),
            };
        }
        let text = answer.text();
        let cause = match status {
            400 => cause(&text, self.request),
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
                message: headline(&shown(&text)),
                tries,
                elapsed,
            },
        }
    }

    /// What a server sends back is shown, but not what we have told it in confidence.
    fn without_secrets(&self, text: &str) -> String {
        let hop = self.client.transport.hop();
        let proxy = hop.and_then(|hop| hop.authorization.as_ref());
        let logins = [self.exchange.authorization, proxy];
        let headers = self.exchange.headers.iter();
        let mut secrets: Vec<&str> = logins
            .into_iter()
            .flatten()
            .flat_map(Authorization::secrets)
            .chain(headers.map(|header| header.value.as_str()))
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .collect();
        // One may be the beginning of another.
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        secrets
            .into_iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

/// A number from 0 to 1 that differs between processes and calls: the seed of the standard library's hash maps.
fn jitter() -> f64 {
    let random = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}
