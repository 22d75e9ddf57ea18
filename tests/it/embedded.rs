//! The gateway in memory does what the real one does.

use std::time::Duration;

use pushjob::exposition::{MetricFamilies, parse};
use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::push::{Change, Pushgateway as Client};
use pushjob::sink::{EmbeddedGateway, Sink};

use crate::support::{Pushgateway, pushjob};

/// A change as text: verb, job, labels, body.
type TextChange = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const CHANGES: [TextChange; 18] = [
    (
        "push",
        "a",
        &[],
        "# HELP x One.\n# TYPE x gauge\nx{l=\"1\"} 1\nx{l=\"2\"} 2\ny 3\n",
    ),
    ("push_add", "a", &[], "# TYPE x gauge\nx{l=\"3\"} 4\n"),
    ("push_add", "a", &[], ""),
    (
        "push",
        "a",
        &[("instance", "i")],
        "# HELP x Other.\n# TYPE x gauge\nx 5\n",
    ),
    (
        "push",
        "b",
        &[("z", ""), ("k", "a b")],
        "y{instance=\"own\"} 6\ny 7\n",
    ),
    ("push_add", "b", &[], "# TYPE x counter\nx 1\n"),
    ("push_add", "b", &[], "# TYPE x gauge\nx 8\n"),
    ("push", "b", &[], "# TYPE x counter\nx 1\n"),
    (
        "push_add",
        "a",
        &[("instance", "i")],
        "# TYPE y counter\ny 1\n",
    ),
    (
        "push",
        "h",
        &[],
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
    ),
    ("push", "c", &[], "# TYPE h_count gauge\nh_count 1\n"),
    (
        "push_add",
        "h",
        &[],
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\n",
    ),
    ("push", "b", &[], ""),
    ("push", "d", &[("l", "v")], "q 1\n"),
    ("push_add", "d", &[], "q{l=\"v\"} 1\n"),
    ("delete", "never", &[], ""),
    ("delete", "a", &[], ""),
    (
        "push",
        "b",
        &[],
        "# TYPE y gauge\ny -Inf\n# TYPE z untyped\nz NaN\n",
    ),
];

/// A page without values that differ from one moment or implementation to another.
fn comparable(page: &str) -> Vec<String> {
    let own = ["go_", "process_", "promhttp_", "pushgateway_"];
    let mut lines: Vec<String> = page
        .lines()
        .filter(|line| {
            let name = line
                .trim_start_matches("# HELP ")
                .trim_start_matches("# TYPE ");
            !own.iter().any(|prefix| name.starts_with(prefix))
        })
        .filter(|line| !line.starts_with("# HELP"))
        .map(|line| match line.rsplit_once(' ') {
            Some((series, value)) if series.starts_with("push_") => {
                format!("{series} {}", if value == "0" { "0" } else { "some time" })
            }
            _ => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn it_holds_what_the_real_gateway_holds_after_each_change() {
    let real = Pushgateway::start();
    let client = Client::new(real.address()).unwrap();
    let embedded = EmbeddedGateway::new();
    let mut refused = 0;
    for (index, (verb, job, labels, body)) in CHANGES.iter().enumerate() {
        let key = labels
            .iter()
            .try_fold(GroupingKey::new(*job).unwrap(), |key, (name, value)| {
                key.with_label(*name, *value)
            })
            .unwrap();
        let families: MetricFamilies = parse(body.as_bytes()).unwrap();
        let change = match *verb {
            "push" => Change::Push(&families),
            "push_add" => Change::PushAdd(&families),
            _ => Change::Delete,
        };
        let ours = embedded.deliver(&key, change, Duration::ZERO);
        let theirs = client.deliver(&key, change);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{index}: {ours:?} {theirs:?}");
        refused += usize::from(ours.is_err());
        assert_eq!(
            comparable(&embedded.page()),
            comparable(&real.get("/metrics")),
            "{index}"
        );
    }
    assert_eq!(refused, 6);
}

#[test]
fn without_a_gateway_run_prints_what_prometheus_would_scrape() {
    let finished = pushjob([
        "run", "--job", "hello", "--label", "env=a\"b", "--", "echo", "hello",
    ])
    .run();
    finished.exits(0).prints("hello\n");
    let (title, page) = finished.stderr.split_once('\n').unwrap();
    assert_eq!(
        title,
        "pushjob: hello: no --gateway is given; from one, Prometheus would scrape:"
    );
    assert!(page.contains("batch_job_success{env=\"a\\\"b\",instance=\"\",job=\"hello\"} 1\n"));
    let families = parse(page.as_bytes()).unwrap();
    let counted = usize::from(families.get("batch_job_oom_killed").is_some());
    assert_eq!(families.len(), 13 + counted + 2);
    assert!(families.get("push_time_seconds").is_some());
}

#[test]
fn the_page_passes_promtool() {
    let finished = pushjob(["run", "--job", "j", "--max-age", "1h", "--", "false"]).run();
    let page = finished.stderr.split_once('\n').unwrap().1.to_owned();
    crate::support::needs("promtool");
    let mut promtool = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("promtool is missing: tests/run installs it");
    let mut stdin = promtool.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, page.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_dry_run_leaves_the_real_gateway_alone() {
    let real = Pushgateway::start();
    let run = |start_after: &str| {
        pushjob([
            "run",
            "--dry-run",
            "--job",
            "j",
            "--gateway",
            real.address(),
        ])
        .args(["--start-after", start_after])
        .script("echo ran; exit 3")
        .run()
    };
    let finished = run("0s");
    finished.exits(3).prints("ran\n");
    let (title, page) = finished.stderr.split_once('\n').unwrap();
    assert_eq!(
        title,
        "pushjob: j: dry run, nothing was sent; Prometheus would scrape:"
    );
    assert!(page.contains("batch_job_exit_code{instance=\"\",job=\"j\"} 3\n"));
    assert_eq!(real.groups(), []);
}

#[test]
fn a_dry_run_shows_what_the_method_leaves() {
    let finished = pushjob([
        "run",
        "--dry-run",
        "--method",
        "delete",
        "--job",
        "j",
        "--",
        "true",
    ])
    .run();
    finished
        .exits(0)
        .says("pushjob: j: dry run, nothing was sent; Prometheus would scrape:\n");
}

#[test]
fn a_family_without_series_replaces_nothing() {
    let embedded = EmbeddedGateway::new();
    let real = Pushgateway::start();
    let client = Client::new(real.address()).unwrap();
    let key = GroupingKey::new("j").unwrap();
    let registry = Registry::new();
    registry.gauge_vec("rows", "", &["table"]).unwrap();
    let empty = registry.gather().unwrap();
    let full = parse(b"# TYPE rows gauge\nrows{table=\"a\"} 1\n").unwrap();
    for families in [&full, &empty] {
        let change = Change::PushAdd(families);
        embedded.deliver(&key, change, Duration::ZERO).unwrap();
        client.deliver(&key, change).unwrap();
    }
    assert!(
        embedded
            .page()
            .contains("rows{instance=\"\",job=\"j\",table=\"a\"} 1\n")
    );
    assert_eq!(
        comparable(&embedded.page()),
        comparable(&real.get("/metrics"))
    );
}

#[test]
fn what_contradicts_other_groups_says_so() {
    let embedded = EmbeddedGateway::new();
    let push = |job: &str, text: &str| {
        let key = GroupingKey::new(job).unwrap();
        let families = parse(text.as_bytes()).unwrap();
        embedded.deliver(&key, Change::Push(&families), Duration::ZERO)
    };
    push("a", "# TYPE x gauge\nx 1\n").unwrap();
    let labelled = GroupingKey::new("j").unwrap().with_label("l", "v").unwrap();
    let families = parse(b"q 1\n").unwrap();
    embedded
        .deliver(&labelled, Change::Push(&families), Duration::ZERO)
        .unwrap();
    let duplicate = push("j", "q{l=\"v\"} 1\n");
    push("s", "# TYPE s summary\ns_sum 1\ns_count 1\n").unwrap();
    let errors = [
        push("b", "# TYPE x counter\nx 1\n")
            .unwrap_err()
            .to_string(),
        push("b", "s_sum 1\n").unwrap_err().to_string(),
        push("b", "y 1\ny{instance=\"\"} 1\n")
            .unwrap_err()
            .to_string(),
        duplicate.unwrap_err().to_string(),
    ];
    assert_eq!(
        errors,
        [
            "metric x is a counter in group {job=\"b\"} and a gauge in another",
            "metric family s_sum has the name of a series of s",
            "series y{instance=\"\"} has an empty label `instance`, which a gateway adds by itself",
            "series q{instance=\"\",job=\"j\",l=\"v\"} is there already",
        ]
    );
}
