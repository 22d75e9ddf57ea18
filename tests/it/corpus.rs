//! The inputs in `fixtures/exposition`: what a gateway takes of them, and what is said about them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use pushjob::exposition::{
    Check, CheckReport, Format, Inspector, NameValidation, Problem, Severity, Text, encode, parse,
};

use crate::support::Pushgateway;

/// An input: its folder and name, and its bytes.
struct Input {
    folder: String,
    name: String,
    bytes: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/exposition")
}

/// All inputs, sorted by folder and name.
fn inputs() -> Vec<Input> {
    let mut inputs = Vec::new();
    for folder in ["accepted", "breaking", "refused"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            inputs.push(Input {
                folder: folder.to_owned(),
                name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                bytes: fs::read(path).unwrap(),
            });
        }
    }
    inputs.sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
    assert!(inputs.len() >= 900, "{}", inputs.len());
    inputs
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Inspector for Problems {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.0.push(problem);
        ControlFlow::Continue(())
    }
}

fn check(check: &Check, text: &dyn Text) -> (CheckReport, Vec<Problem>) {
    let mut problems = Problems::default();
    let checked = check.run(text, &mut problems).unwrap();
    let errors = problems.0.iter().map(Problem::severity);
    let errors = errors.filter(|severity| *severity == Severity::Error);
    assert_eq!(errors.count() as u64, checked.errors);
    (checked, problems.0)
}

/// Whether nobody else can push or read the page of a gateway any more when this has been pushed twice.
fn breaks(bytes: &[u8]) -> bool {
    let gateway = Pushgateway::start();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    for _ in 0..2 {
        let url = format!("{}/metrics/job/raw", gateway.url());
        assert_eq!(agent.put(&url).send(bytes).unwrap().status(), 200);
    }
    let other = format!("{}/metrics/job/other", gateway.url());
    let other = agent.put(other).send(&b"other 1\n"[..]).unwrap().status();
    let page = agent.get(format!("{}/metrics", gateway.url()));
    let page = page.call().unwrap();
    let status = page.status();
    let page = page.into_body().read_to_vec().unwrap();
    other != 200 || status != 200 || !page.ends_with(b"\n") || std::str::from_utf8(&page).is_err()
}

#[test]
fn what_a_gateway_takes_is_taken_and_nothing_else() {
    let gateway = Pushgateway::start();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let url = format!("{}/metrics/job/raw", gateway.url());
    for input in inputs() {
        let Input {
            folder,
            name,
            bytes,
        } = &input;
        let taken = match agent
            .put(&url)
            .send(bytes.as_slice())
            .unwrap()
            .status()
            .as_u16()
        {
            200 => true,
            400 => false,
            other => panic!("{folder}/{name}: {other}"),
        };
        assert_eq!(taken, folder != "refused", "the gateway: {folder}/{name}");
        let (checked, _) = check(&Check::new(), &bytes.as_slice());
        let good = checked.errors == 0;
        assert_eq!(good, folder == "accepted", "pushjob: {folder}/{name}");
        if folder == "breaking" {
            assert!(breaks(bytes), "{name} breaks nothing");
        }
    }
}

/// What is said about each input, and how it looks when it is written anew.
fn report(input: &Input) -> String {
    let mut report = format!("== {}/{}\n", input.folder, input.name);
    let (_, problems) = check(&Check::new(), &input.bytes.as_slice());
    for problem in &problems {
        let error = problem.error();
        let (line, column) = (error.line(), error.column());
        writeln!(
            report,
            "{line}:{column}: {}: {}",
            problem.severity(),
            error.reason()
        )
        .unwrap();
    }
    if let Ok(families) = parse(&input.bytes) {
        report.push_str(&encode(&families));
    }
    report
}

#[test]
fn every_message_and_every_canonical_form_is_as_it_was() {
    let reports: String = inputs().iter().map(report).collect();
    let golden = fs::read_to_string(root().join("messages.txt")).unwrap_or_default();
    if reports != golden {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages.txt");
        fs::write(&new, &reports).unwrap();
        let pairs = reports.lines().zip(golden.lines());
        let differing = pairs.filter(|(new, old)| new != old).take(5);
        let differing: Vec<_> = differing.collect();
        panic!(
            "fixtures/exposition/messages.txt is now {}: {differing:#?}",
            new.display()
        );
    }
}

#[test]
fn the_reader_stops_at_the_first_error() {
    for input in inputs() {
        let (_, problems) = check(&Check::new(), &input.bytes.as_slice());
        let errors = problems
            .iter()
            .filter(|problem| problem.severity() == Severity::Error)
            .map(Problem::error);
        // What only a gateway takes for the same is not for a reader.
        let first = errors
            .clone()
            .find(|error| !error.reason().contains("once `job` is that of the group"));
        // What a gateway drops is as good as the rest to a reader.
        let is_dropped =
            input.name.contains("push_time_seconds") || input.name.contains("push_failure_time");
        let name = &input.name;
        let error = parse(&input.bytes).err();
        assert!(error.as_ref() == first || is_dropped, "{name}: {error:?}");
    }
}

/// A text that is handed out in small pieces.
struct Drip<'a>(&'a [u8], usize);

impl Text for Drip<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read_at(&mut buffer[..most], offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}

#[test]
fn pieces_say_the_same_as_the_whole() {
    for input in inputs() {
        for check_as in [
            Check::new().lint(),
            Check::new().normalize().strip_timestamps(),
            Check::new().format(Format::OpenMetrics).strip_timestamps(),
        ] {
            let whole = check(&check_as, &input.bytes.as_slice());
            for size in [1, 7] {
                let drip = Drip(&input.bytes, size);
                assert_eq!(check(&check_as, &drip), whole, "{} by {size}", input.name);
            }
        }
    }
}

#[test]
fn what_is_written_anew_is_good_and_stays_as_it_is() {
    let gateway = Pushgateway::start();
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}/metrics/job/raw", gateway.url());
    let mut pushed = BTreeMap::new();
    for input in inputs() {
        let Ok(families) = parse(&input.bytes) else {
            continue;
        };
        let canonical = encode(&families);
        let again = parse(canonical.as_bytes());
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", input.name));
        assert_eq!(encode(&again), canonical, "{}", input.name);
        let (checked, _) = check(&Check::new(), &canonical.as_bytes());
        if checked.errors == 0 {
            pushed.insert(canonical, input.name);
        }
    }
    assert!(pushed.len() > 200, "{}", pushed.len());
    for (canonical, name) in pushed {
        let answer = agent.put(&url).send(canonical.as_bytes());
        answer.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn what_is_mended_or_converted_is_what_a_gateway_takes() {
    let gateway = Pushgateway::start();
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}/metrics/job/raw", gateway.url());
    let mut counts = BTreeMap::new();
    for input in inputs() {
        let text = input.bytes.as_slice();
        for format in [Format::Text, Format::OpenMetrics] {
            let check_as = Check::new().format(format).normalize().strip_timestamps();
            let (checked, _) = check(&check_as, &text);
            if checked.errors > 0 {
                continue;
            }
            let mut output = Vec::new();
            check_as
                .output(&text, &checked)
                .read_to_end(&mut output)
                .unwrap();
            assert_eq!(output.len() as u64, checked.length, "{}", input.name);
            let answer = agent.put(&url).send(&output[..]);
            answer.unwrap_or_else(|error| panic!("{} as {format:?}: {error}", input.name));
            *counts.entry(format!("{format:?}")).or_insert(0) += 1;
        }
    }
    assert!(
        counts["Text"] > 420 && counts["OpenMetrics"] > 20,
        "{counts:?}"
    );
}

/// What is said of a text, as `line:column: what`.
fn said(check_as: &Check, text: &str) -> Vec<String> {
    let (_, problems) = check(check_as, &text.as_bytes());
    let errors = problems.iter().map(Problem::error);
    let said =
        errors.map(|error| format!("{}:{}: {}", error.line(), error.column(), error.reason()));
    said.collect()
}

#[test]
fn what_no_small_input_shows_is_said_too() {
    let text = Check::new();
    let open = || Check::new().format(Format::OpenMetrics);
    let sum = "has no sample h_sum: a gateway shows 0";
    let infinity = "has no bucket +Inf: a gateway shows one with the count";
    let same =
        "is the same as another, once `job` is that of the group and `instance` is not empty";
    for (check_as, input, expected) in [
        // Repetitions: each is said once, also in a family that comes back.
        (
            text.clone(),
            "a 1\na 1\nb 1\na 2\n",
            vec!["2:1: series a occurs twice", "4:1: series a occurs twice"],
        ),
        // Distributions whose samples do not stand together are whole all the same.
        (
            text.clone(),
            "# TYPE h histogram\nh_bucket{l=\"1\",le=\"+Inf\"} 1\nh_bucket{l=\"2\",le=\"+Inf\"} 1\n\
             h_sum{l=\"1\"} 1\nh_sum{l=\"2\"} 1\nh_count{l=\"1\"} 1\nh_count{l=\"2\"} 1\n",
            vec![],
        ),
        (
            text.clone(),
            "# TYPE h histogram\nh_bucket{l=\"1\",le=\"+Inf\"} 1\nh_count{l=\"1\"} 1\n\
             h_bucket{l=\"2\",le=\"1\"} 1\nh_sum{l=\"2\"} 1\nh_count{l=\"2\"} 1\n",
            vec![
                &*format!("2:1: h{{l=\"1\"}} {sum}"),
                &*format!("4:1: h{{l=\"2\"}} {infinity}"),
            ],
        ),
        // Which distributions a group makes the same does not depend on where they stand.
        (
            text.clone(),
            "# TYPE a histogram\n# TYPE b histogram\na_bucket{job=\"x\",le=\"+Inf\"} 1\nb_bucket{le=\"+Inf\"} 1\n\
             a_sum{job=\"x\"} 1\na_count{job=\"x\"} 1\nb_sum 1\nb_count 1\n",
            vec!["3:1: label `job` is overwritten by that of the group"],
        ),
        (
            text.clone(),
            "# TYPE a summary\na_sum{instance=\"\"} 1\na_count{instance=\"\"} 1\nb 1\na_count 1\n",
            vec![&*format!("5:1: series a_count {same}")],
        ),
        // The last bound of a line counts.
        (
            text.clone(),
            "# TYPE h histogram\nh_bucket{le=\"2\",le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
            vec![],
        ),
        (text.clone().lint(), "# TYPE a_ms gauge\n", vec![]),
        // A byte order mark is one at the beginning only.
        (
            text.clone().normalize(),
            "x 1\n\u{feff}y 1\n",
            vec!["2:1: expected a metric name"],
        ),
        (open(), "a 1\n# EOF\r\n", vec![]),
        (open(), "# TYPE foo gauge\nfoobar 1\n# EOF\n", vec![]),
        (open(), " # TYPE a gauge\na 1\n# EOF\n", vec![]),
        (
            open(),
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\nh 1\n# EOF\n",
            vec![
                "5:1: h is no sample of h in OpenMetrics, which has h_bucket, h_sum, h_count, h_created",
            ],
        ),
        (
            open(),
            "# HELP a x\n# HELP a x\na 1\n# EOF\n",
            vec!["2:8: second HELP line for a"],
        ),
        (
            open(),
            "a 1\r\nb 1\r\n# EOF\r\n",
            vec!["1:4: the line ends with a carriage return: lines end with a bare newline"],
        ),
    ] {
        assert_eq!(said(&check_as, input), expected, "{input}");
    }
}

#[test]
fn openmetrics_becomes_text_line_by_line() {
    let quoted = NameValidation::Utf8;
    for (input, expected) in [
        (
            "# TYPE x_total counter\nx_total 1\n# EOF\n",
            "# TYPE x_total counter\nx_total 1\n",
        ),
        (
            "# TYPE s summary\n# HELP s A \\\"b\\\" \\\\\\\\\"c.\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\ns_created 5\n# EOF",
            "# HELP s A \"b\" \\\\\\\\\"c.\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n\
             # HELP s_created A \"b\" \\\\\\\\\"c.\n# TYPE s_created gauge\ns_created 5\n",
        ),
        (
            "# TYPE \"a.b\" counter\n{\"a.b_total\"} 1 5 # {x=\"}\"} 1\n# EOF\n",
            "# TYPE \"a.b_total\" counter\n{\"a.b_total\"} 1\n",
        ),
    ] {
        let check_as = Check::new().format(Format::OpenMetrics).names(quoted);
        let check_as = check_as.strip_timestamps();
        let text = input.as_bytes();
        let (checked, problems) = check(&check_as, &text);
        assert_eq!(problems, [], "{input}");
        let mut output = String::new();
        check_as
            .output(&text, &checked)
            .read_to_string(&mut output)
            .unwrap();
        assert_eq!(output, expected);
        let has = u64::from(input.contains("# {"));
        assert_eq!(
            (
                checked.normalizations.timestamps,
                checked.normalizations.exemplars
            ),
            (has, has)
        );
    }
}

#[test]
fn a_line_of_many_labels_takes_no_more_than_its_time() {
    let labels = (0..20_000).fold(String::new(), |labels, label| {
        labels + &format!("l{label}=\"\",")
    });
    let begin = std::time::Instant::now();
    let text = format!("a{{{labels}}} 1\nb{{{labels}l7=\"\"}} 1\n");
    assert_eq!(said(&Check::new(), &text).len(), 1);
    assert!(
        begin.elapsed() < std::time::Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_read_without_room_takes_nothing_out_of_the_text() {
    // As it is, and mended.
    for text in ["a 1\nb 2\nc 3\n", "a 1\nb 2\r\nc 3\n"] {
        let check_as = Check::new().normalize();
        let (checked, _) = check(&check_as, &text.as_bytes());
        let source = text.as_bytes();
        let mut output = check_as.output(&source, &checked);
        let mut read = Vec::new();
        loop {
            assert_eq!(output.read(&mut []).unwrap(), 0);
            // The newline at its end is kept back, so that it would be lost now.
            let mut buffer = [0; 4];
            let amount = output.read(&mut buffer).unwrap();
            if amount == 0 {
                break;
            }
            read.extend_from_slice(&buffer[..amount]);
        }
        assert_eq!(String::from_utf8(read).unwrap(), "a 1\nb 2\nc 3\n");
    }
}
