//! `pushjob metric`, in a job and by itself.

use std::fs;

use crate::support::{Pushgateway, Stage, fifo, pushjob, pushjob_by, run_to, write_pipe};

/// The command as a word of a script.
const PUSHJOB: &str = env!("CARGO_BIN_EXE_pushjob");

/// What it appends to a new file.
#[track_caller]
fn appended(args: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let command = pushjob(["metric"]).args(args);
    command
        .env("PUSHJOB_METRICS_FILE", &file)
        .run()
        .exits(0)
        .says("")
        .prints("");
    fs::read_to_string(file).unwrap()
}

#[test]
fn it_appends_what_it_is_told() {
    for (args, text) in [
        (
            &[
                "gauge",
                "rows_loaded",
                "42",
                "--help-text",
                "Rows\\\n.",
                "--label",
                "table=a\"b=c",
            ][..],
            "# HELP rows_loaded Rows\\\\\\n.\n# TYPE rows_loaded gauge\nrows_loaded{table=\"a\\\"b=c\"} 42\n",
        ),
        (&["gauge", "a", "-5"], "# TYPE a gauge\na -5\n"),
        (&["gauge", "a", "-Inf"], "# TYPE a gauge\na -Inf\n"),
        (&["gauge", "a", "NaN"], "# TYPE a gauge\na NaN\n"),
        (
            &["gauge", "a", "--add", "-1.5"],
            "# TYPE a gauge\n# PUSHJOB ADD a -1.5\n",
        ),
        (
            &["counter", "files_total", "7"],
            "# TYPE files_total counter\nfiles_total 7\n",
        ),
        (
            &[
                "counter",
                "files_total",
                "--add",
                "0",
                "--label",
                "b=2",
                "--label",
                "a=",
            ],
            "# TYPE files_total counter\n# PUSHJOB ADD files_total{a=\"\",b=\"2\"} 0\n",
        ),
        (&["untyped", "a:b", "1e3"], "# TYPE a:b untyped\na:b 1000\n"),
        (
            &[
                "histogram",
                "h",
                "--observe",
                "1",
                "--buckets",
                "10,+Inf, 0.1,1",
                "--label",
                "l=x",
            ],
            "# TYPE h histogram\n# PUSHJOB ADD h_bucket{l=\"x\",le=\"0.1\"} 0\n\
             # PUSHJOB ADD h_bucket{l=\"x\",le=\"1\"} 1\n# PUSHJOB ADD h_bucket{l=\"x\",le=\"10\"} 1\n\
             # PUSHJOB ADD h_bucket{l=\"x\",le=\"+Inf\"} 1\n# PUSHJOB ADD h_sum{l=\"x\"} 1\n\
             # PUSHJOB ADD h_count{l=\"x\"} 1\n",
        ),
        (
            &["summary", "s", "--observe", "-2"],
            "# TYPE s summary\n# PUSHJOB ADD s_sum -2\n# PUSHJOB ADD s_count 1\n",
        ),
        (
            &[
                "gauge",
                "rows.loaded",
                "1",
                "--utf8-names",
                "--label",
                "k8s.pod=p",
            ],
            "# TYPE \"rows.loaded\" gauge\n{\"rows.loaded\",\"k8s.pod\"=\"p\"} 1\n",
        ),
    ] {
        assert_eq!(appended(args), text, "{args:?}");
    }
}

#[test]
fn a_wrong_use_is_said_in_one_line() {
    for (args, message) in [
        (&["gauge", "a"][..], "VALUE or --add is missing"),
        (&["untyped", "a"], "VALUE is missing"),
        (&["summary", "a"], "--observe is missing"),
        (
            &["histogram", "a", "--observe", "1"],
            "--buckets is missing: the upper bounds, as in 0.1,1,10",
        ),
        (
            &["counter", "a", "1", "--add", "2"],
            "VALUE and --add: give one of the two",
        ),
        (
            &["untyped", "a", "--add", "2"],
            "--add: an untyped metric takes VALUE",
        ),
        (
            &["gauge", "a", "--observe", "2"],
            "--observe: a gauge takes VALUE or --add",
        ),
        (
            &["histogram", "a", "2", "--buckets", "1"],
            "VALUE: a histogram takes --observe",
        ),
        (
            &["summary", "a", "--observe", "2", "--buckets", "1"],
            "--buckets: only a histogram has buckets",
        ),
        (&["gauge", "a", "1_0"], "VALUE: \"1_0\" is not a number"),
        (
            &["gauge", "a", "--wrong"],
            "VALUE: \"--wrong\" is not a number",
        ),
        (&["gauge", "a", "--add", ""], "--add: \"\" is not a number"),
        (
            &["counter", "a", "--add", "-1"],
            "--add: -1 cannot be added to a counter, which only grows",
        ),
        (
            &["counter", "a", "--add", "NaN"],
            "--add: NaN cannot be added to a counter, which only grows",
        ),
        (
            &["histogram", "a", "--observe", "1", "--buckets", "1,x"],
            "--buckets: \"x\" is not a number",
        ),
        (
            &["histogram", "a", "--observe", "1", "--buckets", "1,1.0"],
            "--buckets: bucket or quantile 1 occurs twice",
        ),
        (
            &["gauge", "2nd", "1"],
            "\"2nd\" is not a metric name: letters, digits, `_` and `:`, not beginning with a digit",
        ),
        (
            &["gauge", "push_time_seconds", "1"],
            "metric push_time_seconds is set by the gateway itself",
        ),
        (
            &["gauge", "a", "1", "--label", "x"],
            "--label: \"x\" is not of the form NAME=VALUE",
        ),
        (
            &["gauge", "a", "1", "--label", "job=x"],
            "--label: `job` is a label of the group, which the run sets",
        ),
        (
            &["gauge", "a", "1", "--label", "instance="],
            "--label: an empty `instance` is added by the gateway itself",
        ),
        (
            &["gauge", "a", "1", "--label", "a-b=x"],
            "--label: \"a-b\" is not a label name: letters, digits and `_`, not beginning with a digit",
        ),
        (
            &["gauge", "a", "1", "--label", "__x=x"],
            "--label: label name \"__x\" is reserved: names beginning with `__` belong to Prometheus",
        ),
        (
            &["gauge", "a", "1", "--label", "b=x", "--label", "b=y"],
            "--label: label `b` occurs twice",
        ),
        (
            &[
                "histogram",
                "a",
                "--observe",
                "1",
                "--buckets",
                "1",
                "--label",
                "le=1",
            ],
            "--label: label `le` of histogram a belongs to the format",
        ),
        (
            &["summary", "a", "--observe", "1", "--label", "quantile=1"],
            "--label: label `quantile` of summary a belongs to the format",
        ),
        (
            &["gauge"],
            "the following required arguments were not provided: <NAME>",
        ),
        (
            &["info", "a", "1"],
            "invalid value 'info' for '<TYPE>'; [possible values: gauge, counter, histogram, summary, \
             untyped]",
        ),
        // A metric may have the name of a command.
        (
            &["gauge", "run", "1", "--wrong"],
            "unexpected argument '--wrong' found",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let command = pushjob(["metric"]).args(args);
        command
            .env("PUSHJOB_METRICS_FILE", &file)
            .run()
            .exits(2)
            .starts_by_saying(&format!("pushjob: {message}\n"));
        assert!(!file.exists(), "{args:?}");
    }
    for command in [
        pushjob(["metric", "gauge", "a", "1"]),
        pushjob(["metric", "gauge", "a", "1"]).env("PUSHJOB_METRICS_FILE", ""),
    ] {
        command.run().exits(2).says(
            "pushjob: --metrics-file is missing: PUSHJOB_METRICS_FILE is set in a job that `pushjob run` \
             runs\n",
        );
    }
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let metric = |path: &str| {
        pushjob(["metric", "gauge", "a", "1", "--metrics-file", path])
            .env("PUSHJOB_METRICS_FILE", "/of/a/run")
            .run()
    };
    metric("/dev/full").exits(1).says(
        "pushjob: cannot record a: cannot write to /dev/full: No space left on device (os error 28)\n",
    );
    metric("/proc/0/fd/3")
        .exits(1)
        .says("pushjob: cannot record a: the run that /proc/0/fd/3 belongs to has ended\n");
    metric("/dev/null").exits(0).says("");
    // A limit of 512 bytes, of which 12 are left.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "#".repeat(499) + "\n").unwrap();
    let limited = ["sh", "-c", "ulimit -f 1; exec \"$0\" \"$@\""];
    pushjob_by(limited, ["metric", "gauge", "a", "1", "--metrics-file"])
        .arg(&file)
        .run()
        .exits(1)
        .says(&format!(
            "pushjob: cannot record a: only 12 of 19 bytes were written to {}\n",
            file.display()
        ));
    pushjob([
        "metric",
        "-v",
        "gauge",
        "a",
        "1",
        "--metrics-file",
        "/dev/null",
    ])
    .run()
    .exits(0)
    .says("pushjob: recorded a in /dev/null\n");
}

#[test]
fn forty_children_at_once_lose_nothing() {
    let gateway = Pushgateway::start();
    let script = format!(
        "for child in $(seq 40); do (\n\
         {PUSHJOB} metric counter files_total --add 1 --help-text 'Files.' && \
         {PUSHJOB} metric gauge rows $child --label child=$child && \
         {PUSHJOB} metric histogram size_bytes --observe $child --buckets 10,20 && \
         {PUSHJOB} metric counter files_total --add 2 || echo failed) & done; wait"
    );
    run_to(gateway.address())
        .script(script)
        .run()
        .exits(0)
        .says("")
        .prints("");
    let samples = gateway.samples();
    let value = |name: &str, label: &str| {
        samples[&format!("{name}{{{label}instance=\"\",job=\"j\"}}")].clone()
    };
    assert_eq!(value("files_total", ""), "120");
    for child in 1..=40 {
        let label = format!("child=\"{child}\",");
        assert_eq!(value("rows", &label), child.to_string());
    }
    assert_eq!(value("size_bytes_sum", ""), "820");
    assert_eq!(value("size_bytes_count", ""), "40");
    let bucket = |le: &str| {
        samples[&format!("size_bytes_bucket{{instance=\"\",job=\"j\",le=\"{le}\"}}")].clone()
    };
    assert_eq!(
        [bucket("10"), bucket("20"), bucket("+Inf")],
        ["10", "20", "40"]
    );
}

#[test]
fn a_child_that_dies_in_the_middle_of_a_line_takes_only_that_along() {
    let gateway = Pushgateway::start();
    let stage = Stage::new();
    let never = stage.folder.path().join("never");
    fifo(&never);
    // The shell writes half a line and waits for what never comes; then it is killed.
    let script = format!(
        "{PUSHJOB} metric gauge before 1\n\
         sh -c 'printf \"half{{l=\" >> $PUSHJOB_METRICS_FILE; echo written > {ready}; read -r x < {never}' &\n\
         read -r written < {ready}; kill -9 $!; wait $! 2>/dev/null\n\
         {PUSHJOB} metric gauge after 2",
        ready = stage.ready().display(),
        never = never.display(),
    );
    run_to(gateway.address()).script(script).run().exits(0).says(
        "pushjob: j: PUSHJOB_METRICS_FILE line 3, column 8: the value of label `l` does not begin with `\"`; left \
         out\n",
    );
    let samples = gateway.samples();
    assert_eq!(samples["before{instance=\"\",job=\"j\"}"], "1");
    assert_eq!(samples["after{instance=\"\",job=\"j\"}"], "2");
    let page = gateway.get("/metrics");
    assert!(page.contains("# TYPE after gauge\n"), "{page}");
}

#[test]
fn after_the_run_there_is_nothing_to_write_to() {
    let stage = Stage::new();
    let said = stage.folder.path().join("said");
    // A process that the job leaves behind.
    let script = format!(
        "(exec >/dev/null 2>{said}; read -r go < {ready}; {PUSHJOB} metric gauge a 1; echo $? >&2; echo > {ready}) &",
        ready = stage.ready().display(),
        said = said.display(),
    );
    pushjob(["run", "-qq", "--job", "j"])
        .script(script)
        .run()
        .exits(0);
    write_pipe(&stage.ready(), "go\n");
    stage.wait_until_ready();
    let said = fs::read_to_string(said).unwrap();
    assert!(
        said.starts_with("pushjob: cannot record a: the run that /proc/"),
        "{said}"
    );
    assert!(said.ends_with(" belongs to has ended\n1\n"), "{said}");
}

#[test]
fn it_works_in_a_run_with_other_names() {
    // What the run refuses is refused at its end, because only the run knows.
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--metric-prefix", "nightly_", "--label", "env=x"])
        .script(format!(
            "{PUSHJOB} metric gauge nightly_rows 1; {PUSHJOB} metric gauge batch_job_rows 1; \
             {PUSHJOB} metric gauge rows 1 --label env=y"
        ))
        .run()
        .exits(0)
        .says(
            "pushjob: j: PUSHJOB_METRICS_FILE line 2, column 1: metric nightly_rows begins with `nightly_`, as \
             the metrics of the run itself do; left out\n\
             pushjob: j: PUSHJOB_METRICS_FILE line 6, column 1: series rows{env=\"y\"} has the label `env`, which \
             the grouping key sets; left out\n",
        );
    let samples = gateway.samples();
    assert_eq!(
        samples["batch_job_rows{env=\"x\",instance=\"\",job=\"j\"}"],
        "1"
    );
}
