//! Text that is pushed as it stands: mended, converted, joined with samples, and as large as it may be.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use pushjob::exposition::{Check, CheckedSample, Inspector, Problem};
use pushjob::grouping::GroupingKey;
use pushjob::push::{Method, PushText, Request};

use crate::support::{Answer, FakeGateway, Pushgateway, Terminal, ok, pushjob};

/// A push of a file, or with `-` of stdin, to the group of the job `j`.
fn push(gateway: &str, file: impl AsRef<Path>) -> crate::support::Pushjob {
    pushjob(["push", "--job", "j", "--gateway", gateway]).arg(file.as_ref())
}

/// The value of a series, as the gateway spells it.
#[track_caller]
fn value(gateway: &Pushgateway, series: &str) -> String {
    gateway.samples()[series].clone()
}

#[test]
fn line_ends_and_a_byte_order_mark_are_mended_with_a_note() {
    let gateway = Pushgateway::start();
    let text = "\u{feff}# HELP rows Rows.\r\n# TYPE rows gauge\r\nrows 42";
    push(gateway.address(), "-").input(text).run().exits(0).says(
        "pushjob: stdin: a byte order mark removed, 2 carriage returns removed, a newline added at its end\n",
    );
    assert_eq!(value(&gateway, "rows{instance=\"\",job=\"j\"}"), "42");
    assert!(gateway.get("/metrics").contains("# HELP rows Rows.\n"));
    push(gateway.address(), "-")
        .input("rows 1\r\n")
        .run()
        .exits(0)
        .says("pushjob: stdin: 1 carriage return removed\n");
    push(gateway.address(), "-")
        .arg("-q")
        .input("rows 1\r\n")
        .run()
        .exits(0)
        .says("");
}

#[test]
fn what_is_sent_is_the_text_as_it_stands() {
    let text = "# a comment\n\n  # TYPE rows   gauge\nrows{ b=\"2\" , a=\"1\", }\t0042.0\n";
    let fake = FakeGateway::answering([ok()]);
    push(&fake.url(), "-").input(text).run().exits(0).says("");
    assert_eq!(fake.requests()[0].body, text);
}

#[test]
fn openmetrics_is_converted() {
    let text = "\
# HELP requests Requests \\\"all\\\".
# TYPE requests counter
requests_total{code=\"200\"} 7.0 # {trace_id=\"abc\"} 1.0 1700000000.0
requests_created{code=\"200\"} 1.7e9
requests_total{code=\"500\"} 1.0
requests_created{code=\"500\"} 1.7e9
# TYPE build info
build_info{version=\"1\"} 1
# TYPE state stateset
state{state=\"on\"} 1
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le=\"1.0\"} 1
wait_seconds_bucket{le=\"+Inf\"} 2
wait_seconds_count 2
wait_seconds_sum 3.5
# TYPE depth gaugehistogram
depth_bucket{le=\"+Inf\"} 2
depth_gcount 2
depth_gsum 5
# TYPE other unknown
other 1
# EOF
";
    let expected = "\
# HELP requests_total Requests \"all\".
# TYPE requests_total counter
requests_total{code=\"200\"} 7.0
# HELP requests_created Requests \"all\".
# TYPE requests_created gauge
requests_created{code=\"200\"} 1.7e9
requests_total{code=\"500\"} 1.0
requests_created{code=\"500\"} 1.7e9
# TYPE build_info gauge
build_info{version=\"1\"} 1
# TYPE state gauge
state{state=\"on\"} 1
# TYPE wait_seconds histogram
wait_seconds_bucket{le=\"1.0\"} 1
wait_seconds_bucket{le=\"+Inf\"} 2
wait_seconds_count 2
wait_seconds_sum 3.5
# TYPE depth_bucket gauge
depth_bucket{le=\"+Inf\"} 2
# TYPE depth_gcount gauge
depth_gcount 2
# TYPE depth_gsum gauge
depth_gsum 5
# TYPE other untyped
other 1
";
    let fake = FakeGateway::answering([ok()]);
    push(&fake.url(), "-").arg("-v").input(text).run().exits(0).starts_by_saying(
        "pushjob: stdin: 1 exemplar left out\npushjob: stdin: converted from OpenMetrics\npushjob: delivered to",
    );
    assert_eq!(fake.requests()[0].body, expected);
    let gateway = Pushgateway::start();
    push(gateway.address(), "-").input(text).run().exits(0);
    assert_eq!(
        value(&gateway, "wait_seconds_count{instance=\"\",job=\"j\"}"),
        "2"
    );
}

#[test]
fn wrong_openmetrics_is_refused_with_its_place() {
    for (text, message) in [
        (
            "a 1\n# EOF\nb 1\n# EOF\n",
            "line 3, column 1: there is something after `# EOF`",
        ),
        (
            "# TYPE a counter\na 1\n# EOF\n",
            "line 2, column 1: a is no sample of a in OpenMetrics, which has a_total, a_created",
        ),
        (
            "# TYPE a untyped\na 1\n# EOF\n",
            "line 1, column 10: \"untyped\" is not a type of OpenMetrics: counter, gauge, histogram, gaugehistogram, \
             stateset, info, summary or unknown",
        ),
        (
            "# TYPE a gauge\na 1\n# HELP a Late.\n# EOF\n",
            "line 3, column 8: the metadata of a comes after its first sample",
        ),
        (
            "a 1\nb 1\na{l=\"1\"} 2\n# EOF\n",
            "line 3, column 1: metric family a comes in two blocks, which OpenMetrics does not allow",
        ),
        (
            "# TYPE a gauge\n# TYPE a gauge\n# EOF\n",
            "line 2, column 8: second TYPE line for a",
        ),
        (
            "a 1 1700000000\n# EOF\n",
            "line 1, column 4: a timestamp, which a Pushgateway refuses",
        ),
        (
            "a 1\na 2\n# EOF\n",
            "line 2, column 1: series a occurs twice",
        ),
    ] {
        // Nothing listens there: nothing is sent.
        push("127.0.0.1:1", "-")
            .input(text)
            .run()
            .exits(1)
            .says(&format!("pushjob: stdin: {message}\n"));
    }
}

#[test]
fn timestamps_are_refused_or_removed() {
    let text = "a 1 1700000000000\nb{l=\"1\"} 2 -5\nc 3\n";
    push("127.0.0.1:1", "-").input(text).run().exits(1).says(
        "pushjob: stdin: line 1, column 4: a timestamp, which a Pushgateway refuses\n\
         pushjob: stdin: line 2, column 11: a timestamp, which a Pushgateway refuses\n",
    );
    let fake = FakeGateway::answering([ok(), ok()]);
    push(&fake.url(), "-")
        .arg("--strip-timestamps")
        .input(text)
        .run()
        .exits(0)
        .says("");
    let open = "a 1 1700000000.5\n# EOF\n";
    let open = push(&fake.url(), "-")
        .args(["--strip-timestamps", "-v"])
        .input(open);
    open.run()
        .exits(0)
        .starts_by_saying("pushjob: stdin: 1 timestamp removed\n");
    let bodies: Vec<String> = fake
        .requests()
        .into_iter()
        .map(|request| request.body)
        .collect();
    assert_eq!(
        bodies,
        ["a 1\nb{l=\"1\"} 2\nc 3\n", "# TYPE a untyped\na 1\n"]
    );
}

#[test]
fn what_a_group_overwrites_or_breaks_is_refused_with_its_place() {
    let text =
        "a 1\nx{job=\"other\"} 1\ny{zone=\"b\"} 1\nz{instance=\"\"} 1\npush_time_seconds 1\n";
    push("127.0.0.1:1", "-").args(["--label", "zone=a"]).input(text).run().exits(1).says(
        "\
pushjob: stdin: line 2, column 1: series x{job=\"other\"} has the label `job`, which the grouping key sets
pushjob: stdin: line 3, column 1: series y{zone=\"b\"} has the label `zone`, which the grouping key sets
pushjob: stdin: line 4, column 1: series z{instance=\"\"} has an empty label `instance`, which a gateway adds by itself
pushjob: stdin: line 5, column 1: metric push_time_seconds is set by the gateway itself
",
    );
}

#[test]
fn warnings_do_not_keep_text_from_being_pushed() {
    let gateway = Pushgateway::start();
    push(gateway.address(), "-").input("# TYPE h histogram\nh_count 2\nh_sum 1\n").run().exits(0).says(
        "pushjob: stdin: line 2, column 1: h has no bucket +Inf: a gateway shows one with the count\n",
    );
    assert_eq!(value(&gateway, "h_count{instance=\"\",job=\"j\"}"), "2");
}

#[test]
fn samples_of_the_command_line_join_the_text() {
    let text = "# HELP a Help.\n# TYPE a gauge\na{l=\"1\"} 1\n# only mentioned:\n# HELP c Given twice.\nb 1";
    let given = ["--gauge", "a{l=\"2\"}=2", "--gauge", "c=3"];
    let fake = FakeGateway::answering([ok()]);
    push(&fake.url(), "-")
        .args(given)
        .args(["--help-text", "a=Other.", "-q"])
        .input(text)
        .run()
        .exits(1)
        .says("pushjob: stdin: --help-text: a has a HELP line already\n");
    push(&fake.url(), "-")
        .args(given)
        .input(text)
        .run()
        .exits(0);
    let body = &fake.requests()[0].body;
    assert_eq!(
        *body,
        format!("{text}\na{{l=\"2\"}} 2\n# TYPE c gauge\nc 3\n")
    );
    for (given, message) in [
        (
            "a{l=\"1\"}=5",
            "stdin with --gauge and --counter: line 7, column 1: series a{l=\"1\"} occurs twice",
        ),
        ("b=5", "stdin: b is of type untyped, not gauge"),
    ] {
        push("127.0.0.1:1", "-")
            .args(["--gauge", given])
            .input(text)
            .run()
            .exits(1)
            .says(&format!(
                "pushjob: stdin: a newline added at its end\npushjob: {message}\n"
            ));
    }
    push("127.0.0.1:1", "-").args(["--gauge", "c=3"]).input("a 1\n# EOF\n").run().exits(1).says(
        "pushjob: stdin: OpenMetrics ends with `# EOF`, behind which --gauge and --counter cannot be\n",
    );
}

/// A file of this many samples, in families of 1000.
fn large(folder: &Path, samples: u32) -> std::path::PathBuf {
    let path = folder.join("large.prom");
    let mut file = std::io::BufWriter::new(File::create(&path).unwrap());
    for sample in 0..samples {
        if sample % 1000 == 0 {
            writeln!(file, "# TYPE rows_{} gauge", sample / 1000).unwrap();
        }
        let family = sample / 1000;
        writeln!(
            file,
            "rows_{family}{{table=\"table_{sample}\",shard=\"{}\"}} {sample}.5",
            sample % 7
        )
        .unwrap();
    }
    path
}

#[test]
fn a_large_text_is_not_held_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = large(folder.path(), 300_000);
    let size = fs::metadata(&file).unwrap().len();
    assert!(size > 13 << 20, "{size}");
    let gateway = Pushgateway::start();
    // What may be on the heap is far less than the file.
    let limited = format!(
        "ulimit -d 12288; exec {} \"$@\"",
        env!("CARGO_BIN_EXE_pushjob")
    );
    for compression in ["none", "gzip"] {
        let finished = crate::support::pushjob_by(["sh", "-c", &limited], ["push", "--job", "j"])
            .args([
                "--push-timeout",
                "60s",
                "--compression",
                compression,
                "--gateway",
            ])
            .arg(gateway.address())
            .arg(&file)
            .run();
        finished.exits(0).says("");
        let last = "rows_299{instance=\"\",job=\"j\",shard=\"0\",table=\"table_299999\"}";
        assert_eq!(value(&gateway, last), "299999.5");
    }
}

#[test]
fn a_large_text_from_a_pipe_is_kept_in_a_file_or_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(large(folder.path(), 150_000)).unwrap();
    let gateway = Pushgateway::start();
    for tmp in [folder.path().to_str().unwrap(), "/nowhere"] {
        push(gateway.address(), "-")
            .env("TMPDIR", tmp)
            .input(text.clone())
            .run()
            .exits(0)
            .says("");
        assert_eq!(gateway.group("j").metrics.len(), 150);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_large_text_is_checked_whole_before_a_byte_is_sent_and_sent_anew_with_each_try() {
    let folder = tempfile::tempdir().unwrap();
    let file = large(folder.path(), 40_000);
    let good = fs::read_to_string(&file).unwrap();
    assert!(good.len() > 1 << 20);
    let fake = FakeGateway::answering([Answer::Respond("503 Service Unavailable", "", ""), ok()]);
    push(&fake.url(), &file).run().exits(0).says("");
    for request in fake.requests() {
        assert_eq!(request.headers["content-length"], good.len().to_string());
        assert!(request.body == good, "{}", request.body.len());
    }
    assert_eq!(fake.requests().len(), 2);
    fs::write(&file, good + "last one\n").unwrap();
    push("127.0.0.1:1", &file).run().exits(1).says(&format!(
        "pushjob: {}: line 40041, column 6: \"one\" is not a number\n",
        file.display()
    ));
}

struct Nothing;

impl Inspector for Nothing {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        panic!("{}", problem.error());
    }
}

/// Wants no sample of `rows`.
#[derive(Default)]
struct Picky(Vec<String>);

impl Inspector for Picky {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.0.push(problem.error().to_string());
        ControlFlow::Continue(())
    }

    fn sample(&mut self, sample: &CheckedSample<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        match sample.metric() {
            "rows" => Err(format!("nobody wants {}", sample.series()).into()),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_text_that_the_caller_objects_to_is_not_to_be_pushed() {
    let key = GroupingKey::new("j").unwrap();
    let text = b"files 1\nrows{table=\"users\"} 2\n".as_slice();
    let mut picky = Picky::default();
    let checked = PushText::check(&key, &text, Check::new(), &mut picky).unwrap();
    assert!(checked.is_none(), "{checked:?}");
    assert_eq!(
        picky.0,
        ["line 2, column 1: nobody wants rows{table=\"users\"}"]
    );
    let text = b"files 1\n".as_slice();
    let checked = PushText::check(&key, &text, Check::new(), &mut Picky::default()).unwrap();
    assert!(checked.is_some());
}

#[test]
fn a_text_that_changes_after_it_was_checked_is_not_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path(), 60_000);
    let length = fs::metadata(&path).unwrap().len();
    let text = File::open(&path).unwrap();
    let key = GroupingKey::new("j").unwrap();
    let checked = PushText::check(&key, &text, Check::new(), &mut Nothing)
        .unwrap()
        .unwrap();
    let request = Request::of_text(&key, Method::Put, &checked).unwrap();
    assert_eq!(request.body(), None);
    assert!(request.content_type().is_some());
    let gateway = Pushgateway::start();
    let client = pushjob::push::Pushgateway::new(gateway.address()).unwrap();
    // A text that ends with a line is one that a gateway would take.
    let content = fs::read(&path).unwrap();
    let half = content.len() / 2;
    let line_end = half
        + content[half..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap()
        + 1;
    for change in [length / 2, line_end as u64, length + 10] {
        fs::write(&path, &content).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(change).unwrap();
        let error = client.send(&request).unwrap_err().to_string();
        assert!(
            error.contains("the text was changed while it was being sent"),
            "{error}"
        );
    }
    assert!(gateway.groups().is_empty());
}

#[test]
fn how_far_it_is_stands_on_the_terminal_after_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = large(folder.path(), 40_000);
    let fake = FakeGateway::answering([Answer::Silence]);
    let mut command = String::new();
    write!(
        command,
        "exec {} push --job j --push-timeout 2s --push-retries 0 --gateway {} {}",
        env!("CARGO_BIN_EXE_pushjob"),
        fake.url(),
        file.display()
    )
    .unwrap();
    let mut terminal = Terminal::running(&command);
    terminal.shows("pushjob: sent, waiting for the answer");
    let (code, shown) = terminal.ends();
    assert_eq!(code, Some(1));
    // It is gone when there is something else to say.
    assert!(
        shown.contains("\r\x1b[Kpushjob: cannot push: "),
        "{shown:?}"
    );
}
