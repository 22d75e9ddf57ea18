//! Problems of a text, for people to read.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::ops::ControlFlow;

use pushjob::exposition::{Inspector, Problem, Severity, Text, lines_of};

/// Most problems of one text that are shown; the rest is counted.
const MOST_SHOWN: usize = 20;

/// Number of problems after which a check ends.
const MOST_COUNTED: u64 = 10_000;

/// Longest part of a line that is shown, in characters.
const SHOWN_LINE: usize = 100;

/// Collects the problems of a text.
#[derive(Default)]
pub(crate) struct Findings {
    shown: Vec<Problem>,
    counted: u64,
    pub(crate) errors: u64,
    /// Warnings do not count.
    errors_only: bool,
}

impl Inspector for Findings {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if self.errors_only && problem.severity() < Severity::Error {
            return ControlFlow::Continue(());
        }
        self.counted += 1;
        self.errors += u64::from(problem.severity() == Severity::Error);
        let place = |problem: &Problem| (problem.error().line(), problem.error().column());
        let later = self
            .shown
            .partition_point(|other| place(other) <= place(&problem));
        self.shown.insert(later, problem);
        if self.shown.len() > MOST_SHOWN {
            // What hinders comes before what could be better.
            let least = self
                .shown
                .iter()
                .rposition(|problem| problem.severity() < Severity::Error);
            self.shown.remove(least.unwrap_or(MOST_SHOWN));
        }
        if self.counted < MOST_COUNTED {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

impl Findings {
    /// The same, but for errors only.
    pub(crate) fn of_errors(self) -> Self {
        Self {
            errors_only: true,
            ..self
        }
    }

    /// The problems in their order, at most so many as are shown.
    pub(crate) fn shown(&self) -> &[Problem] {
        &self.shown
    }

    /// The line about problems that are not shown.
    pub(crate) fn more(&self) -> Option<String> {
        let more = self.counted - self.shown.len() as u64;
        let or_more = if self.counted >= MOST_COUNTED {
            "at least "
        } else {
            ""
        };
        (more > 0).then(|| format!("and {or_more}{more} more"))
    }

    /// All of it, each problem with its line and a caret under the place.
    pub(crate) fn page(&self, name: &str, text: &dyn Text, colour: Colour) -> io::Result<String> {
        let numbers: BTreeSet<usize> = self
            .shown
            .iter()
            .map(|problem| problem.error().line())
            .collect();
        let lines = lines_of(text, &numbers)?;
        let mut page = String::new();
        for problem in &self.shown {
            let error = problem.error();
            let place = format!("{name}:{}:{}:", error.line(), error.column());
            let (paint, word) = match problem.severity() {
                Severity::Error => ("1;31", ""),
                _ => ("1;33", "warning: "),
            };
            let what = format!("{word}{}", error.reason());
            let what = printable(&what);
            // Writing to a text does not fail.
            let _ = writeln!(
                page,
                "{} {}",
                colour.paint("1", &place),
                colour.paint(paint, &what)
            );
            if let Some(line) = lines.get(&error.line()) {
                let (excerpt, caret) = excerpt(line, error.column());
                let caret = format!("{:>caret$}", "^");
                let _ = writeln!(page, "  {excerpt}\n  {}", colour.paint("1;32", &caret));
            }
        }
        if let Some(more) = self.more() {
            let _ = writeln!(page, "{name}: {more}");
        }
        Ok(page)
    }
}

/// Use of colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Coloured,
}

impl Colour {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The part of a line around a place, and the column of the place in it.
fn excerpt(line: &[u8], column: usize) -> (String, usize) {
    let text = String::from_utf8_lossy(line);
    let start = column.saturating_sub(SHOWN_LINE * 3 / 4);
    let mut shown = String::new();
    let mut caret = column - start;
    if start > 0 {
        shown.push('…');
        caret += 1;
    }
    shown.extend(text.chars().skip(start).take(SHOWN_LINE).map(visible));
    if text.chars().nth(start + SHOWN_LINE).is_some() {
        shown.push('…');
    }
    (shown.trim_end().to_owned(), caret)
}

/// Replaces one character by one, so that the caret stays below its place.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        control if control.is_control() => '·',
        other => other,
    }
}

fn printable(text: &str) -> String {
    text.chars().map(visible).collect()
}
