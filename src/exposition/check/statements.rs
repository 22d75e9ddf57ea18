//! Statements of a text, held one after the other against those before.

use std::collections::BTreeSet;

use crate::exposition::scan::{LineError, SampleLine, Statement, SyntaxError, column};

use super::distribution::{DistributionTracker, FirstSample};
use super::error::RuleError;
use super::families::{FamilyTable, LineOwner};
use super::problem::{Problem, Severity};
use super::rules::{
    Purpose, SampleKind, Timestamps, check_help, check_sample, check_type, misfit, missing_blank,
    repetition,
};
use super::series_id::{SeriesHasher, SeriesIds, fold_page};
use super::series_id_set::{Insertion, SeriesIdSet};

/// How many lines that repeat a series are kept, so that none is reported twice.
const MOST_REPEATING: usize = 1 << 16;

/// Checks statements, with what it has to know of those before.
#[derive(Default)]
pub(super) struct StatementChecker {
    timestamps: Timestamps,
    purpose: Purpose,
    families: FamilyTable,
    hasher: SeriesHasher,
    /// The series of the family whose block is being read.
    series: SeriesIdSet,
    /// The distributions, where a group may make two of them the same.
    distributed: SeriesIdSet,
    current: Option<usize>,
    distributions: DistributionTracker,
    /// Whether a label `job` has been warned of.
    has_job: bool,
    /// Problems that were found and not yet been reported.
    pending: Vec<Problem>,
    /// The lines that have been found to repeat a series.
    repeating: BTreeSet<usize>,
}

impl StatementChecker {
    pub(super) fn new(timestamps: Timestamps, purpose: Purpose) -> Self {
        Self {
            timestamps,
            purpose,
            ..Self::default()
        }
    }

    /// Takes note of a statement, unless it is wrong. None where it says nothing.
    pub(super) fn check(
        &mut self,
        statement: &Statement<'_>,
        line: usize,
    ) -> Result<Option<LineOwner>, LineError> {
        match statement {
            Statement::Nothing => Ok(None),
            Statement::Mention { name } => Ok(Some(self.families.owner(*name, line))),
            Statement::Help {
                name,
                line: bytes,
                at,
            } => {
                let owner = self.families.owner(*name, line);
                let family = self.families.get_mut(owner.family);
                check_help(family, *name)?;
                family.has_help = true;
                if let Err(error) = std::str::from_utf8(&bytes[*at..]) {
                    let at = at + error.valid_up_to();
                    if family.samples > 0 && !self.purpose.drops(family) {
                        return Err(SyntaxError::NotUtf8.at(at));
                    }
                    family.bad_help = Some((line, column(bytes, at)));
                }
                Ok(Some(owner))
            }
            Statement::Type { name, declared, .. } => {
                let owner = self.families.owner(*name, line);
                let family = self.families.get_mut(owner.family);
                check_type(family, *name)?;
                family.declared = Some(*declared);
                Ok(Some(owner))
            }
            Statement::Sample(sample) => self.sample(sample, line).map(Some),
        }
    }

    pub(super) fn families(&self) -> &FamilyTable {
        &self.families
    }

    /// Takes out the problems that were found beside those of the statements themselves.
    pub(super) fn take_pending(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.pending)
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn warn(&mut self, line: usize, reason: impl Into<Option<RuleError>>) {
        let problem = |reason| Problem::at(Severity::Warning, (line, 1), reason);
        self.pending.extend(reason.into().map(problem));
    }

    fn sample(&mut self, sample: &SampleLine<'_>, line: usize) -> Result<LineOwner, LineError> {
        let owner = self.families.owner(sample.name(), line);
        let family = self.families.get(owner.family);
        let kind = check_sample(sample, family, self.purpose, self.timestamps)?;
        let is_dropped = self.purpose.drops(family);
        if family.samples == 0 {
            self.first_sample(owner.family, line);
        }
        if !is_dropped {
            self.start_family(owner.family);
            match kind.reserved {
                None => self.check_repetition(sample, owner.family, line)?,
                Some(reserved) => self.distribution(sample, owner, kind, reserved, line)?,
            }
        }
        self.families.get_mut(owner.family).samples += 1;
        self.warn(line, missing_blank(sample));
        Ok(owner)
    }

    /// Says what matters only to a family with samples.
    fn first_sample(&mut self, family: usize, line: usize) {
        let family = self.families.get(family);
        if self.purpose.drops(family) {
            if self.purpose == Purpose::AnyGroup {
                let metric = family.name.clone();
                self.warn(line, RuleError::OwnMetric { metric });
            }
        } else if let Some(place) = family.bad_help {
            let problem = Problem::at(Severity::Error, place, SyntaxError::NotUtf8);
            self.pending.push(problem);
        }
    }

    fn ids(&self, sample: &SampleLine<'_>, reserved: Option<&str>) -> SeriesIds {
        let ids = self.hasher.labels(sample, reserved);
        match self.purpose {
            Purpose::Reading => ids.of_text(),
            _ => ids,
        }
    }

    /// Begins a new block where the sample is of another family than the one before.
    fn start_family(&mut self, family: usize) {
        if self.current == Some(family) {
            return;
        }
        self.current = Some(family);
        if self.families.get(family).samples > 0 {
            self.families.get_mut(family).unsure = true;
        } else {
            self.series.clear();
        }
    }

    /// Warns once of a label that is not kept.
    fn check_job(&mut self, sample: &SampleLine<'_>, ids: SeriesIds, line: usize) {
        let is_overwritten =
            self.purpose == Purpose::AnyGroup && ids.own != ids.page && !self.has_job;
        if is_overwritten && sample.raw_labels().any(|(name, _)| name == b"job") {
            self.has_job = true;
            self.warn(line, RuleError::JobLabel);
        }
    }

    /// Refuses a series of a plain type that occurs twice.
    fn check_repetition(
        &mut self,
        sample: &SampleLine<'_>,
        family: usize,
        line: usize,
    ) -> Result<(), LineError> {
        if self.families.get(family).unsure {
            return Ok(());
        }
        let ids = self.ids(sample, None);
        self.check_job(sample, ids, line);
        match self.series.insert(ids.page) {
            Insertion::New => Ok(()),
            Insertion::Known => {
                if self.repeating.len() < MOST_REPEATING {
                    self.repeating.insert(line);
                }
                Err(repetition(sample, ids))
            }
            Insertion::Full => {
                self.families.get_mut(family).unsure = true;
                Ok(())
            }
        }
    }

    /// Whether this line has been found to repeat a series.
    pub(super) fn has_repeated(&self, line: usize) -> bool {
        self.repeating.contains(&line)
    }

    /// Whether a distribution is there already for a gateway, which does not tell those apart of
    /// which only `job` differs. Takes note of it, as far as there is room.
    fn is_taken(&mut self, ids: SeriesIds, family: usize) -> bool {
        let name = self.hasher.id(self.families.get(family).name.as_bytes());
        let SeriesIds { own, page } = ids.with_name(name);
        if self.distributed.contains(own) {
            return false;
        }
        let is_taken = self.distributed.contains(fold_page(page))
            || (own != page && self.distributed.contains(page));
        if !is_taken {
            self.distributed.insert(own);
            if own != page {
                self.distributed.insert(fold_page(page));
            }
        }
        is_taken
    }

    fn distribution(
        &mut self,
        sample: &SampleLine<'_>,
        LineOwner { family, role }: LineOwner,
        kind: SampleKind,
        reserved: (&'static str, Option<f64>),
        line: usize,
    ) -> Result<(), LineError> {
        let (label, bound) = reserved;
        let ids = self.ids(sample, Some(label));
        self.check_job(sample, ids, line);
        let id = ids.own.wrapping_add(family as u128);
        if !self.distributions.is_current(id) {
            if self.purpose == Purpose::AnyGroup && self.is_taken(ids, family) {
                let series = sample.series();
                return Err(RuleError::SameInGroup { series }.at(sample.at));
            }
            let family = self.families.get(family);
            let mut labels = |text: &mut String| push_labels(text, sample, label);
            let wrong = self.distributions.start_distribution(
                id,
                FirstSample {
                    metric: &family.name,
                    metric_type: kind.metric_type,
                    line,
                    labels: &mut labels,
                },
            );
            if let Some((line, reason)) = wrong {
                self.warn(line, reason);
            }
        }
        self.warn(line, misfit(sample, role, kind.metric_type, reserved));
        let bound = bound.filter(|bound| !bound.is_nan());
        self.distributions.add(role, bound, sample.number());
        Ok(())
    }

    /// Ids of the series of a sample, if its family has to be looked at once more.
    pub(super) fn unsure_ids(&self, sample: &SampleLine<'_>) -> Option<SeriesIds> {
        let (family, _) = self.families.find(sample.name().raw)?;
        let family = self.families.get(family);
        (family.unsure && family.is_plain()).then(|| {
            let name = self.hasher.id(sample.name().raw);
            self.ids(sample, None).with_name(name)
        })
    }

    /// Ends the text, and says what is wrong with it as a whole.
    pub(super) fn finish(&mut self) -> Vec<Problem> {
        for (line, reason) in self.distributions.finish() {
            self.warn(line, reason);
        }
        // There may be more ways through the text, which have a set of their own.
        self.series = SeriesIdSet::default();
        self.distributed = SeriesIdSet::default();
        let mut problems = self.take_pending();
        problems.extend(self.families.collisions());
        problems
    }
}

fn push_labels(text: &mut String, sample: &SampleLine<'_>, reserved: &str) {
    let labels = sample.raw_labels();
    let mut separator = '{';
    for (name, value) in labels.filter(|(name, _)| *name != reserved.as_bytes()) {
        let (name, value) = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        text.push(separator);
        text.extend([&*name, "=\"", &*value, "\""]);
        separator = ',';
    }
    if separator == ',' {
        text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use crate::exposition::scan::Scanner;

    use super::*;

    #[test]
    fn a_family_of_more_series_than_are_kept_has_to_be_looked_at_once_more() {
        let mut checker = StatementChecker::default();
        let mut scanner = Scanner::default();
        let mut rows = |checker: &mut StatementChecker, line: usize| {
            let text = format!("rows{{line=\"{line}\"}} 1");
            let statement = scanner.scan(text.as_bytes()).unwrap();
            let owner = checker.check(&statement, line).unwrap().unwrap();
            checker.families().get(owner.family).unsure
        };
        assert!(!rows(&mut checker, 1));
        checker.series = SeriesIdSet::with_limit(0);
        assert!(rows(&mut checker, 2));
        assert!(rows(&mut checker, 3));
    }
}
