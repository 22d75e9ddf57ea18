//! Makes the metric families of runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::exposition::{MetricFamilies, MetricFamily, MetricName, MetricValue, NameError};
#[cfg(target_os = "linux")]
use crate::supervise::{Outcome, Signal, TimeLimit};

use super::completion::{Completion, Verdict};
use super::names::{
    COMPLETION_TIMESTAMP, DURATION, HEARTBEAT, LAST_FAILURE_TIMESTAMP, LAST_SKIP_TIMESTAMP,
    LAST_SUCCESS_DURATION, LAST_SUCCESS_TIMESTAMP, MAX_AGE, MAX_DURATION, METRICS, Metric, RUNNING,
    START_TIMESTAMP, SUCCESS,
};
#[cfg(target_os = "linux")]
use super::names::{
    CPU_SYSTEM, CPU_USER, EXIT_CODE, EXIT_SIGNAL, INTERRUPTED, MAX_RESIDENT_MEMORY, OOM_KILLED,
    TIMED_OUT,
};

/// The metrics that only some runs set, by kind of run. The first of each is the time of such a run.
const LASTING: [&[Metric]; 3] = [
    &[LAST_SUCCESS_TIMESTAMP, LAST_SUCCESS_DURATION],
    &[LAST_FAILURE_TIMESTAMP],
    &[LAST_SKIP_TIMESTAMP],
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
/// assert!(start.get("batch_job_start_timestamp_seconds").is_some());
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
    /// [`NameError::Metric`] when no metric name can begin with it: it is empty, begins with a digit, or
    /// holds something else than letters, digits, `_` and `:`.
    pub fn new(prefix: &str) -> Result<Self, NameError> {
        Ok(Self {
            prefix: MetricName::new(prefix.to_owned())?,
            max_age: None,
            max_duration: None,
        })
    }

    /// The same report with another prefix.
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

    /// The beginning of its metric names.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.prefix.as_str()
    }

    /// Maximum age of the last success, pushed as a gauge for alert rules. [`Duration::MAX`] stands for no
    /// limit, and is pushed as `+Inf`: an earlier limit that the group holds is not taken back by pushing
    /// none. Defaults to none.
    #[must_use]
    pub fn max_age(self, max_age: Option<Duration>) -> Self {
        Self { max_age, ..self }
    }

    /// Maximum duration of a run, in the same way. Defaults to none.
    #[must_use]
    pub fn max_duration(self, max_duration: Option<Duration>) -> Self {
        Self {
            max_duration,
            ..self
        }
    }

    /// The families of a run that has started.
    #[must_use]
    pub fn start(&self, started: SystemTime) -> MetricFamilies {
        let start = (START_TIMESTAMP, unix_seconds(started));
        self.families([start].into_iter().chain(self.limits()))
    }

    /// The families of a run that goes on, for a scrape: its start, and for how long it has been running.
    #[must_use]
    pub fn running(&self, started: SystemTime, running: Duration) -> MetricFamilies {
        let now = [
            (START_TIMESTAMP, unix_seconds(started)),
            (RUNNING, running.as_secs_f64()),
        ];
        self.families(now.into_iter().chain(self.limits()))
    }

    /// The families of a heartbeat at this time, with those of the [start](Self::start) where one was
    /// announced, in case that was lost.
    #[must_use]
    pub fn heartbeat(&self, now: SystemTime, announced: Option<SystemTime>) -> MetricFamilies {
        let mut families = announced.map_or_else(MetricFamilies::new, |time| self.start(time));
        families.replace(self.family(HEARTBEAT, unix_seconds(now)));
        families
    }

    /// The families of a child process that has ended, and has come to this.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn end(&self, outcome: &Outcome, verdict: Verdict) -> MetricFamilies {
        let mut families = self.completion(&Completion::of_process(outcome, verdict));
        if verdict == Verdict::Skipped {
            return families;
        }
        let signal = outcome.exit_signal().map_or(0, Signal::number);
        let timed_out = outcome.time_limit == TimeLimit::Exceeded;
        let usage = &outcome.usage;
        let flag = |is_set: bool| f64::from(u8::from(is_set));
        let oom_killed = outcome.oom_kills.map(|kills| (OOM_KILLED, flag(kills > 0)));
        let always = [
            (EXIT_CODE, f64::from(outcome.exit_code())),
            (EXIT_SIGNAL, f64::from(signal)),
            (TIMED_OUT, flag(timed_out)),
            (INTERRUPTED, flag(outcome.interrupted.is_some())),
            (CPU_USER, usage.cpu_user.as_secs_f64()),
            (CPU_SYSTEM, usage.cpu_system.as_secs_f64()),
            (MAX_RESIDENT_MEMORY, float(usage.max_resident_memory_bytes)),
        ];
        for (metric, value) in always.into_iter().chain(oom_killed) {
            families.replace(self.family(metric, value));
        }
        families
    }

    /// The families of a child process that was killed together with all who could have reported it,
    /// as of its start: nobody knows when that was.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn killed(&self, started: SystemTime) -> MetricFamilies {
        let start = unix_seconds(started);
        let values = [
            (START_TIMESTAMP, start),
            (COMPLETION_TIMESTAMP, start),
            (SUCCESS, 0.0),
            (LAST_FAILURE_TIMESTAMP, start),
            (EXIT_CODE, 137.0),
            (EXIT_SIGNAL, 9.0),
        ];
        self.families(values.into_iter().chain(self.limits()))
    }

    /// The families of a run that has ended and had no process of its own: all but exit code, signal,
    /// signals and resource usage. Of one that was skipped, when that was; see also
    /// [`skip_of_announced`](Self::skip_of_announced).
    #[must_use]
    pub fn completion(&self, completion: &Completion) -> MetricFamilies {
        let completed = unix_seconds(completion.completed);
        if completion.verdict == Verdict::Skipped {
            return self.families([(LAST_SKIP_TIMESTAMP, completed)].into_iter());
        }
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

    /// The families of a run that was skipped when its start or a heartbeat had been pushed: also start and
    /// end, without which the group would show a run that goes on for ever.
    #[must_use]
    pub fn skip_of_announced(&self, started: SystemTime, skipped: SystemTime) -> MetricFamilies {
        let times = [
            (START_TIMESTAMP, unix_seconds(started)),
            (COMPLETION_TIMESTAMP, unix_seconds(skipped)),
            (LAST_SKIP_TIMESTAMP, unix_seconds(skipped)),
        ];
        self.families(times.into_iter())
    }

    /// The names of what only some runs set, so that it must last until the next of them: the last
    /// success, the last failure and the last skip.
    #[must_use]
    pub fn persistent_names(&self) -> Vec<String> {
        let metrics = LASTING.iter().flat_map(|lasting| *lasting);
        metrics.map(|metric| self.name(*metric)).collect()
    }

    /// What a group that holds the result of a run that ended later, by the wall clock, still lacks of
    /// `families`: a last success or failure that comes after the one there. None where the group holds
    /// no such result, or one from the future, as after the clock was set back: then all of the run is
    /// newer.
    #[must_use]
    pub fn newer_than(
        &self,
        families: &MetricFamilies,
        held: &MetricFamilies,
        now: SystemTime,
    ) -> Option<MetricFamilies> {
        let time = |families: &MetricFamilies, metric: Metric| match families
            .get(&self.name(metric))?
            .metrics()
            .next()?
        {
            (_, MetricValue::Gauge(time)) => Some(*time),
            _ => None,
        };
        let there = time(held, COMPLETION_TIMESTAMP)?;
        let is_later = there > time(families, COMPLETION_TIMESTAMP)? && there <= unix_seconds(now);
        if !is_later {
            return None;
        }
        let mut newer = MetricFamilies::new();
        for metrics in LASTING {
            if time(families, metrics[0]) > time(held, metrics[0]) {
                let names = metrics.iter().map(|metric| self.name(*metric));
                for family in names.filter_map(|name| families.get(&name).cloned()) {
                    newer.replace(family);
                }
            }
        }
        Some(newer)
    }

    /// Whether a report may have a metric of this name, so that no other metric of the group can.
    pub(crate) fn owns(&self, name: &str) -> bool {
        let name = name.strip_prefix(self.prefix.as_str());
        name.is_some_and(|name| METRICS.iter().any(|metric| metric.name == name))
    }

    fn limits(&self) -> impl Iterator<Item = (Metric, f64)> {
        let limits = [(MAX_AGE, self.max_age), (MAX_DURATION, self.max_duration)];
        let seconds = |(metric, limit): (Metric, Option<Duration>)| {
            let seconds = |limit: Duration| match limit {
                Duration::MAX => f64::INFINITY,
                limit => limit.as_secs_f64(),
            };
            limit.map(|limit| (metric, seconds(limit)))
        };
        limits.into_iter().filter_map(seconds)
    }

    fn families(&self, metrics: impl Iterator<Item = (Metric, f64)>) -> MetricFamilies {
        let mut families = MetricFamilies::new();
        for (metric, value) in metrics {
            families.replace(self.family(metric, value));
        }
        families
    }

    fn family(&self, metric: Metric, value: f64) -> MetricFamily {
        MetricFamily::gauge(self.prefix.with_suffix(metric.name), value).with_help(metric.help)
    }

    fn name(&self, metric: Metric) -> String {
        format!("{}{}", self.prefix, metric.name)
    }
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
