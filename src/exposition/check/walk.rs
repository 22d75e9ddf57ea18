//! One way through a text, line by line.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::exposition::error::ParseErrorKind;
use crate::exposition::parse::{ScanError, Scanner, Statement};
use crate::exposition::text::{Line, column};

use super::checked::{Checked, CheckedFamily};
use super::family::{Family, Owner};
use super::fingerprint::{Seen, Sighting};
use super::judge::{Judge, twice};
use super::lint::lint;
use super::problem::{Problem, Severity};
use super::setup::Check;
use super::stage::{BYTE_ORDER_MARK, Stage, Staged};

/// Comes along.
pub(crate) trait Visitor {
    /// Hears of a problem, and says whether to go on.
    fn problem(&mut self, problem: Problem) -> ControlFlow<()>;

    /// Hears of a line with which nothing is wrong so far, and may object.
    fn statement(
        &mut self,
        statement: &Statement<'_>,
        owner: Owner,
        family: &Family,
    ) -> Result<(), ScanError>;
}

/// How many lines that repeat a series are kept, so that none is reported twice.
const MOST_REPEATING: usize = 1 << 16;

/// The first time through the text.
pub(super) struct Walk<'v> {
    stage: Stage,
    tour: Tour<'v>,
    lints: bool,
    /// The number of the last line.
    number: usize,
}

/// Who takes part, beside the one who hands out the lines.
struct Tour<'v> {
    visitor: &'v mut dyn Visitor,
    scanner: Scanner,
    judge: Judge,
    checked: Checked,
    /// Whether a carriage return has been complained about; one says it for all.
    returned: bool,
    /// The lines that have been found to repeat a series.
    repeating: BTreeSet<usize>,
}

impl Tour<'_> {
    fn error(&mut self, number: usize, line: &[u8], (at, reason): ScanError) -> ControlFlow<()> {
        self.problem(Problem::at(
            Severity::Error,
            (number, column(line, at)),
            reason,
        ))
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.checked.errors += u64::from(problem.severity() == Severity::Error);
        self.visitor.problem(problem)
    }

    /// Takes a statement, unless it is wrong.
    fn statement(&mut self, line: &[u8], number: usize) -> ControlFlow<()> {
        let result = match self.scanner.scan(line) {
            Ok(Statement::Nothing) => return ControlFlow::Continue(()),
            Ok(statement) => take(&statement, number, &mut self.judge, self.visitor),
            Err(wrong) => Err(wrong),
        };
        match result {
            Ok(samples) => self.checked.samples += samples,
            Err(wrong) => self.refuse(line, number, wrong)?,
        }
        if self.judge.has_asides() {
            for problem in self.judge.asides() {
                self.problem(problem)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn refuse(&mut self, line: &[u8], number: usize, wrong: ScanError) -> ControlFlow<()> {
        if wrong.1.is_repetition() && self.repeating.len() < MOST_REPEATING {
            self.repeating.insert(number);
        }
        if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            return self.error(number, line, (0, ParseErrorKind::ByteOrderMark));
        }
        let wrong = match line.strip_suffix(b"\r") {
            Some(_) if self.returned => return ControlFlow::Continue(()),
            Some(line) => {
                self.returned = true;
                (line.len(), ParseErrorKind::CarriageReturn)
            }
            None => wrong,
        };
        self.error(number, line, wrong)
    }
}

impl<'v> Walk<'v> {
    pub(super) fn new(check: &Check, visitor: &'v mut dyn Visitor) -> Self {
        Self {
            stage: Stage::new(check),
            tour: Tour {
                visitor,
                scanner: Scanner::new(check.dialect()),
                judge: Judge::new(check.timestamps, check.destiny),
                checked: Checked::default(),
                returned: false,
                repeating: BTreeSet::new(),
            },
            lints: check.lints,
            number: 0,
        }
    }

    pub(super) fn line(&mut self, line: Line<'_>) -> ControlFlow<()> {
        let number = line.number;
        self.number = number;
        let Self { stage, tour, .. } = self;
        let whole = line.bytes;
        let staged = match stage.stage(line) {
            Ok(staged) => staged,
            Err(wrong) => return tour.refuse(whole, number, wrong),
        };
        tour.checked.length += staged.length() as u64;
        match staged {
            Staged::Line(line, ended) => {
                tour.statement(line, number)?;
                if !ended && !is_blank(line) {
                    let wrong = (line.len(), ParseErrorKind::NoFinalNewline);
                    return tour.error(number, line, wrong);
                }
            }
            Staged::Lines(_) => {
                for line in staged.lines() {
                    tour.statement(line, number)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Says what is wrong with the whole, when all lines have been read.
    pub(super) fn finish(&mut self) -> ControlFlow<()> {
        let mut problems = self.tour.judge.finish();
        if !self.stage.is_whole() {
            let place = (self.number.max(1), 1);
            let reason = ParseErrorKind::NoEof;
            problems.push(Problem::at(Severity::Error, place, reason));
        }
        if self.lints {
            let families = self.tour.judge.families().iter();
            for family in families.filter(|family| family.samples > 0) {
                let place = (family.line, 1);
                let found = lint(family).into_iter();
                problems.extend(found.map(|reason| Problem::at(Severity::Lint, place, reason)));
            }
        }
        for problem in problems {
            self.tour.problem(problem)?;
        }
        ControlFlow::Continue(())
    }

    /// How many samples there are in families that have to be looked at once more.
    pub(super) fn unsure_samples(&self) -> u64 {
        let families = self.tour.judge.families().iter();
        families
            .filter(|family| family.unsure && family.is_plain())
            .map(|family| family.samples)
            .sum()
    }

    /// Looks whether a line repeats a series.
    pub(super) fn search(&mut self, search: &mut Search, line: Line<'_>) -> ControlFlow<()> {
        let number = line.number;
        let Ok(staged) = search.stage.stage(line) else {
            return ControlFlow::Continue(());
        };
        for line in staged.lines() {
            let Ok(Statement::Sample(sample)) = search.scanner.scan(line) else {
                continue;
            };
            let prints = self.tour.judge.unsure_prints(&sample);
            let Some(prints) = prints.filter(|prints| search.part.holds(prints.page)) else {
                continue;
            };
            let again = search.seen.insert(prints.page) == Sighting::Again;
            if again && !self.tour.repeating.contains(&number) {
                let wrong = (sample.at, twice(&sample, prints));
                self.tour.error(number, line, wrong)?;
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn end(self) -> Checked {
        let families = self.tour.judge.families().iter();
        Checked {
            mended: self.stage.mended,
            families: families
                .map(|family| CheckedFamily {
                    name: family.name.clone(),
                    metric_type: family.metric_type(),
                    has_help: family.has_help,
                    samples: family.samples,
                })
                .collect(),
            ..self.tour.checked
        }
    }
}

/// Takes a statement, unless it is wrong, and says how many samples it is.
fn take(
    statement: &Statement<'_>,
    number: usize,
    judge: &mut Judge,
    visitor: &mut dyn Visitor,
) -> Result<u64, ScanError> {
    let Some(owner) = judge.judge(statement, number)? else {
        return Ok(0);
    };
    visitor.statement(statement, owner, judge.families().get(owner.family))?;
    Ok(u64::from(matches!(statement, Statement::Sample(_))))
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Which of the series are looked at in one of several searches.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) part: u64,
    pub(super) parts: u64,
}

impl Part {
    fn holds(self, print: u128) -> bool {
        // The upper half, taken for a fraction of one.
        ((print >> 64) * u128::from(self.parts)) >> 64 == u128::from(self.part)
    }
}

/// A search for series that occur twice, among those that the first time through left open.
pub(super) struct Search {
    part: Part,
    stage: Stage,
    scanner: Scanner,
    seen: Seen,
}

impl Search {
    pub(super) fn new(check: &Check, part: Part) -> Self {
        Self {
            part,
            stage: Stage::new(check),
            scanner: Scanner::new(check.dialect()),
            seen: if part.parts > 1 {
                Seen::large()
            } else {
                Seen::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_searches_look_at_every_series_once_and_share_them_evenly() {
        for parts in [1, 2, 3, 7, 1000] {
            let prints = u128::from(parts) * 16;
            let step = u128::MAX / prints;
            let all: Vec<Part> = (0..parts).map(|part| Part { part, parts }).collect();
            let mut held = vec![0; all.len()];
            for print in 0..prints {
                // The first and the last of a piece, so that both sides of each border are looked at.
                for print in [print * step, (print + 1) * step - 1] {
                    let holders = (0..all.len()).filter(|part| all[*part].holds(print));
                    let holders: Vec<usize> = holders.collect();
                    assert_eq!(holders.len(), 1, "{print:x} of {parts}: {holders:?}");
                    held[holders[0]] += 1;
                }
            }
            assert!(held.iter().all(|held| (31..=33).contains(held)), "{held:?}");
            assert!(all[all.len() - 1].holds(u128::MAX));
        }
    }
}
