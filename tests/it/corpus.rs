//! The inputs in `fixtures/exposition`: what a gateway takes of them, and what is said about them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use pushjob::exposition::{
    Check, Checked, Format, Inspector, Problem, Severity, Text, encode, parse,
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

fn check(check: &Check, text: &dyn Text) -> (Checked, Vec<Problem>) {
    let mut problems = Problems::default();
    let checked = check.run(text, &mut problems).unwrap();
    let errors = problems.0.iter().map(Problem::severity);
    let errors = errors.filter(|severity| *severity == Severity::Error);
    assert_eq!(errors.count() as u64, checked.errors);
    (checked, problems.0)
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
            let page = agent
                .get(format!("{}/metrics", gateway.url()))
                .call()
                .unwrap();
            let page = page.into_body().read_to_vec().unwrap();
            let is_whole = page.ends_with(b"\n") && std::str::from_utf8(&page).is_ok();
            assert!(!is_whole, "{name} breaks nothing");
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
        let name = &input.name;
        assert_eq!(parse(&input.bytes).err().as_ref(), first, "{name}");
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
            Check::new().mend().strip_timestamps(),
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
            let check_as = Check::new().format(format).mend().strip_timestamps();
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
