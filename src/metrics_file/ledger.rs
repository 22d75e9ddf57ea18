use std::collections::HashMap;

use crate::exposition::{
    FamilyError, MetricName, MetricType, NameValidation, ParsedLine, legacy_form, parse_line,
    series_owner,
};

use super::append::{ADDITION, Operation};
use super::contents::Contents;
use super::draft::{Change, Draft, Part, Update};
use super::error::{BadLine, Fault};
use super::file::Reading;
use super::lines::Line;
use super::rules::Rules;

/// What the lines so far have come to.
pub(super) struct Ledger<'a> {
    rules: &'a Rules,
    drafts: Vec<Draft>,
    by_name: HashMap<MetricName, usize>,
    /// Names by the legacy name that stands for them, where others are taken.
    by_legacy_name: HashMap<String, String>,
    left_out: Option<LeftOut>,
    /// How many series there are.
    held: usize,
    contents: Contents,
}

/// A TYPE line that was left out. The samples that follow it, which belong to it, would come to stand in other families.
struct LeftOut {
    name: MetricName,
    suffixes: &'static [&'static str],
    /// Whether a sample of the bare name is one of them, or counts by the type that there was before.
    bare: bool,
}

impl LeftOut {
    fn covers(&self, name: &MetricName) -> bool {
        let rest = name.as_str().strip_prefix(self.name.as_str());
        rest.is_some_and(|rest| (rest.is_empty() && self.bare) || self.suffixes.contains(&rest))
    }
}

impl<'a> Ledger<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            drafts: Vec::new(),
            by_name: HashMap::new(),
            by_legacy_name: HashMap::new(),
            left_out: None,
            held: 0,
            contents: Contents::default(),
        }
    }

    /// Takes one line more, or notes what is wrong with it.
    pub(super) fn take(&mut self, number: usize, line: &Line<'_>, reading: Reading) {
        let taken = match *line {
            Line::Whole(bytes) => self.take_whole(number, bytes),
            Line::Open if reading == Reading::Running => Ok(()),
            Line::Open => Err((1, Fault::Incomplete)),
            Line::TooLong => Err((1, Fault::LongLine)),
            Line::Beyond { limit } => Err((1, Fault::LongFile { limit })),
        };
        if let Err((column, fault)) = taken {
            self.contents.note(BadLine::new(number, column, fault));
        }
    }

    /// On failure, the column and what is wrong there.
    fn take_whole(&mut self, number: usize, bytes: &[u8]) -> Result<(), (usize, Fault)> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let (operation, skipped) = match after_addition(bytes) {
            Some(rest) => (Operation::Add, bytes.len() - rest.len()),
            None => (Operation::Set, 0),
        };
        let rest = &bytes[skipped..];
        // What was skipped is ASCII, a character a byte.
        let column = |at: usize| skipped + String::from_utf8_lossy(&rest[..at]).chars().count() + 1;
        match parse_line(rest, number, self.rules.scheme()) {
            Err(error) => Err((skipped + error.column(), Fault::Format(error))),
            Ok(ParsedLine::Sample {
                at,
                value_at,
                series,
                text,
                value,
            }) => {
                let change = Change {
                    value,
                    text,
                    operation,
                    line: number,
                };
                let update = Update { series, change };
                self.sample(update).map_err(|fault| {
                    let of_value =
                        matches!(fault, Fault::NotACount { .. } | Fault::CounterFalls { .. });
                    (column(if of_value { value_at } else { at }), fault)
                })
            }
            Ok(_) if operation == Operation::Add => Err((column(0), Fault::NothingToAdd)),
            Ok(ParsedLine::Nothing) => Ok(()),
            Ok(ParsedLine::Help { name, help }) => {
                self.help(name, help);
                Ok(())
            }
            Ok(ParsedLine::Type {
                at,
                name,
                metric_type,
            }) => self
                .metric_type(name, metric_type)
                .map_err(|fault| (column(at), fault)),
        }
    }

    fn help(&mut self, name: MetricName, help: String) {
        self.left_out = None;
        // That a name is not taken is said of its samples.
        if self.rules.check_name(&name).is_ok() {
            let index = self.draft(name);
            self.drafts[index].set_help(help);
        }
    }

    fn metric_type(&mut self, name: MetricName, metric_type: MetricType) -> Result<(), Fault> {
        self.left_out = None;
        if self.rules.check_name(&name).is_err() {
            return Ok(());
        }
        let draft = self.by_name.get(&name).map(|index| &self.drafts[*index]);
        let before = draft.and_then(Draft::metric_type);
        let fault = match before {
            Some(before) if before == metric_type => return Ok(()),
            Some(MetricType::Untyped) if !draft.is_some_and(Draft::is_declared) => {
                Some(Fault::TypeAfterSample {
                    metric: name.to_string(),
                })
            }
            Some(before) => Some(Fault::OtherType {
                metric: name.to_string(),
                before,
                found: metric_type,
            }),
            None => self.collision(&name, metric_type).map(Fault::Family),
        };
        let Some(fault) = fault else {
            let index = self.draft(name);
            self.drafts[index].declare(metric_type);
            return Ok(());
        };
        self.left_out = Some(LeftOut {
            name,
            suffixes: metric_type.suffixes(),
            bare: before.is_none(),
        });
        Err(fault)
    }

    /// Whether a new family of this type would have a series with the name of another family, or the name of a series of
    /// another.
    fn collision(&self, name: &MetricName, metric_type: MetricType) -> Option<FamilyError> {
        let suffixes = metric_type.suffixes().iter();
        let mut series = suffixes.map(|suffix| name.with_suffix(suffix));
        let below = series
            .find(|series| self.type_of(series.as_str()).is_some())
            .map(|series| (series.to_string(), name.to_string()));
        let collision = below.or_else(|| {
            let (owner, _) = series_owner(name.as_str(), |base| self.type_of(base))?;
            Some((name.to_string(), owner.to_owned()))
        });
        collision.map(|(metric, owner)| FamilyError::SuffixCollision { metric, owner })
    }

    /// The type of a family, if there is one of that name. A help text alone makes none.
    fn type_of(&self, name: &str) -> Option<MetricType> {
        self.drafts[*self.by_name.get(name)?].metric_type()
    }

    fn sample(&mut self, update: Update<'_>) -> Result<(), Fault> {
        let name = &update.series.name;
        if let Some(left_out) = &self.left_out {
            if left_out.covers(name) {
                return Err(Fault::TypeLeftOut {
                    metric: name.to_string(),
                });
            }
            self.left_out = None;
        }
        self.rules.check_name(name)?;
        let owner = self.owner(name);
        if let Some((index, _)) = owner {
            self.rules.check_draft(&self.drafts[index])?;
        }
        self.rules.check_labels(&update.series)?;
        if self.rules.scheme() == NameValidation::Utf8 {
            let family = owner.map(|(index, _)| self.drafts[index].name().clone());
            self.check_legacy_name(family.as_ref().unwrap_or(name))?;
            self.check_legacy_name(name)?;
        }
        let (index, part) = owner.unwrap_or_else(|| {
            let index = self.draft(name.clone());
            (index, Part::Entry)
        });
        let draft = &mut self.drafts[index];
        let limit = self.rules.series_limit();
        if self.held >= limit && !draft.has(&update.series.labels) {
            self.contents.has_more_series = true;
            return Err(Fault::ManySeries { limit });
        }
        let before = draft.len();
        draft.update(part, update)?;
        self.held += draft.len() - before;
        Ok(())
    }

    /// The family that a sample of this name belongs to: the one of its own name, or a histogram or summary of whose
    /// series it is one.
    fn owner(&self, name: &MetricName) -> Option<(usize, Part)> {
        let known = |index: &usize| self.drafts[*index].metric_type().is_some();
        if let Some(index) = self.by_name.get(name).filter(|index| known(index)) {
            return Some((*index, Part::Entry));
        }
        let (base, suffix) = series_owner(name.as_str(), |base| self.type_of(base))?;
        let part = match suffix {
            "_sum" => Part::Sum,
            "_count" => Part::Count,
            _ => Part::Entry,
        };
        Some((*self.by_name.get(base)?, part))
    }

    /// Whether who reads only legacy names can tell this one from the others.
    fn check_legacy_name(&mut self, name: &MetricName) -> Result<(), Fault> {
        let name = name.as_str();
        let other = self.by_legacy_name.entry(legacy_form(name));
        let other = other.or_insert_with(|| name.to_owned());
        if other == name {
            return Ok(());
        }
        Err(Fault::SameLegacyName {
            one: other.clone(),
            other: name.to_owned(),
        })
    }

    /// The family of this name, which is begun if there is none.
    fn draft(&mut self, name: MetricName) -> usize {
        if let Some(index) = self.by_name.get(&name) {
            return *index;
        }
        let index = self.drafts.len();
        self.drafts.push(Draft::new(name.clone()));
        self.by_name.insert(name, index);
        index
    }

    /// What all lines have come to.
    pub(super) fn finish(self) -> Contents {
        let mut contents = self.contents;
        for draft in self.drafts {
            draft.finish(&mut contents);
        }
        contents
    }
}

/// What follows `# PUSHJOB ADD`, if a line begins with it.
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
