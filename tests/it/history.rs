//! What a group holds after runs that succeed and fail, by method.

use std::collections::BTreeMap;

use crate::support::{Pushgateway, run_to};

const ALWAYS: [&str; 11] = [
    "batch_job_completion_timestamp_seconds",
    "batch_job_cpu_system_seconds",
    "batch_job_cpu_user_seconds",
    "batch_job_duration_seconds",
    "batch_job_exit_code",
    "batch_job_exit_signal",
    "batch_job_interrupted",
    "batch_job_max_resident_memory_bytes",
    "batch_job_start_timestamp_seconds",
    "batch_job_success",
    "batch_job_timed_out",
];
const LAST_SUCCESS: [&str; 2] = [
    "batch_job_last_success_duration_seconds",
    "batch_job_last_success_timestamp_seconds",
];
const LAST_FAILURE: [&str; 1] = ["batch_job_last_failure_timestamp_seconds"];

/// A gateway, and runs of one job against it.
struct History {
    gateway: Pushgateway,
    args: Vec<&'static str>,
}

impl History {
    fn of(args: &[&'static str]) -> Self {
        Self {
            gateway: Pushgateway::start(),
            args: args.to_vec(),
        }
    }

    #[track_caller]
    fn run(&self, command: &str, code: i32) {
        run_to(self.gateway.address())
            .args(&self.args)
            .job([command])
            .run()
            .exits(code)
            .says("");
    }

    #[track_caller]
    fn succeed(&self) -> BTreeMap<String, String> {
        self.run("true", 0);
        self.samples()
    }

    #[track_caller]
    fn fail(&self) -> BTreeMap<String, String> {
        self.run("false", 1);
        self.samples()
    }

    /// The samples of the group, by metric name, as the gateway spells them, without what not every system counts.
    fn samples(&self) -> BTreeMap<String, String> {
        let samples = self.gateway.samples().into_iter();
        samples
            .filter_map(|(series, value)| {
                let name = series.strip_suffix("{instance=\"\",job=\"j\"}")?;
                Some((name.to_owned(), value))
            })
            .filter(|(name, _)| !name.starts_with("push_") && !name.ends_with("oom_killed"))
            .collect()
    }
}

#[track_caller]
fn assert_names(samples: &BTreeMap<String, String>, groups: &[&[&str]]) {
    let mut expected: Vec<&str> = groups
        .iter()
        .flat_map(|names| names.iter().copied())
        .collect();
    expected.sort_unstable();
    assert_eq!(samples.keys().collect::<Vec<_>>(), expected);
}

#[test]
fn the_last_success_survives_a_failure_bit_for_bit() {
    let history = History::of(&[]);
    let first = history.succeed();
    assert_names(&first, &[&ALWAYS, &LAST_SUCCESS]);
    let second = history.fail();
    assert_names(&second, &[&ALWAYS, &LAST_SUCCESS, &LAST_FAILURE]);
    for name in LAST_SUCCESS {
        assert_eq!(first[name], second[name]);
    }
    assert_eq!(
        second["batch_job_last_failure_timestamp_seconds"],
        second["batch_job_completion_timestamp_seconds"]
    );
    let third = history.succeed();
    assert_names(&third, &[&ALWAYS, &LAST_SUCCESS, &LAST_FAILURE]);
    for name in LAST_FAILURE {
        assert_eq!(second[name], third[name]);
    }
    assert_ne!(
        first["batch_job_last_success_timestamp_seconds"],
        third["batch_job_last_success_timestamp_seconds"]
    );
}

#[test]
fn a_first_run_that_fails_has_no_last_success() {
    assert_names(&History::of(&[]).fail(), &[&ALWAYS, &LAST_FAILURE]);
}

#[test]
fn the_method_push_replaces_on_success_and_keeps_the_last_success_on_failure() {
    let history = History::of(&["--method", "push"]);
    assert_names(&history.fail(), &[&ALWAYS, &LAST_FAILURE]);
    assert_names(&history.succeed(), &[&ALWAYS, &LAST_SUCCESS]);
    let failed = history.fail();
    assert_names(&failed, &[&ALWAYS, &LAST_SUCCESS, &LAST_FAILURE]);
}

#[test]
fn a_method_for_one_outcome_is_taken_literally() {
    let history = History::of(&["--on-failure", "push"]);
    history.succeed();
    assert_names(&history.fail(), &[&ALWAYS, &LAST_FAILURE]);
    let history = History::of(&["--on-success", "delete"]);
    history.fail();
    history.succeed();
    history.gateway.waits_for_groups(0);
    let history = History::of(&["--on-failure", "none"]);
    let first = history.succeed();
    assert_eq!(first, history.fail());
}

#[test]
fn the_methods_delete_and_none_leave_no_group() {
    for method in ["delete", "none"] {
        let history = History::of(&["--method", method]);
        history.succeed();
        history.fail();
        history.gateway.waits_for_groups(0);
    }
}

#[test]
fn limits_for_alerts_and_another_prefix_are_pushed() {
    let history = History::of(&[
        "--max-age",
        "1day 1h",
        "--max-duration",
        "90s",
        "--metric-prefix",
        "nightly_",
    ]);
    let samples = history.succeed();
    assert_eq!(samples["nightly_max_age_seconds"], "90000");
    assert_eq!(samples["nightly_max_duration_seconds"], "90");
    assert_eq!(samples["nightly_success"], "1");
    assert!(samples.keys().all(|name| name.starts_with("nightly_")));
    assert_eq!(samples.len(), ALWAYS.len() + LAST_SUCCESS.len() + 2);
}

#[test]
fn every_metric_is_a_gauge_with_help() {
    let history = History::of(&["--max-age", "1day", "--max-duration", "1h"]);
    history.fail();
    let names = history.succeed();
    let page = history.gateway.get("/metrics");
    for name in names.keys() {
        assert!(page.contains(&format!("# TYPE {name} gauge\n")), "{name}");
        assert!(page.contains(&format!("# HELP {name} ")), "{name}");
    }
}

#[test]
fn times_and_usage_are_those_of_the_run() {
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.unwrap().as_secs_f64()
    };
    let gateway = Pushgateway::start();
    let before = now();
    // A second of processor time and 50 MB, in a child of the job.
    let work = "sh -c 'dd if=/dev/zero of=/dev/null bs=50M count=40 2>/dev/null; i=0; \
                while [ $i -lt 300000 ]; do i=$((i+1)); done'; exit 0";
    run_to(gateway.address())
        .args(["--shell"])
        .job([work])
        .run()
        .exits(0);
    let after = now();
    let value = |name: &str| -> f64 { gateway.reported("j", name).parse().unwrap() };
    let (start, end) = (
        value("start_timestamp_seconds"),
        value("completion_timestamp_seconds"),
    );
    assert!(before <= start && start <= end && end <= after);
    assert!(start.fract() != 0.0 && end.fract() != 0.0);
    let duration = value("duration_seconds");
    assert!((end - start - duration).abs() < 0.1, "{duration}");
    let cpu = value("cpu_user_seconds") + value("cpu_system_seconds");
    assert!(
        cpu > 0.05 && cpu < 2.0 * duration + 0.1,
        "{cpu} in {duration}"
    );
    assert!(value("cpu_user_seconds") > 0.0 && value("cpu_system_seconds") > 0.0);
    let memory = value("max_resident_memory_bytes");
    assert!(memory > 50e6 && memory < 100e6, "{memory}");
}
