//! Metrics from inside the job, from its file to the gateway.

use std::time::Duration;

use pushjob::push::{Change, Pushgateway as Client};

use crate::support::{
    Answer, FakeGateway, Pushgateway, Stage, appending, gauge, key, ok, pushjob, run_to, within,
    write_pipe,
};

#[test]
fn what_the_job_leaves_goes_to_the_same_group_after_ours() {
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--label", "env=prod"])
        .script(appending(
            "# HELP rows Rows.\\n# TYPE rows gauge\\nrows{table=\"a\"} 42\\n# PUSHJOB ADD files 2\\n",
        ))
        .run()
        .exits(0)
        .says("");
    let group = gateway.group("j");
    assert!(group.metrics.contains(&"batch_job_success".to_owned()));
    let samples = gateway.samples();
    let labels = "env=\"prod\",instance=\"\",job=\"j\"";
    assert_eq!(samples[&format!("rows{{{labels},table=\"a\"}}")], "42");
    assert_eq!(samples[&format!("files{{{labels}}}")], "2");
    assert!(
        gateway
            .get("/metrics")
            .contains("# HELP rows Rows.\n# TYPE rows gauge\n")
    );
}

#[test]
fn they_are_pushed_by_themselves_and_only_added() {
    for (method, code, methods) in [
        ("pushadd", 0, &["POST", "POST"][..]),
        ("push", 0, &["PUT", "POST"]),
        ("push", 3, &["POST", "POST"]),
        ("delete", 0, &["DELETE"]),
        ("none", 0, &[]),
    ] {
        let gateway = FakeGateway::answering([ok(), ok()]);
        let script = format!("{}exit {code}", appending("rows 1\\nbad\\n"));
        let finished = run_to(gateway.url())
            .args(["--method", method])
            .script(script)
            .run();
        finished.exits(code);
        let requests = gateway.requests();
        let sent: Vec<&str> = requests.iter().map(|request| &*request.method).collect();
        assert_eq!(sent, methods, "{method}");
        let both = requests.len() == 2;
        if both {
            assert!(requests[0].body.contains("\nbatch_job_exit_code "));
            assert!(!requests[0].body.contains("rows"));
            assert_eq!(requests[1].body, "# TYPE rows untyped\nrows 1\n");
            assert_eq!(requests[1].path, "/metrics/job/j");
        }
        // What is not pushed is not judged.
        assert_eq!(finished.stderr.contains("line 2"), both, "{finished}");
    }
}

#[test]
fn an_empty_file_costs_no_request() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    run_to(gateway.url())
        .script(appending("# only a comment\\n"))
        .run()
        .exits(0)
        .says("");
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn bad_lines_are_told_of_and_left_out() {
    let gateway = Pushgateway::start();
    let lines = "rows 1\\nrows{table=users} 2\\nbatch_job_success 0\\nfiles 3\\na{job=\"x\"} 1\\na 1 17\\nb";
    let run = |strict: &[&str]| {
        run_to(gateway.address())
            .args(strict)
            .script(appending(lines))
            .run()
    };
    for (strict, code) in [(&[][..], 0), (&["--strict"], 123)] {
        run(strict).exits(code).says(
            "pushjob: j: PUSHJOB_METRICS_FILE line 2, column 12: the value of label `table` does not begin \
             with `\"`; left out\n\
             pushjob: j: PUSHJOB_METRICS_FILE line 3, column 1: metric batch_job_success begins with \
             `batch_job_`, as the metrics of the run itself do; left out\n\
             pushjob: j: PUSHJOB_METRICS_FILE line 5, column 1: series a{job=\"x\"} has the label `job`, which \
             the grouping key sets; left out\n\
             pushjob: j: PUSHJOB_METRICS_FILE line 6, column 4: a timestamp, which a Pushgateway refuses; left \
             out\n\
             pushjob: j: PUSHJOB_METRICS_FILE line 7, column 1: the last line has no newline at its end: it is \
             incomplete; left out\n",
        );
        assert_eq!(gateway.reported("j", "success"), "1");
        let samples = gateway.samples();
        assert_eq!(samples["rows{instance=\"\",job=\"j\"}"], "1");
        assert_eq!(samples["files{instance=\"\",job=\"j\"}"], "3");
        assert!(!samples.contains_key("a{instance=\"\",job=\"j\"}"));
    }
}

#[test]
fn of_many_bad_lines_the_first_are_told_of() {
    for (count, last) in [
        (10, None),
        (11, Some("PUSHJOB_METRICS_FILE: 1 more line was left out")),
        (
            5000,
            Some("PUSHJOB_METRICS_FILE: 4990 more lines were left out"),
        ),
    ] {
        let gateway = Pushgateway::start();
        let finished = run_to(gateway.address())
            .script(format!(
                "yes bad | head -n {count} >> $PUSHJOB_METRICS_FILE"
            ))
            .run();
        finished.exits(0);
        let lines: Vec<&str> = finished.stderr.lines().collect();
        assert_eq!(lines.len(), 10 + usize::from(last.is_some()), "{finished}");
        assert!(lines[9].starts_with("pushjob: j: PUSHJOB_METRICS_FILE line 10, column 4: "));
        assert_eq!(
            lines.get(10).map(|line| &line["pushjob: j: ".len()..]),
            last
        );
    }
}

/// Pushes a gauge to a group of its own.
fn other_group_has(gateway: &Pushgateway, name: &'static str) {
    let families = gauge(name);
    let key = pushjob::grouping::GroupingKey::new("other").unwrap();
    let client = Client::new(gateway.address()).unwrap();
    client.deliver(&key, Change::Push(&families)).unwrap();
}

#[test]
fn what_the_gateway_refuses_of_the_job_leaves_ours_alone() {
    let gateway = Pushgateway::start();
    other_group_has(&gateway, "rows");
    let url = format!("{}/metrics/job/j", gateway.url());
    for (strict, code) in [(&[][..], 0), (&["--strict"], 123)] {
        run_to(gateway.address())
            .args(strict)
            .script(appending("# TYPE rows counter\\nrows 1\\n"))
            .run()
            .exits(code)
            .says_one_line_with(&format!(
                "pushjob: j: cannot push the metrics of the job: {url} answered 400: another group has rows \
                 with another type: "
            ));
        assert_eq!(gateway.reported("j", "success"), "1");
    }
    // The other way about.
    other_group_has(&gateway, "batch_job_success");
    let change =
        pushjob::exposition::parse(b"# TYPE batch_job_exit_code counter\nbatch_job_exit_code 1\n");
    let client = Client::new(gateway.address()).unwrap();
    let other = pushjob::grouping::GroupingKey::new("other").unwrap();
    client.deliver(&key(), Change::Delete).unwrap();
    gateway.waits_for_groups(1);
    client
        .deliver(&other, Change::Push(&change.unwrap()))
        .unwrap();
    run_to(gateway.address())
        .script(appending("rows 7\\n"))
        .run()
        .exits(0)
        .says_one_line_with("pushjob: j: cannot push: ");
    assert_eq!(gateway.samples()["rows{instance=\"\",job=\"j\"}"], "7");
}

#[test]
fn a_gateway_that_is_down_is_named_once_for_both() {
    run_to("127.0.0.1:1")
        .args(["--push-retries", "0"])
        .script(appending("rows 7\\n"))
        .run()
        .exits(0)
        .says_one_line_with("pushjob: j: cannot push: ");
}

#[test]
fn each_of_several_gateways_gets_them() {
    let [one, two] = [Pushgateway::start(), Pushgateway::start()];
    run_to(one.address())
        .args(["--gateway", two.address(), "-v"])
        .script(appending("rows 7\\nbad\\n"))
        .run()
        .exits(0);
    for gateway in [one, two] {
        assert_eq!(gateway.samples()["rows{instance=\"\",job=\"j\"}"], "7");
        assert_eq!(gateway.reported("j", "success"), "1");
    }
}

#[test]
fn both_have_the_time_of_one_delivery() {
    // More than a second until the answer to ours is complete, and then none.
    let slow = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let slow = Answer::Drip(slow, Duration::from_millis(20));
    let gateway = FakeGateway::answering([slow, Answer::Silence]);
    let finished = run_to(gateway.url())
        .args(["--push-timeout", "2s"])
        .script(appending("rows 7\\n"))
        .run();
    finished
        .exits(0)
        .took_at_most(Duration::from_secs(3))
        .says_one_line_with("/metrics/job/j: no answer within the 0.");
    finished.starts_by_saying("pushjob: j: cannot push the metrics of the job: http://");
}

#[test]
fn who_gives_up_waiting_for_them_is_told_that_it_is_them() {
    let stage = Stage::new();
    let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
    let gateway = FakeGateway::answering([ok(), silence]);
    let mut running = run_to(gateway.url()).script(appending("rows 7\\n")).start();
    stage.wait_until_ready();
    running.signal("INT");
    assert!(
        running
            .next_message()
            .contains("one more TERM, INT or QUIT gives it up")
    );
    running.signal("INT");
    running.wait().exits(0).says(&format!(
        "pushjob: j: cannot deliver the result to {}/metrics/job/j (the metrics of the job): given up, as INT \
         was the second signal to ask for an end\n",
        gateway.url()
    ));
}

#[test]
fn a_gateway_in_memory_shows_them() {
    let run = |args: &[&str]| {
        let finished = pushjob(["run", "--job", "j", "--dry-run"])
            .args(args)
            .script(appending("# TYPE rows gauge\\nrows 42\\nbad\\n"))
            .run();
        finished.exits(0);
        finished.stderr.clone()
    };
    let sample = "\n# TYPE rows gauge\nrows{instance=\"\",job=\"j\"} 42\n";
    let left_out = "pushjob: j: PUSHJOB_METRICS_FILE line 3, column 4: expected a value after bad; left out\n\
                    pushjob: j: dry run, nothing was sent; Prometheus would scrape:\n# HELP batch_job_";
    for (args, shown) in [
        (&[][..], true),
        (&["--method", "push"], true),
        (&["--method", "none"], false),
        (&["--method", "delete"], false),
    ] {
        let said = run(args);
        assert_eq!(said.contains(sample), shown, "{args:?}: {said}");
        assert_eq!(said.starts_with(left_out), shown, "{args:?}: {said}");
    }
    pushjob(["run", "--job", "j", "--dry-run", "--strict"])
        .script(appending("bad\\n"))
        .run()
        .exits(123);
}

#[test]
fn heartbeats_bring_them_too_and_leave_the_judgement_to_the_end() {
    for (method, last) in [("pushadd", "rows 2\n"), ("none", "")] {
        let stage = Stage::new();
        let gateway = FakeGateway::answering((0..10_000).map(|_| ok()));
        let script = format!(
            "{}cat {} >/dev/null\n{}",
            appending("# HELP rows Rows.\\nrows 1\\nbad\\nhalf"),
            stage.ready().display(),
            appending(" 5\\nrows 2\\n"),
        );
        let running = run_to(gateway.url())
            .args([
                "--heartbeat",
                "100ms",
                "--start-after",
                "never",
                "--method",
                method,
            ])
            .script(script)
            .start();
        let body = "# HELP rows Rows.\n# TYPE rows untyped\nrows 1\n";
        let pushed = || {
            gateway
                .requests()
                .iter()
                .any(|request| request.body == body)
        };
        within(Duration::from_secs(60), "no heartbeat brings them", pushed);
        write_pipe(&stage.ready(), "");
        let finished = running.wait();
        finished.exits(0);
        let said = "pushjob: j: PUSHJOB_METRICS_FILE line 3, column 4: expected a value after bad; left out\n";
        finished.says(if last.is_empty() { "" } else { said });
        let requests = gateway.requests();
        assert!(requests[0].body.contains("heartbeat_timestamp_seconds"));
        assert!(requests.last().unwrap().body.contains(last));
        // Never together with ours.
        let ours = |body: &str| body.contains("batch_job_");
        assert!(
            requests
                .iter()
                .all(|request| ours(&request.body) != request.body.contains("rows"))
        );
    }
}

#[test]
fn victoriametrics_gets_them_by_post() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let url = format!("{}/api/v1/import/prometheus", gateway.url());
    run_to(url)
        .script(appending("rows 7\\n"))
        .run()
        .exits(0)
        .says("");
    let requests = gateway.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].method, "POST");
    assert_eq!(requests[1].path, "/api/v1/import/prometheus/metrics/job/j");
    assert_eq!(requests[1].body, "# TYPE rows untyped\nrows 7\n");
}
