//! `push`, `pushadd` and `delete` against the real gateway.

use crate::support::{Pushgateway, pushjob};

/// A command about the group `etl` on a gateway.
fn command(verb: &str, gateway: &Pushgateway) -> crate::support::Pushjob {
    pushjob([verb, "--job", "etl", "--gateway", gateway.address()])
}

#[test]
fn metrics_come_from_stdin_file_and_command_line() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics.prom");
    std::fs::write(&file, "# TYPE rows gauge\nrows{table=\"users\"} 1\n").unwrap();
    command("pushadd", &gateway)
        .input("# TYPE stdin gauge\nstdin 42\n")
        .run()
        .exits(0)
        .prints("")
        .says("");
    command("pushadd", &gateway)
        .arg("-")
        .input("dash 1\n")
        .args(["--gauge", "beside_dash=1"])
        .run()
        .exits(0);
    command("pushadd", &gateway)
        .arg(&file)
        .args(["--gauge", "rows{table=\"a=b,c\"}=2.5e3"])
        .args(["--gauge", "rows=NaN", "--counter", "files_total=7"])
        .args([
            "--help-text",
            "rows=Rows = \"all\".",
            "--help-text",
            "files_total=Files.",
        ])
        .input("not read 1 2 3")
        .run()
        .exits(0)
        .says("");
    let samples = gateway.samples();
    for (series, value) in [
        ("stdin{instance=\"\",job=\"etl\"}", "42"),
        ("dash{instance=\"\",job=\"etl\"}", "1"),
        ("beside_dash{instance=\"\",job=\"etl\"}", "1"),
        ("rows{instance=\"\",job=\"etl\",table=\"users\"}", "1"),
        ("rows{instance=\"\",job=\"etl\",table=\"a=b,c\"}", "2500"),
        ("rows{instance=\"\",job=\"etl\"}", "NaN"),
        ("files_total{instance=\"\",job=\"etl\"}", "7"),
    ] {
        assert_eq!(samples[series], value, "{series}");
    }
    let page = gateway.get("/metrics");
    assert!(page.contains("# HELP rows Rows = \"all\".\n# TYPE rows gauge\n"));
    assert!(page.contains("# TYPE files_total counter\n"));
}

#[test]
fn push_replaces_the_group_pushadd_the_names_delete_all() {
    let gateway = Pushgateway::start();
    command("push", &gateway)
        .args(["--gauge", "a{l=\"1\"}=1"])
        .run()
        .exits(0);
    command("pushadd", &gateway)
        .args(["--gauge", "b=1"])
        .run()
        .exits(0);
    assert_eq!(gateway.group("etl").metrics, ["a", "b"]);
    command("pushadd", &gateway)
        .args(["--gauge", "a{l=\"2\"}=1"])
        .run()
        .exits(0);
    let samples = gateway.samples();
    assert!(!samples.contains_key("a{instance=\"\",job=\"etl\",l=\"1\"}"));
    assert!(samples.contains_key("a{instance=\"\",job=\"etl\",l=\"2\"}"));
    command("push", &gateway)
        .args(["--gauge", "c=1"])
        .run()
        .exits(0);
    assert_eq!(gateway.group("etl").metrics, ["c"]);
    let finished = command("delete", &gateway).arg("-v").run();
    finished
        .exits(0)
        .says_one_line_with("pushjob: deleted http://");
    gateway.waits_for_groups(0);
    command("delete", &gateway).run().exits(0).says("");
}

#[test]
fn a_push_without_metrics_empties_the_group_and_says_so() {
    let gateway = Pushgateway::start();
    command("push", &gateway)
        .args(["--gauge", "a=1"])
        .run()
        .exits(0)
        .says("");
    command("pushadd", &gateway)
        .input("")
        .run()
        .exits(0)
        .says("");
    assert_eq!(gateway.group("etl").metrics, ["a"]);
    command("push", &gateway)
        .input("# nothing\n")
        .run()
        .exits(0)
        .says("pushjob: there are no metrics in the input: the group is left without any\n");
    assert_eq!(gateway.group("etl").metrics, [""; 0]);
}

#[test]
fn wrong_input_is_refused_with_its_place_and_nothing_is_sent() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.prom");
    std::fs::write(&file, "good 1\nbad one\n").unwrap();
    let path = file.to_str().unwrap();
    command("push", &gateway)
        .input("rows 1\nrows{a=\"b\" 2\n")
        .run()
        .exits(1)
        .says(
            "pushjob: stdin: line 2, column 12: expected `,` or `}` after the value of label `a`\n",
        );
    command("push", &gateway)
        .arg(path)
        .run()
        .exits(1)
        .says(&format!(
            "pushjob: {path}: line 2, column 5: \"one\" is not a number\n"
        ));
    for (args, code, message) in [
        (
            &["--gauge", "rows"][..],
            2,
            "--gauge \"rows\": expected `=` and a value after rows",
        ),
        (
            &["--gauge", "rows=many"],
            2,
            "--gauge \"rows=many\": \"many\" is not a number",
        ),
        (
            &["--counter", "rows{a=1}=2"],
            2,
            "--counter \"rows{a=1}=2\": column 8: the value of label `a` does not begin with `\"`",
        ),
        (
            &["--gauge", "rows{le=\"1\",le=\"2\"}=2"],
            2,
            "--gauge \"rows{le=\\\"1\\\",le=\\\"2\\\"}=2\": column 1: label `le` occurs twice",
        ),
        (
            &["--gauge", "9=1"],
            2,
            "--gauge \"9=1\": column 1: expected a metric name",
        ),
        (
            &["--gauge", "a=1", "--gauge", "a=2"],
            2,
            "--gauge: series a occurs twice",
        ),
        (
            &["--gauge", "a=1", "--counter", "a=2"],
            2,
            "--counter: a is of type gauge, not counter",
        ),
        (
            &["--gauge", "a=1", "--help-text", "b=B."],
            2,
            "--help-text: no --gauge and no --counter is named \"b\"",
        ),
        (
            &["--gauge", "a=1", "--help-text", "a"],
            2,
            "--help-text: \"a\" is not of the form NAME=TEXT",
        ),
        (
            &["--gauge", "a{job=\"x\"}=1"],
            1,
            "cannot push: series a{job=\"x\"} has the label `job`, which the grouping key sets",
        ),
        (
            &["--gauge", "push_time_seconds=1"],
            1,
            "cannot push: metric push_time_seconds is set by the gateway itself",
        ),
    ] {
        command("push", &gateway)
            .args(args)
            .run()
            .exits(code)
            .says(&format!("pushjob: {message}\n"));
    }
    command("push", &gateway)
        .args(["--counter", "rows=1", "-"])
        .input("# TYPE rows gauge\nrows 1\n")
        .run()
        .exits(1)
        .says("pushjob: stdin: rows is of type gauge, not counter\n");
    assert_eq!(gateway.groups(), []);
}

#[test]
fn wrong_usage_exits_2_and_an_unreachable_gateway_1() {
    pushjob(["push", "--job", "etl", "--gauge", "a=1"])
        .run()
        .exits(2)
        .says("pushjob: --gateway is missing: the URL of the Pushgateway\n");
    pushjob(["delete", "--gateway", "127.0.0.1:1"])
        .run()
        .exits(2)
        .says("pushjob: --job is missing: the name under which the metrics are kept\n");
    pushjob(["delete", "--job", "etl"])
        .env("PUSHJOB_GATEWAY", "ftp://h")
        .run()
        .exits(2)
        .says("pushjob: PUSHJOB_GATEWAY: \"ftp://h\" is not the URL of a gateway: the scheme is neither http nor https\n");
    pushjob([
        "push",
        "--job",
        "etl",
        "--gateway",
        "127.0.0.1:1",
        "/nonexistent",
    ])
    .run()
    .exits(2)
    .says("pushjob: cannot read /nonexistent: No such file or directory (os error 2)\n");
    pushjob(["pushadd", "--nonsense"])
        .run()
        .exits(2)
        .starts_by_saying("pushjob: unexpected argument '--nonsense' found\n");
    for verb in ["push", "pushadd", "delete"] {
        let start = pushjob([
            verb,
            "--job",
            "etl",
            "--gateway",
            "127.0.0.1:1",
            "--push-retries",
            "0",
        ]);
        let finished = match verb {
            "delete" => start.run(),
            _ => start.args(["--gauge", "a=1"]).run(),
        };
        let doing = if verb == "delete" { "delete" } else { "push" };
        finished.exits(1).says(&format!(
            "pushjob: cannot {doing}: http://127.0.0.1:1/metrics/job/etl: Connection refused (os error 111)\n"
        ));
    }
}
