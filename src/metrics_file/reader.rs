//! Reader of the lines of a metrics file, each of which is checked by itself.

use std::collections::HashMap;

use crate::exposition::{
    Line, LineEnding, MetricName, MetricType, NameValidation, ParsedLine, SampleRole, column,
    parse_line, series_owner, suffix_collision,
};
use crate::grouping::LegacyNames;

use super::append::{ADDITION, Operation};
use super::builder::{FamilyBuilder, SeriesUpdate};
use super::contents::Contents;
use super::error::{BadLine, MetricsLineError};
use super::options::ReadOptions;

/// Most that is read of a file, in bytes.
pub(super) const READ_LIMIT: u64 = 256 << 20;

/// When a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// While the job runs: a last line without an end is still being written.
    Running,
    /// When it has ended: such a line is a bad one.
    Ended,
}

/// Families of the lines read so far.
pub(super) struct MetricsReader<'a> {
    options: &'a ReadOptions,
    reading: Reading,
    families: Vec<FamilyBuilder>,
    by_name: HashMap<MetricName, usize>,
    legacy_names: LegacyNames,
    skipped_type: Option<SkippedType>,
    /// Number of series.
    series: usize,
    contents: Contents,
}

/// A TYPE line that was left out. The samples that follow it, which belong to it, would come to
/// stand in other families.
struct SkippedType {
    name: MetricName,
    suffixes: &'static [&'static str],
    /// True when a sample of the bare name is one of them; false when it counts by the type that
    /// there was before.
    covers_bare_name: bool,
}

impl SkippedType {
    fn covers(&self, name: &MetricName) -> bool {
        let suffix = name.as_str().strip_prefix(self.name.as_str());
        suffix.is_some_and(|suffix| {
            (suffix.is_empty() && self.covers_bare_name) || self.suffixes.contains(&suffix)
        })
    }
}

impl<'a> MetricsReader<'a> {
    pub(super) fn new(options: &'a ReadOptions, reading: Reading) -> Self {
        Self {
            options,
            reading,
            families: Vec::new(),
            by_name: HashMap::new(),
            legacy_names: LegacyNames::default(),
            skipped_type: None,
            series: 0,
            contents: Contents::default(),
        }
    }

    /// Takes one line more, or notes what is wrong with it.
    pub(super) fn take(&mut self, line: &Line<'_>) {
        let taken = match line.ending {
            LineEnding::Newline => self.take_whole(line),
            LineEnding::EndOfText if self.reading == Reading::Running => Ok(()),
            LineEnding::EndOfText => Err((1, MetricsLineError::Incomplete)),
            LineEnding::TooLong => Err((1, MetricsLineError::LongLine)),
            LineEnding::ByteLimit => Err((1, MetricsLineError::LongFile { limit: READ_LIMIT })),
        };
        if let Err((column, error)) = taken {
            self.contents.note(BadLine::new(line.number, column, error));
        }
    }

    /// Takes a whole line. On failure, returns the column and what is wrong there.
    fn take_whole(&mut self, line: &Line<'_>) -> Result<(), (usize, MetricsLineError)> {
        let bytes = line.bytes.strip_suffix(b"\r").unwrap_or(line.bytes);
        let (operation, rest) = match after_addition(bytes) {
            Some(rest) => (Operation::Add, rest),
            None => (Operation::Set, bytes),
        };
        let skipped = bytes.len() - rest.len();
        let at = |at: usize| column(bytes, skipped + at);
        match parse_line(rest, line.number, self.options.names) {
            // Only ASCII was skipped, a character a byte.
            Err(error) => Err((skipped + error.column(), MetricsLineError::Format(error))),
            Ok(ParsedLine::Sample {
                at: series_at,
                value_at,
                series,
                text,
                value,
            }) => {
                let update = SeriesUpdate {
                    series,
                    value,
                    text,
                    operation,
                    line: line.number,
                };
                self.sample(update).map_err(|error| match error {
                    MetricsLineError::NotACount { .. } | MetricsLineError::CounterFalls { .. } => {
                        (at(value_at), error)
                    }
                    error => (at(series_at), error),
                })
            }
            Ok(_) if operation == Operation::Add => Err((at(0), MetricsLineError::NothingToAdd)),
            Ok(ParsedLine::Nothing) => Ok(()),
            Ok(ParsedLine::Help { name, help }) => {
                self.help(name, help);
                Ok(())
            }
            Ok(ParsedLine::Type {
                at: name_at,
                name,
                metric_type,
            }) => {
                let declared = self.metric_type(name, metric_type);
                declared.map_err(|error| (at(name_at), error))
            }
        }
    }

    fn help(&mut self, name: MetricName, help: String) {
        self.skipped_type = None;
        // A name that is not allowed is reported with its samples.
        if self.options.rules.check_metric(name.as_str()).is_ok() {
            let index = self.family(name);
            self.families[index].set_help(help);
        }
    }

    fn metric_type(
        &mut self,
        name: MetricName,
        metric_type: MetricType,
    ) -> Result<(), MetricsLineError> {
        self.skipped_type = None;
        if self.options.rules.check_metric(name.as_str()).is_err() {
            return Ok(());
        }
        let is_new = self.type_of(name.as_str()).is_none();
        let collision = || suffix_collision(name.as_str(), metric_type, |base| self.type_of(base));
        let declared = if let Some(collision) = is_new.then(collision).flatten() {
            Err(MetricsLineError::Family(collision))
        } else {
            let index = self.family(name.clone());
            self.families[index].declare(metric_type)
        };
        if declared.is_err() {
            self.skipped_type = Some(SkippedType {
                name,
                suffixes: metric_type.suffixes(),
                covers_bare_name: is_new,
            });
        }
        declared
    }

    /// Type of a family, if there is one of that name. A help text alone makes none.
    fn type_of(&self, name: &str) -> Option<MetricType> {
        self.families[*self.by_name.get(name)?].metric_type()
    }

    fn sample(&mut self, update: SeriesUpdate<'_>) -> Result<(), MetricsLineError> {
        let name = &update.series.name;
        if let Some(skipped) = &self.skipped_type {
            if skipped.covers(name) {
                return Err(MetricsLineError::TypeLeftOut {
                    metric: name.to_string(),
                });
            }
            self.skipped_type = None;
        }
        let owner = self.check_sample(&update)?;
        let (index, role) =
            owner.unwrap_or_else(|| (self.family(update.series.name.clone()), SampleRole::Entry));
        let family = &mut self.families[index];
        let limit = self.options.most_series;
        if self.series >= limit && !family.has(&update.series.labels) {
            self.contents.has_more_series = true;
            return Err(MetricsLineError::ManySeries { limit });
        }
        let before = family.len();
        family.update(role, update)?;
        self.series += family.len() - before;
        Ok(())
    }

    /// Checks a sample by the rules of the group, and returns the family that it belongs to if
    /// there is one.
    fn check_sample(
        &mut self,
        update: &SeriesUpdate<'_>,
    ) -> Result<Option<(usize, SampleRole)>, MetricsLineError> {
        let ReadOptions { rules, names, .. } = self.options;
        let name = &update.series.name;
        rules.check_metric(name.as_str())?;
        let owner = self.owner(name);
        let family = owner.map(|(index, _)| &self.families[index]);
        if let Some((family, metric_type)) = family.and_then(|f| Some((f.name(), f.metric_type()?)))
        {
            rules.check_type(family.as_str(), metric_type)?;
        }
        rules.check_labels(name.as_str(), &update.series.labels)?;
        if *names == NameValidation::Utf8 {
            let family = family.map_or(name, FamilyBuilder::name);
            self.legacy_names.add(family.as_str())?;
            self.legacy_names.add(name.as_str())?;
        }
        Ok(owner)
    }

    /// The family that a sample of this name belongs to: the one of its own name, or a histogram or
    /// summary of whose series it is one.
    fn owner(&self, name: &MetricName) -> Option<(usize, SampleRole)> {
        let is_known = |index: &usize| self.families[*index].metric_type().is_some();
        if let Some(index) = self.by_name.get(name).filter(|index| is_known(index)) {
            return Some((*index, SampleRole::Entry));
        }
        let (base, suffix) = series_owner(name.as_str(), |base| self.type_of(base))?;
        Some((*self.by_name.get(base)?, SampleRole::of_suffix(suffix)))
    }

    /// The family of this name, which is begun if there is none.
    fn family(&mut self, name: MetricName) -> usize {
        if let Some(index) = self.by_name.get(&name) {
            return *index;
        }
        let index = self.families.len();
        self.families.push(FamilyBuilder::new(name.clone()));
        self.by_name.insert(name, index);
        index
    }

    /// Contents of all lines together.
    pub(super) fn finish(self) -> Contents {
        let mut contents = self.contents;
        for family in self.families {
            family.finish(&mut contents);
        }
        contents
    }
}

/// The part of a line behind `# PUSHJOB ADD`, if it begins with that.
fn after_addition(line: &[u8]) -> Option<&[u8]> {
    let mut rest = skip_blanks(line).strip_prefix(b"#")?;
    for word in ADDITION {
        rest = skip_blanks(rest).strip_prefix(word.as_bytes())?;
        if !matches!(rest.first(), Some(b' ' | b'\t') | None) {
            return None;
        }
    }
    Some(skip_blanks(rest))
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    &text[blanks.count()..]
}
