//! What a Pushgateway says to the lines of a text, one after the other.

use crate::exposition::distribution::{SampleRole, to_count};
use crate::exposition::error::{FamilyError, ParseErrorKind};
use crate::exposition::family::MetricType;
use crate::exposition::parse::{
    Declared, Sample, ScanError, Statement, parse_float_bytes, unescape,
};
use crate::exposition::text::column;

use super::distribution::{Beginning, Distributions};
use super::family::{Families, Family, Owner, PUSH_FAILURE_TIME};
use super::fingerprint::{Ink, Prints, Seen, Sighting, alias};
use super::problem::{Problem, Severity};

/// Whether a text may hold timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timestamps {
    /// As at a Pushgateway.
    #[default]
    Refused,
    /// They are removed before it is sent.
    Removed,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Destiny {
    /// To be read; labels are what they are.
    #[default]
    Reader,
    /// A group that is not known yet, which has a `job` of its own.
    AnyGroup,
    /// A group that is known to others, who say what it does to labels and names.
    ThisGroup,
}

/// Judges lines.
#[derive(Default)]
pub(crate) struct Judge {
    timestamps: Timestamps,
    destiny: Destiny,
    families: Families,
    ink: Ink,
    /// The series of the family whose block is being read.
    seen: Seen,
    /// The distributions, where a group may make two of them the same.
    distributed: Seen,
    current: Option<usize>,
    distributions: Distributions,
    /// Whether a label `job` has been warned of.
    has_job: bool,
    asides: Vec<Problem>,
}

impl Judge {
    pub(crate) fn new(timestamps: Timestamps, destiny: Destiny) -> Self {
        Self {
            timestamps,
            destiny,
            ..Self::default()
        }
    }

    /// Takes note of a line, unless it is wrong. None where it says nothing.
    pub(crate) fn judge(
        &mut self,
        statement: &Statement<'_>,
        line: usize,
    ) -> Result<Option<Owner>, ScanError> {
        match statement {
            Statement::Nothing => Ok(None),
            Statement::Mention { name } => Ok(Some(self.families.owner(*name, line))),
            Statement::Help {
                name,
                line: bytes,
                at,
            } => {
                let owner = self.families.owner(*name, line);
                let reads = self.destiny == Destiny::Reader;
                let family = self.families.get_mut(owner.family);
                if family.has_help {
                    return Err((name.at, second("HELP", family)));
                }
                family.has_help = true;
                if let Err(error) = std::str::from_utf8(&bytes[*at..]) {
                    let at = at + error.valid_up_to();
                    if family.samples > 0 && (reads || !family.is_dropped()) {
                        return Err((at, ParseErrorKind::NotUtf8));
                    }
                    family.bad_help = Some((line, column(bytes, at)));
                }
                Ok(Some(owner))
            }
            Statement::Type { name, declared, .. } => {
                let owner = self.families.owner(*name, line);
                let family = self.families.get_mut(owner.family);
                if family.declared.is_some() {
                    return Err((name.at, second("TYPE", family)));
                }
                if family.samples > 0 {
                    let metric = family.name.clone();
                    return Err((name.at, ParseErrorKind::TypeAfterSample { metric }));
                }
                family.declared = Some(*declared);
                Ok(Some(owner))
            }
            Statement::Sample(sample) => self.sample(sample, line).map(Some),
        }
    }

    pub(super) fn families(&self) -> &Families {
        &self.families
    }

    /// What is to be said of the lines so far, though the last is taken.
    pub(crate) fn asides(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.asides)
    }

    pub(crate) fn has_asides(&self) -> bool {
        !self.asides.is_empty()
    }

    fn warn(&mut self, line: usize, reason: ParseErrorKind) {
        self.asides
            .push(Problem::at(Severity::Warning, (line, 1), reason));
    }

    fn sample(&mut self, sample: &Sample<'_>, line: usize) -> Result<Owner, ScanError> {
        let owner = self.families.owner(sample.name(), line);
        let family = self.families.get(owner.family);
        let metric_type = match family.declared {
            Some(Declared::GaugeHistogram) if !self.drops(family) => {
                return Err((sample.at, ParseErrorKind::GaugeHistogram));
            }
            Some(Declared::Type(metric_type)) => metric_type,
            _ => MetricType::Untyped,
        };
        let reserved = metric_type.reserved_label();
        if let Some(span) = sample.repeated {
            // A gateway takes a label twice where the type keeps it for itself.
            let label = String::from_utf8_lossy(span.of(sample.line));
            if reserved != Some(&*label) {
                let reason = ParseErrorKind::duplicate_label(label.into_owned());
                return Err((span.start, reason));
            }
        }
        let bound = match reserved {
            Some(label) => bound(sample, label)?,
            None => None,
        };
        if self.timestamps == Timestamps::Refused {
            if let Some(timestamp) = sample.timestamp {
                return Err((timestamp.start - 1, ParseErrorKind::Timestamp));
            }
        }
        if self.destiny == Destiny::AnyGroup && family.name == PUSH_FAILURE_TIME {
            return Err((sample.at, ParseErrorKind::FailureTime));
        }
        if family.samples == 0 {
            self.first_sample(owner.family, line);
        }
        match reserved {
            _ if self.drops(self.families.get(owner.family)) => {}
            None => self.check_twice(sample, owner.family, line)?,
            Some(label) => {
                let part = Part {
                    owner,
                    metric_type,
                    label,
                    bound,
                };
                self.distribution(sample, &part, line)?;
            }
        }
        self.families.get_mut(owner.family).samples += 1;
        if sample.value.start == sample.name().at + sample.name().raw.len() {
            let reason = ParseErrorKind::NoBlank {
                name: String::from_utf8_lossy(sample.name().raw).into_owned(),
                value: String::from_utf8_lossy(sample.value.of(sample.line)).into_owned(),
            };
            self.warn(line, reason);
        }
        Ok(owner)
    }

    /// Whether a gateway takes the samples of a family for nothing.
    fn drops(&self, family: &Family) -> bool {
        self.destiny != Destiny::Reader && family.is_dropped()
    }

    /// Says what matters only to a family with samples.
    fn first_sample(&mut self, family: usize, line: usize) {
        let family = self.families.get(family);
        if self.drops(family) {
            if self.destiny == Destiny::AnyGroup {
                let metric = family.name.clone();
                self.warn(line, ParseErrorKind::OwnMetric { metric });
            }
        } else if let Some(place) = family.bad_help {
            let reason = ParseErrorKind::NotUtf8;
            self.asides
                .push(Problem::at(Severity::Error, place, reason));
        }
    }

    fn prints(&self, sample: &Sample<'_>, reserved: Option<&str>) -> Prints {
        let prints = self.ink.labels(sample, reserved);
        match self.destiny {
            Destiny::Reader => prints.of_text(),
            _ => prints,
        }
    }

    /// Begins a new block where the sample is of another family than the one before.
    fn turn_to(&mut self, family: usize) {
        if self.current == Some(family) {
            return;
        }
        self.current = Some(family);
        if self.families.get(family).samples > 0 {
            self.families.get_mut(family).unsure = true;
        } else {
            self.seen.clear();
        }
    }

    /// Warns once of a label that is not kept.
    fn check_job(&mut self, sample: &Sample<'_>, prints: Prints, line: usize) {
        let is_overwritten =
            self.destiny == Destiny::AnyGroup && prints.own != prints.page && !self.has_job;
        if is_overwritten && sample.raw_labels().any(|(name, _)| name == b"job") {
            self.has_job = true;
            self.warn(line, ParseErrorKind::JobLabel);
        }
    }

    /// Whether a series of a plain type occurs twice.
    fn check_twice(
        &mut self,
        sample: &Sample<'_>,
        family: usize,
        line: usize,
    ) -> Result<(), ScanError> {
        self.turn_to(family);
        if self.families.get(family).unsure {
            return Ok(());
        }
        let prints = self.prints(sample, None);
        self.check_job(sample, prints, line);
        match self.seen.insert(prints.page) {
            Sighting::First => Ok(()),
            Sighting::Again => Err((sample.at, twice(sample, prints))),
            Sighting::Unknown => {
                self.families.get_mut(family).unsure = true;
                Ok(())
            }
        }
    }

    /// Whether a distribution is there already for a gateway, which does not tell those apart of which only `job` differs.
    /// Takes note of it, as far as there is room.
    fn is_taken(&mut self, prints: Prints, family: usize) -> bool {
        let name = self.ink.print(self.families.get(family).name.as_bytes());
        let Prints { own, page } = prints.and(name);
        if self.distributed.contains(own) {
            return false;
        }
        let is_taken = self.distributed.contains(alias(page))
            || (own != page && self.distributed.contains(page));
        if !is_taken {
            self.distributed.insert(own);
            if own != page {
                self.distributed.insert(alias(page));
            }
        }
        is_taken
    }

    fn distribution(
        &mut self,
        sample: &Sample<'_>,
        part: &Part,
        line: usize,
    ) -> Result<(), ScanError> {
        self.turn_to(part.owner.family);
        let prints = self.prints(sample, Some(part.label));
        self.check_job(sample, prints, line);
        let print = prints.own.wrapping_add(part.owner.family as u128);
        if !self.distributions.is_current(print) {
            if self.destiny == Destiny::AnyGroup && self.is_taken(prints, part.owner.family) {
                let series = sample.series();
                return Err((sample.at, ParseErrorKind::SameInGroup { series }));
            }
            let family = self.families.get(part.owner.family);
            let mut labels = |text: &mut String| push_labels(text, sample, part.label);
            let wrong = self.distributions.turn_to(
                print,
                Beginning {
                    metric: &family.name,
                    metric_type: part.metric_type,
                    line,
                    labels: &mut labels,
                },
            );
            if let Some((line, reason)) = wrong {
                self.warn(line, reason);
            }
        }
        let role = part.owner.role;
        let value = sample.number();
        let is_histogram = part.metric_type == MetricType::Histogram;
        if role == SampleRole::Entry && part.bound.is_none_or(f64::is_nan) {
            let reason = ParseErrorKind::MissingBound {
                series: sample.series(),
                label: part.label,
                metric_type: part.metric_type,
            };
            self.warn(line, reason);
        } else if role == SampleRole::Count || (role == SampleRole::Entry && is_histogram) {
            #[expect(
                clippy::float_cmp,
                clippy::cast_precision_loss,
                reason = "whole or not"
            )]
            let is_count = to_count(value) as f64 == value;
            if !is_count {
                let found = String::from_utf8_lossy(sample.value.of(sample.line)).into_owned();
                self.warn(line, ParseErrorKind::NotACount { found });
            }
        }
        let bound = part.bound.filter(|bound| !bound.is_nan());
        self.distributions.add(role, bound, value);
        Ok(())
    }

    /// Stands for the series of a sample, if its family has to be looked at once more.
    pub(super) fn unsure_prints(&self, sample: &Sample<'_>) -> Option<Prints> {
        let (family, _) = self.families.find(sample.name().raw)?;
        let unsure = self.families.get(family).unsure;
        (unsure && self.families.get(family).is_plain()).then(|| {
            let name = self.ink.print(sample.name().raw);
            self.prints(sample, None).and(name)
        })
    }

    /// What is wrong with the text as a whole, when all lines have been read.
    pub(crate) fn finish(&mut self) -> Vec<Problem> {
        for (line, reason) in self.distributions.finish() {
            self.warn(line, reason);
        }
        // There may be more ways through the text, which have a set of their own.
        self.seen = Seen::default();
        self.distributed = Seen::default();
        let mut problems = self.asides();
        problems.extend(self.families.collisions());
        problems
    }
}

/// What is known of a sample of a histogram or summary.
struct Part {
    owner: Owner,
    metric_type: MetricType,
    /// The label that the type keeps for itself.
    label: &'static str,
    bound: Option<f64>,
}

fn second(keyword: &'static str, family: &Family) -> ParseErrorKind {
    let metric = family.name.clone();
    ParseErrorKind::SecondComment { keyword, metric }
}

pub(super) fn twice(sample: &Sample<'_>, prints: Prints) -> ParseErrorKind {
    let series = sample.series();
    if prints.own != prints.page {
        return ParseErrorKind::SameInGroup { series };
    }
    ParseErrorKind::Family(FamilyError::DuplicateSeries { series })
}

/// The bound of a bucket or the quantile; the last counts.
fn bound(sample: &Sample<'_>, label: &'static str) -> Result<Option<f64>, ScanError> {
    let mut bound = None;
    for span in &sample.labels {
        if span.name.of(sample.line) == label.as_bytes() {
            let raw = span.value.of(sample.line);
            let Some(number) = parse_float_bytes(raw) else {
                let found = unescape(raw).into_owned();
                return Err((span.value.start, ParseErrorKind::NotABound { label, found }));
            };
            bound = Some(number);
        }
    }
    Ok(bound)
}

fn push_labels(text: &mut String, sample: &Sample<'_>, reserved: &str) {
    let mut separator = '{';
    for (name, value) in sample.raw_labels() {
        if name == reserved.as_bytes() {
            continue;
        }
        text.push(separator);
        text.push_str(&String::from_utf8_lossy(name));
        text.push_str("=\"");
        text.push_str(&String::from_utf8_lossy(value));
        text.push('"');
        separator = ',';
    }
    if separator == ',' {
        text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use crate::exposition::parse::Scanner;

    use super::*;

    #[test]
    fn a_family_of_more_series_than_are_kept_has_to_be_looked_at_once_more() {
        let mut judge = Judge::default();
        let mut scanner = Scanner::default();
        let mut rows = |judge: &mut Judge, line: usize| {
            let text = format!("rows{{line=\"{line}\"}} 1");
            let statement = scanner.scan(text.as_bytes()).unwrap();
            let owner = judge.judge(&statement, line).unwrap().unwrap();
            judge.families().get(owner.family).unsure
        };
        assert!(!rows(&mut judge, 1));
        judge.seen = Seen::full();
        assert!(rows(&mut judge, 2));
        assert!(rows(&mut judge, 3));
    }
}
