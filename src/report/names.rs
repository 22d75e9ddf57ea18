//! The names and help texts of all metrics of a report. They stand nowhere else.

/// The prefix of metric names, unless another is chosen.
pub const DEFAULT_PREFIX: &str = "batch_job_";

/// A metric of the report, a gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    /// The name after the prefix.
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

/// Defines a constant for each metric, and a list of all of them.
macro_rules! metrics {
    ($($constant:ident: $name:literal, $help:literal;)*) => {
        $(pub(super) const $constant: Metric = Metric { name: $name, help: $help };)*

        /// All metrics that a report can have.
        pub(super) const METRICS: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    START_TIMESTAMP: "start_timestamp_seconds", "When the job was last started, in Unix seconds.";
    RUNNING: "running_seconds", "How long the job has been running.";
    COMPLETION_TIMESTAMP: "completion_timestamp_seconds", "When the job last ended, in Unix seconds.";
    LAST_SUCCESS_TIMESTAMP: "last_success_timestamp_seconds", "When the job last succeeded, in Unix seconds.";
    LAST_SUCCESS_DURATION: "last_success_duration_seconds", "How long the last run that succeeded took.";
    LAST_FAILURE_TIMESTAMP: "last_failure_timestamp_seconds", "When the job last failed, in Unix seconds.";
    LAST_SKIP_TIMESTAMP: "last_skip_timestamp_seconds", "When the job last had nothing to do, in Unix seconds.";
    DURATION: "duration_seconds", "How long the last run took.";
    SUCCESS: "success", "Whether the last run succeeded, 1 or 0.";
    EXIT_CODE: "exit_code", "The exit code of the last run.";
    EXIT_SIGNAL: "exit_signal", "The number of the signal that killed the last run, or 0.";
    TIMED_OUT: "timed_out", "Whether the last run was stopped for its time limit, 1 or 0.";
    INTERRUPTED: "interrupted", "Whether the last run was asked to stop from outside, 1 or 0.";
    OOM_KILLED: "oom_killed", "Whether the kernel killed something for memory in the control group of the last run, 1 or 0.";
    CPU_USER: "cpu_user_seconds", "Processor time of the last run in user mode.";
    CPU_SYSTEM: "cpu_system_seconds", "Processor time of the last run in the kernel.";
    MAX_RESIDENT_MEMORY: "max_resident_memory_bytes", "The most memory that a process of the last run held.";
    HEARTBEAT: "heartbeat_timestamp_seconds", "When the job was last known to run, in Unix seconds.";
    MAX_AGE: "max_age_seconds", "How old the last success may become before it is time to worry.";
    MAX_DURATION: "max_duration_seconds", "How long a run may take before it is time to worry.";
}
