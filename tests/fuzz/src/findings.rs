use std::collections::BTreeSet;
use std::error::Error;
use std::ops::ControlFlow;

use pushjob::exposition::{
    Check, CheckReport, CheckedSample, Inspector, MetricType, Problem, Severity, Text, lines_of,
};

/// A sample that a check found nothing wrong with.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The name of its family.
    pub metric: String,
    /// The type of its family.
    pub metric_type: MetricType,
    /// Its labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Its value, by bits: NaN is the same as NaN here.
    pub value: u64,
    /// Name and labels, as they are shown.
    pub series: String,
}

/// All that a check says about a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// What it returns.
    pub checked: CheckReport,
    /// What it tells its inspector of, in this order.
    pub problems: Vec<Problem>,
    /// What it shows its inspector, in this order.
    pub samples: Vec<Seen>,
}

impl Findings {
    /// The errors among the problems.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        let is_error = |problem: &&Problem| problem.severity() == Severity::Error;
        self.problems.iter().filter(is_error)
    }

    /// What is said, without the places.
    #[must_use]
    pub fn words(&self) -> Vec<(Severity, String)> {
        let word = |problem: &Problem| (problem.severity(), problem.error().reason());
        self.problems.iter().map(word).collect()
    }
}

/// Keeps what a check says.
#[derive(Default)]
struct Keeper {
    problems: Vec<Problem>,
    samples: Vec<Seen>,
}

impl Inspector for Keeper {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.problems.push(problem);
        ControlFlow::Continue(())
    }

    fn sample(&mut self, sample: &CheckedSample<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let labels = sample.labels();
        let labels = labels.map(|(name, value)| (name.into_owned(), value.into_owned()));
        let mut labels: Vec<_> = labels.collect();
        labels.sort();
        self.samples.push(Seen {
            metric: sample.metric().to_owned(),
            metric_type: sample.metric_type(),
            labels,
            value: sample.value().to_bits(),
            series: sample.series(),
        });
        Ok(())
    }
}

/// Runs a check, and looks at what is true of whatever it says: the errors are counted, and each problem has a place in the
/// text. `whole` are the bytes that `text` hands out.
#[must_use]
pub fn check(check: &Check, text: &dyn Text, whole: &[u8]) -> Findings {
    let mut keeper = Keeper::default();
    let checked = match check.run(text, &mut keeper) {
        Ok(checked) => checked,
        Err(error) => panic!("what is in memory cannot be read: {error}"),
    };
    let Keeper { problems, samples } = keeper;
    let findings = Findings {
        checked,
        problems,
        samples,
    };
    assert_eq!(findings.errors().count() as u64, findings.checked.errors);
    let samples = findings.checked.samples;
    assert_eq!(findings.samples.len() as u64, samples);
    let families = findings.checked.families.iter();
    assert_eq!(families.map(|family| family.samples).sum::<u64>(), samples);
    look_at_places(&findings.problems, text, whole);
    findings
}

/// A problem is shown with its line and a mark below it, so both must be there.
fn look_at_places(problems: &[Problem], text: &dyn Text, whole: &[u8]) {
    let numbers: BTreeSet<usize> = problems
        .iter()
        .map(|problem| problem.error().line())
        .collect();
    let found = match lines_of(text, &numbers) {
        Ok(found) => found,
        Err(error) => panic!("what is in memory cannot be read: {error}"),
    };
    let lines: Vec<&[u8]> = whole.split(|byte| *byte == b'\n').collect();
    for problem in problems {
        let error = problem.error();
        let (number, column) = (error.line(), error.column());
        let line = number.checked_sub(1).and_then(|index| lines.get(index));
        let Some(line) = line else {
            panic!("there is no line {number}: {problem:?}");
        };
        // Behind the last newline there is no line, but an empty text has to be complained about somewhere.
        assert_eq!(found.get(&number).map_or(&[][..], Vec::as_slice), *line);
        let length = String::from_utf8_lossy(line).chars().count();
        assert!(
            (1..=length + 1).contains(&column),
            "there is no column {column} in {:?}: {problem:?}",
            String::from_utf8_lossy(line)
        );
        if error.reason() == "not valid UTF-8" {
            // All that stands before has been found to be valid.
            let valid = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            let marked = number == 1 && line.starts_with(b"\xef\xbb\xbf");
            let place = valid.chars().count() + 1;
            assert!(
                column == place || (marked && column + 1 == place),
                "column {column} instead of {place}: {problem:?}"
            );
        }
    }
}
