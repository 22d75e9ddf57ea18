//! One way through a text, line by line.

use std::io;
use std::ops::ControlFlow;

use crate::exposition::normalize::{BYTE_ORDER_MARK, NormalizedLine, Normalizer};
use crate::exposition::scan::{Line, LineError, LineReader, Scanner, Statement, Text};

use super::error::RuleError;
use super::lint::lint;
use super::options::CheckOptions;
use super::problem::{Problem, Severity};
use super::report::{CheckReport, CheckedFamily};
use super::rules::repetition;
use super::search::{RepetitionSearch, SearchPart};
use super::series_id_set::{Insertion, MOST_SERIES};
use super::statements::StatementChecker;
use super::visitor::Visitor;

/// Leads a visitor through a text, and reports what was found.
pub(super) fn walk(
    options: CheckOptions,
    text: &dyn Text,
    visitor: &mut dyn Visitor,
) -> io::Result<CheckReport> {
    let mut walk = Walk::new(options, visitor);
    if walk.all_lines(options, text)?.is_break() {
        return Ok(walk.end());
    }
    let parts = walk.unsure_samples().div_ceil(MOST_SERIES as u64);
    for part in 0..parts {
        let mut search = RepetitionSearch::new(options, SearchPart { part, parts });
        let mut lines = LineReader::new(text);
        while lines.advance()? {
            if walk.search(&mut search, lines.line()).is_break() {
                return Ok(walk.end());
            }
        }
    }
    Ok(walk.end())
}

/// First time through the text.
struct Walk<'v> {
    normalizer: Normalizer,
    state: CheckState<'v>,
    /// The number of the last line.
    number: usize,
}

/// State of a check, apart from that of the lines before they are read.
struct CheckState<'v> {
    visitor: &'v mut dyn Visitor,
    scanner: Scanner,
    checker: StatementChecker,
    report: CheckReport,
    /// Whether a carriage return has been complained about; one says it for all.
    returned: bool,
}

impl CheckState<'_> {
    fn error(&mut self, number: usize, line: &[u8], error: LineError) -> ControlFlow<()> {
        self.problem(Problem::new(Severity::Error, error.in_line(line, number)))
    }

    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.report.errors += u64::from(problem.severity() == Severity::Error);
        self.visitor.problem(problem)
    }

    /// Takes a statement, unless it is wrong.
    fn statement(&mut self, line: &[u8], number: usize) -> ControlFlow<()> {
        let result = match self.scanner.scan(line) {
            Ok(Statement::Nothing) => return ControlFlow::Continue(()),
            Ok(statement) => take(&statement, number, &mut self.checker, self.visitor),
            Err(error) => Err(error),
        };
        match result {
            Ok(samples) => self.report.samples += samples,
            Err(error) => self.refuse(line, number, error)?,
        }
        if self.checker.has_pending() {
            for problem in self.checker.take_pending() {
                self.problem(problem)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn refuse(&mut self, line: &[u8], number: usize, error: LineError) -> ControlFlow<()> {
        if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            return self.error(number, line, RuleError::ByteOrderMark.at(0));
        }
        let error = match line.strip_suffix(b"\r") {
            Some(_) if self.returned => return ControlFlow::Continue(()),
            Some(line) => {
                self.returned = true;
                RuleError::CarriageReturn.at(line.len())
            }
            None => error,
        };
        self.error(number, line, error)
    }
}

impl<'v> Walk<'v> {
    fn new(options: CheckOptions, visitor: &'v mut dyn Visitor) -> Self {
        Self {
            normalizer: options.normalizer(),
            state: CheckState {
                visitor,
                scanner: options.scanner(),
                checker: StatementChecker::new(options.timestamps, options.purpose),
                report: CheckReport::default(),
                returned: false,
            },
            number: 0,
        }
    }

    fn all_lines(&mut self, options: CheckOptions, text: &dyn Text) -> io::Result<ControlFlow<()>> {
        let mut lines = LineReader::new(text);
        while lines.advance()? {
            if self.line(lines.line()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(self.finish(options.lints))
    }

    fn line(&mut self, line: Line<'_>) -> ControlFlow<()> {
        let (whole, number) = (line.bytes, line.number);
        self.number = number;
        let Self {
            normalizer, state, ..
        } = self;
        let normalized = match normalizer.normalize(line) {
            Ok(normalized) => normalized,
            Err(error) => return state.refuse(whole, number, error),
        };
        state.report.length += normalized.length() as u64;
        match normalized {
            NormalizedLine::Line(line, ended) => {
                state.statement(line, number)?;
                if !ended && !is_blank(line) {
                    return state.error(number, line, RuleError::NoFinalNewline.at(line.len()));
                }
            }
            NormalizedLine::Lines(_) => {
                for line in normalized.lines() {
                    state.statement(line, number)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Says what is wrong with the whole, when all lines have been read.
    fn finish(&mut self, lints: bool) -> ControlFlow<()> {
        let mut problems = self.state.checker.finish();
        if let Err(error) = self.normalizer.finish() {
            let place = (self.number.max(1), 1);
            problems.push(Problem::at(Severity::Error, place, error));
        }
        let families = self.state.checker.families().iter();
        for family in families.filter(|family| lints && family.samples > 0) {
            let place = (family.line, 1);
            let found = lint(family).into_iter();
            problems.extend(found.map(|finding| Problem::at(Severity::Lint, place, finding)));
        }
        for problem in problems {
            self.state.problem(problem)?;
        }
        ControlFlow::Continue(())
    }

    /// How many samples there are in families that have to be looked at once more.
    fn unsure_samples(&self) -> u64 {
        let families = self.state.checker.families().iter();
        families
            .filter(|family| family.unsure && family.is_plain())
            .map(|family| family.samples)
            .sum()
    }

    /// Reports a line that repeats a series.
    fn search(&mut self, search: &mut RepetitionSearch, line: Line<'_>) -> ControlFlow<()> {
        let number = line.number;
        let Ok(normalized) = search.normalizer.normalize(line) else {
            return ControlFlow::Continue(());
        };
        for line in normalized.lines() {
            let Ok(Statement::Sample(sample)) = search.scanner.scan(line) else {
                continue;
            };
            let ids = self.state.checker.unsure_ids(&sample);
            let Some(ids) = ids.filter(|ids| search.part.holds(ids.page)) else {
                continue;
            };
            let again = search.series.insert(ids.page) == Insertion::Known;
            if again && !self.state.checker.has_repeated(number) {
                self.state.error(number, line, repetition(&sample, ids))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn end(self) -> CheckReport {
        let families = self.state.checker.families().iter();
        CheckReport {
            normalizations: self.normalizer.changes,
            families: families
                .map(|family| CheckedFamily {
                    name: family.name.clone(),
                    metric_type: family.metric_type(),
                    has_help: family.has_help,
                    samples: family.samples,
                })
                .collect(),
            ..self.state.report
        }
    }
}

/// Takes a statement, unless it is wrong, and says how many samples it is.
fn take(
    statement: &Statement<'_>,
    number: usize,
    checker: &mut StatementChecker,
    visitor: &mut dyn Visitor,
) -> Result<u64, LineError> {
    let Some(owner) = checker.check(statement, number)? else {
        return Ok(0);
    };
    visitor.statement(statement, owner, checker.families().get(owner.family))?;
    Ok(u64::from(matches!(statement, Statement::Sample(_))))
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}
