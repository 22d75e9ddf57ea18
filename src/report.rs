//! The report: how a run went, as metric families.
//!
//! All are gauges of one series without labels; the grouping key says whose they are. Times are Unix seconds with a
//! fraction. Only a success says when the last success was, and only a failure when the last failure was, so that a
//! [`push_add`](crate::push::Pushgateway::push_add) of one leaves the other as it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::exposition::{MetricFamilies, MetricFamily, MetricName, MetricValue, NameError};
#[cfg(target_os = "linux")]
use crate::supervise::{Outcome, Signal, TimeLimit};

/// The prefix of metric names, unless another is chosen.
pub const DEFAULT_PREFIX: &str = "batch_job_";

/// A metric of the report: its name after the prefix, and its help text.
type Metric = (&'static str, &'static str);

const START_TIMESTAMP: Metric = (
    "start_timestamp_seconds",
    "When the job was last started, in Unix seconds.",
);
const RUNNING: Metric = ("running_seconds", "How long the job has been running.");
const COMPLETION_TIMESTAMP: Metric = (
    "completion_timestamp_seconds",
    "When the job last ended, in Unix seconds.",
);
const LAST_SUCCESS_TIMESTAMP: Metric = (
    "last_success_timestamp_seconds",
    "When the job last succeeded, in Unix seconds.",
);
const LAST_SUCCESS_DURATION: Metric = (
    "last_success_duration_seconds",
    "How long the last run that succeeded took.",
);
const LAST_FAILURE_TIMESTAMP: Metric = (
    "last_failure_timestamp_seconds",
    "When the job last failed, in Unix seconds.",
);
const DURATION: Metric = ("duration_seconds", "How long the last run took.");
const SUCCESS: Metric = ("success", "Whether the last run succeeded, 1 or 0.");
#[cfg(target_os = "linux")]
const EXIT_CODE: Metric = ("exit_code", "The exit code of the last run.");
#[cfg(target_os = "linux")]
const EXIT_SIGNAL: Metric = (
    "exit_signal",
    "The number of the signal that killed the last run, or 0.",
);
#[cfg(target_os = "linux")]
const TIMED_OUT: Metric = (
    "timed_out",
    "Whether the last run was stopped for its time limit, 1 or 0.",
);
#[cfg(target_os = "linux")]
const CPU_USER: Metric = (
    "cpu_user_seconds",
    "Processor time of the last run in user mode.",
);
#[cfg(target_os = "linux")]
const CPU_SYSTEM: Metric = (
    "cpu_system_seconds",
    "Processor time of the last run in the kernel.",
);
#[cfg(target_os = "linux")]
const MAX_RESIDENT_MEMORY: Metric = (
    "max_resident_memory_bytes",
    "The most memory that a process of the last run held.",
);
const HEARTBEAT: Metric = (
    "heartbeat_timestamp_seconds",
    "When the job was last known to run, in Unix seconds.",
);
const MAX_AGE: Metric = (
    "max_age_seconds",
    "How old the last success may become before it is time to worry.",
);
const MAX_DURATION: Metric = (
    "max_duration_seconds",
    "How long a run may take before it is time to worry.",
);

/// All of them.
const METRICS: &[Metric] = &[
    START_TIMESTAMP,
    RUNNING,
    COMPLETION_TIMESTAMP,
    LAST_SUCCESS_TIMESTAMP,
    LAST_SUCCESS_DURATION,
    LAST_FAILURE_TIMESTAMP,
    DURATION,
    SUCCESS,
    #[cfg(target_os = "linux")]
    EXIT_CODE,
    #[cfg(target_os = "linux")]
    EXIT_SIGNAL,
    #[cfg(target_os = "linux")]
    TIMED_OUT,
    #[cfg(target_os = "linux")]
    CPU_USER,
    #[cfg(target_os = "linux")]
    CPU_SYSTEM,
    #[cfg(target_os = "linux")]
    MAX_RESIDENT_MEMORY,
    HEARTBEAT,
    MAX_AGE,
    MAX_DURATION,
];

/// Makes metric families of runs.
///
/// ```
/// use std::time::SystemTime;
///
/// use pushjob::report::{DEFAULT_PREFIX, Report};
///
/// let report = Report::new(DEFAULT_PREFIX)?;
/// let start = report.start(SystemTime::now());
/// assert_eq!(start[0].name().as_str(), "batch_job_start_timestamp_seconds");
/// # Ok::<(), pushjob::exposition::NameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    prefix: MetricName,
    max_age: Option<Duration>,
    max_duration: Option<Duration>,
}

impl Report {
    /// A report whose metric names begin with `prefix`.
    ///
    /// # Errors
    ///
    /// [`NameError::Metric`] when no metric name can begin with it: it is empty, begins with a digit, or holds
    /// something else than letters, digits, `_` and `:`.
    pub fn new(prefix: &str) -> Result<Self, NameError> {
        Ok(Self {
            prefix: MetricName::new(prefix.to_owned())?,
            max_age: None,
            max_duration: None,
        })
    }

    /// The same with another prefix.
    ///
    /// # Errors
    ///
    /// As from [`new`](Self::new).
    pub fn with_prefix(self, prefix: &str) -> Result<Self, NameError> {
        Ok(Self {
            prefix: MetricName::new(prefix.to_owned())?,
            ..self
        })
    }

    /// How its metric names begin.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.prefix.as_str()
    }

    /// How old the last success may become, to be pushed for alert rules. Defaults to not at all.
    #[must_use]
    pub fn max_age(self, max_age: Option<Duration>) -> Self {
        Self { max_age, ..self }
    }

    /// How long a run may take, to be pushed for alert rules. Defaults to not at all.
    #[must_use]
    pub fn max_duration(self, max_duration: Option<Duration>) -> Self {
        Self {
            max_duration,
            ..self
        }
    }

    /// What there is to say when a run has started.
    #[must_use]
    pub fn start(&self, started: SystemTime) -> Vec<MetricFamily> {
        let start = (START_TIMESTAMP, unix_seconds(started));
        self.families(std::iter::once(start).chain(self.limits()))
    }

    /// What there is to say to who asks while a run goes on: when it was started, and for how long it has been running.
    #[must_use]
    pub fn running(&self, started: SystemTime, running: Duration) -> Vec<MetricFamily> {
        let now = [
            (START_TIMESTAMP, unix_seconds(started)),
            (RUNNING, running.as_secs_f64()),
        ];
        self.families(now.into_iter().chain(self.limits()))
    }

    /// What there is to say while a run goes on: that it did at this time.
    #[must_use]
    pub fn heartbeat(&self, now: SystemTime) -> Vec<MetricFamily> {
        self.families(std::iter::once((HEARTBEAT, unix_seconds(now))))
    }

    /// What there is to say when a run of a child process has ended.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn end(&self, outcome: &Outcome) -> Vec<MetricFamily> {
        let signal = outcome.exit_signal().map_or(0, Signal::number);
        let timed_out = outcome.time_limit == TimeLimit::Exceeded;
        let usage = &outcome.usage;
        let verdict = if outcome.is_success() {
            Verdict::Success
        } else {
            Verdict::Failure
        };
        let of_process = [
            (EXIT_CODE, f64::from(outcome.exit_code())),
            (EXIT_SIGNAL, f64::from(signal)),
            (TIMED_OUT, f64::from(u8::from(timed_out))),
            (CPU_USER, usage.cpu_user.as_secs_f64()),
            (CPU_SYSTEM, usage.cpu_system.as_secs_f64()),
            (MAX_RESIDENT_MEMORY, float(usage.max_resident_memory_bytes)),
        ];
        let mut families = self.completion(&Completion {
            started: outcome.started,
            completed: outcome.completed,
            duration: outcome.duration,
            verdict,
        });
        families.extend(self.families(of_process.into_iter()));
        families
    }

    /// What there is to say when a run has ended that had no process of its own: all but exit code, signal, time limit and
    /// what the process has used.
    #[must_use]
    pub fn completion(&self, completion: &Completion) -> Vec<MetricFamily> {
        let completed = unix_seconds(completion.completed);
        let duration = completion.duration.as_secs_f64();
        let success = completion.verdict == Verdict::Success;
        let always = [
            (START_TIMESTAMP, unix_seconds(completion.started)),
            (COMPLETION_TIMESTAMP, completed),
            (DURATION, duration),
            (SUCCESS, f64::from(u8::from(success))),
        ];
        let last = if success {
            vec![
                (LAST_SUCCESS_TIMESTAMP, completed),
                (LAST_SUCCESS_DURATION, duration),
            ]
        } else {
            vec![(LAST_FAILURE_TIMESTAMP, completed)]
        };
        self.families(always.into_iter().chain(last).chain(self.limits()))
    }

    /// The names of what only some runs say, so that it has to last until the next of them: when the last success and the last
    /// failure were.
    #[must_use]
    pub fn lasting(&self) -> Vec<String> {
        [
            LAST_SUCCESS_TIMESTAMP,
            LAST_SUCCESS_DURATION,
            LAST_FAILURE_TIMESTAMP,
        ]
        .map(|(name, _)| format!("{}{name}", self.prefix))
        .to_vec()
    }

    /// What is left to add of a run to a group that holds the result of one that ended later, by the wall clock: nothing but a last success or a
    /// last failure that comes after the one there. None where there is no such result, or it is from the future, as it is when the
    /// clock was set back: then all of the run is news.
    #[must_use]
    pub fn still_news(
        &self,
        families: &MetricFamilies,
        held: &MetricFamilies,
        now: SystemTime,
    ) -> Option<MetricFamilies> {
        let time = |families: &MetricFamilies, metric: Metric| {
            let family = families.get(&format!("{}{}", self.prefix, metric.0))?;
            match family.metrics().next()? {
                (_, MetricValue::Gauge(time)) => Some(*time),
                _ => None,
            }
        };
        let there = time(held, COMPLETION_TIMESTAMP)?;
        let is_later = there > time(families, COMPLETION_TIMESTAMP)? && there <= unix_seconds(now);
        if !is_later {
            return None;
        }
        let mut news = MetricFamilies::new();
        for (last, metrics) in [
            (
                LAST_SUCCESS_TIMESTAMP,
                &[LAST_SUCCESS_TIMESTAMP, LAST_SUCCESS_DURATION][..],
            ),
            (LAST_FAILURE_TIMESTAMP, &[LAST_FAILURE_TIMESTAMP]),
        ] {
            if time(families, last) <= time(held, last) {
                continue;
            }
            for (name, _) in metrics {
                let family = families.get(&format!("{}{name}", self.prefix));
                // No two of them have the same name.
                let _ = family.map(|family| news.insert(family.clone()));
            }
        }
        Some(news)
    }

    /// Whether it may have a metric of this name, so that no other metric of the group can.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = name.strip_prefix(self.prefix.as_str());
        name.is_some_and(|name| METRICS.iter().any(|(known, _)| *known == name))
    }

    fn limits(&self) -> impl Iterator<Item = (Metric, f64)> {
        let seconds = |limit: Option<Duration>| limit.map(|limit| limit.as_secs_f64());
        let max_age = seconds(self.max_age).map(|age| (MAX_AGE, age));
        let max_duration = seconds(self.max_duration).map(|duration| (MAX_DURATION, duration));
        max_age.into_iter().chain(max_duration)
    }

    fn families(&self, metrics: impl Iterator<Item = (Metric, f64)>) -> Vec<MetricFamily> {
        metrics
            .map(|((name, help), value)| {
                MetricFamily::gauge(self.prefix.with_suffix(name), value).with_help(help)
            })
            .collect()
    }
}

/// Whether a run has succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has.
    Success,
    /// It has not.
    Failure,
}

/// How a run went that had no process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// When it was started, by the wall clock.
    pub started: SystemTime,
    /// When it ended, by the wall clock.
    pub completed: SystemTime,
    /// How long it took, by the monotonic clock.
    pub duration: Duration,
    /// Whether it has succeeded.
    pub verdict: Verdict,
}

/// Seconds since 1970, negative before it.
fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(error) => -error.duration().as_secs_f64(),
    }
}

#[cfg(target_os = "linux")]
#[expect(
    clippy::cast_precision_loss,
    reason = "a sample is a float; beyond 2^53 bytes it is rounded"
)]
fn float(number: u64) -> f64 {
    number as f64
}
