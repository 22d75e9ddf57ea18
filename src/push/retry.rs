//! The decision to try again, and when, as a function of what happened.

use std::time::Duration;

/// The first pause, before jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Maximum pause of our own choice, before jitter.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Minimum pause. When there is less time left than for two of them, the end has come.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// Limits of a delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    pub(super) timeout: Duration,
    /// Maximum number of further attempts. None for as many as the time allows.
    pub(super) retries: Option<u32>,
}

/// Kind of failure of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AttemptFailure {
    /// An answer that is no success and no redirect.
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// No answer, for a reason that may pass: refused, reset, closed, not resolved.
    Transient,
    /// No answer, for a reason that will not pass by itself: a certificate, a request that cannot
    /// be sent.
    Permanent,
    /// The gateway sent us elsewhere.
    Redirect,
    /// A connection that had been used before was closed before it answered. Nothing is wrong with
    /// the gateway: it had only let go of a connection that was idle.
    Stale,
}

/// Attempts and time used up when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttemptsExhausted {
    /// Tries so far, this one included and without those on a connection that turned out to be
    /// stale.
    pub(super) attempts: u32,
    /// The time that is left.
    pub(super) remaining: Duration,
}

/// Says how long to pause before the next try, or `None` for no more.
///
/// The pause doubles from 100 ms to 2 s and is then shortened by up to a half, by `jitter` from 0
/// to 1, so that many clients do not come back together. A longer `Retry-After` is honoured as far
/// as the time allows: no pause takes more than half of what is left, so that there is time for
/// another try.
pub(super) fn next_pause(
    failure: &AttemptFailure,
    spent: AttemptsExhausted,
    retries: Option<u32>,
    jitter: f64,
) -> Option<Duration> {
    let asked = match failure {
        AttemptFailure::Status {
            status: 408 | 429 | 500..=599,
            retry_after,
        } => retry_after.unwrap_or_default(),
        // A new connection is made at once, and it is not a retry. Those that are kept are soon
        // used up.
        AttemptFailure::Stale if !spent.remaining.is_zero() => return Some(Duration::ZERO),
        AttemptFailure::Transient | AttemptFailure::Stale => Duration::ZERO,
        AttemptFailure::Status { .. } | AttemptFailure::Permanent | AttemptFailure::Redirect => {
            return None;
        }
    };
    if retries.is_some_and(|retries| spent.attempts > retries) {
        return None;
    }
    let doublings = spent.attempts.saturating_sub(1).min(16);
    let backoff = FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
        .mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
    let pause = backoff.max(asked).min(spent.remaining / 2);
    (pause >= SHORTEST_PAUSE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Option<u32> = Some(3);

    fn spent(attempts: u32, remaining_ms: u64) -> AttemptsExhausted {
        AttemptsExhausted {
            attempts,
            remaining: Duration::from_millis(remaining_ms),
        }
    }

    fn status(status: u16) -> AttemptFailure {
        AttemptFailure::Status {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let pauses = |failure: &AttemptFailure| next_pause(failure, spent(1, 10_000), RETRIES, 0.0);
        for code in [408, 429, 500, 502, 503, 504, 599] {
            assert!(pauses(&status(code)).is_some(), "{code}");
        }
        for code in [100, 400, 401, 403, 404, 405, 407, 413, 499, 600] {
            assert_eq!(pauses(&status(code)), None, "{code}");
        }
        assert!(pauses(&AttemptFailure::Transient).is_some());
        assert_eq!(pauses(&AttemptFailure::Permanent), None);
        assert_eq!(pauses(&AttemptFailure::Redirect), None);
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_are_shortened_by_jitter() {
        for (attempts, jitter, pause_ms) in [
            (1, 0.0, 100),
            (1, 1.0, 50),
            (2, 0.0, 200),
            (2, 0.5, 150),
            (5, 0.0, 1600),
            (6, 0.0, 2000),
            (99, 0.0, 2000),
            (99, 1.0, 1000),
        ] {
            assert_eq!(
                next_pause(
                    &AttemptFailure::Transient,
                    spent(attempts, 10_000),
                    None,
                    jitter
                ),
                Some(Duration::from_millis(pause_ms)),
                "try {attempts}, jitter {jitter}"
            );
        }
    }

    #[test]
    fn tries_and_time_have_an_end() {
        let next = |spent| next_pause(&AttemptFailure::Transient, spent, RETRIES, 0.0);
        assert!(next(spent(3, 10_000)).is_some());
        assert_eq!(next(spent(4, 10_000)), None);
        assert_eq!(next(spent(1, 0)), None);
        assert_eq!(next(spent(1, 100)), Some(Duration::from_millis(50)));
        assert_eq!(next(spent(1, 99)), None);
        assert_eq!(
            next_pause(&AttemptFailure::Transient, spent(1, 10_000), Some(0), 0.0),
            None
        );
    }

    #[test]
    fn without_a_limit_it_is_tried_until_the_time_is_over_and_not_in_a_rush() {
        for jitter in [0.0, 0.5, 1.0] {
            let mut remaining = Duration::from_secs(10);
            let mut attempts = 1;
            loop {
                let spent = AttemptsExhausted {
                    attempts,
                    remaining,
                };
                let Some(pause) = next_pause(&AttemptFailure::Transient, spent, None, jitter)
                else {
                    break;
                };
                remaining -= pause;
                attempts += 1;
            }
            assert!(remaining < Duration::from_millis(100), "{remaining:?}");
            assert!((10..20).contains(&attempts), "{attempts}");
        }
    }

    #[test]
    fn a_stale_connection_is_replaced_at_once_and_costs_no_try() {
        let next =
            |remaining_ms| next_pause(&AttemptFailure::Stale, spent(9, remaining_ms), Some(0), 0.0);
        assert_eq!(next(1), Some(Duration::ZERO));
        assert_eq!(next(0), None);
    }

    #[test]
    fn retry_after_is_honoured_as_far_as_the_time_allows() {
        let asked = |seconds| AttemptFailure::Status {
            status: 503,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let next = |seconds| next_pause(&asked(seconds), spent(1, 10_000), RETRIES, 0.0);
        assert_eq!(next(0), Some(Duration::from_millis(100)));
        assert_eq!(next(2), Some(Duration::from_secs(2)));
        assert_eq!(next(60), Some(Duration::from_secs(5)));
    }
}
