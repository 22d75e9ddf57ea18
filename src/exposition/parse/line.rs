use crate::exposition::error::{FamilyError, NameError, ParseError, ParseErrorKind};
use crate::exposition::family::MetricType;
use crate::exposition::labels::Labels;
use crate::exposition::names::{LabelName, MetricName, NameValidation, name_length};

use super::{Series, parse_float};

/// A HELP or TYPE line.
pub(super) struct Comment {
    /// Where the name stands.
    pub(super) at: usize,
    pub(super) name: MetricName,
    pub(super) content: CommentContent,
}

pub(super) enum CommentContent {
    Help(String),
    Type(MetricType),
}

/// A sample line: the series, and the value with the text it was read from.
pub(super) struct Sample<'a> {
    /// Where the series and the value stand.
    pub(super) at: usize,
    pub(super) value_at: usize,
    pub(super) series: Series,
    pub(super) text: &'a str,
    pub(super) value: f64,
}

/// One line and how far it has been read.
pub(super) struct Line<'a> {
    text: &'a str,
    at: usize,
    number: usize,
    names: NameValidation,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        number: usize,
        names: NameValidation,
    ) -> Result<Self, ParseError> {
        let line = |text| Line {
            text,
            at: 0,
            number,
            names,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if text.ends_with('\r') => {
                Err(line(text).error_at(text.len() - 1, ParseErrorKind::CarriageReturn))
            }
            Ok(text) => Ok(line(text)),
            Err(error) => {
                let valid = &bytes[..error.valid_up_to()];
                let text = std::str::from_utf8(valid).unwrap_or_default();
                Err(line(text).error_at_end(ParseErrorKind::NotUtf8))
            }
        }
    }

    pub(super) fn error(&self, reason: ParseErrorKind) -> ParseError {
        self.error_at(self.at, reason)
    }

    pub(super) fn error_at_end(&self, reason: ParseErrorKind) -> ParseError {
        self.error_at(self.text.len(), reason)
    }

    pub(super) fn error_at(&self, at: usize, reason: ParseErrorKind) -> ParseError {
        let column = self.text[..at].chars().count() + 1;
        ParseError::new(self.number, column, reason)
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// The text up to the next blank.
    fn take_word(&mut self) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find([' ', '\t']).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn take_name(&mut self, colons: bool) -> &'a str {
        let rest = self.rest();
        let name = &rest[..name_length(rest.as_bytes(), colons)];
        self.at += name.len();
        name
    }

    /// Reads a name, which may stand in quotation marks where UTF-8 names are taken.
    fn name(&mut self, colons: bool) -> Result<(String, NameValidation), ParseError> {
        let start = self.at;
        if !self.take('"') {
            let name = self.take_name(colons).to_owned();
            return Ok((name, NameValidation::Legacy));
        }
        if self.names == NameValidation::Legacy {
            return Err(self.error_at(start, ParseErrorKind::QuotedName));
        }
        match self.quoted()? {
            Some(name) => Ok((name, NameValidation::Utf8)),
            None => Err(self.error_at(start, ParseErrorKind::OpenName)),
        }
    }

    /// Reads up to the closing quotation mark; the opening one has been read. None when there is no closing one.
    fn quoted(&mut self) -> Result<Option<String>, ParseError> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(Some(text)),
                Some('\\') => text.push(self.escape(true)?),
                Some(character) => text.push(character),
                None => return Ok(None),
            }
        }
    }

    /// Reads what follows `#`: a HELP or TYPE line, or nothing of meaning.
    pub(super) fn comment(&mut self) -> Result<Option<Comment>, ParseError> {
        self.skip_blanks();
        let keyword = match self.take_word() {
            "HELP" => "HELP",
            "TYPE" => "TYPE",
            _ => return Ok(None),
        };
        self.skip_blanks();
        let start = self.at;
        let (name, names) = self.name(true)?;
        let blank = self.rest().starts_with([' ', '\t']);
        if self.at_end() {
            return Ok(None);
        }
        let Some(name) = MetricName::checked(name, names).ok().filter(|_| blank) else {
            return Err(self.error_at(start, ParseErrorKind::NoMetricNameInComment { keyword }));
        };
        self.skip_blanks();
        if self.at_end() {
            return Ok(None);
        }
        let content = if keyword == "HELP" {
            CommentContent::Help(self.unescape_help()?)
        } else {
            CommentContent::Type(self.metric_type()?)
        };
        Ok(Some(Comment {
            at: start,
            name,
            content,
        }))
    }

    fn metric_type(&self) -> Result<MetricType, ParseError> {
        let word = self.rest();
        [
            MetricType::Counter,
            MetricType::Gauge,
            MetricType::Histogram,
            MetricType::Summary,
            MetricType::Untyped,
        ]
        .into_iter()
        .find(|metric_type| word.eq_ignore_ascii_case(metric_type.as_str()))
        .ok_or_else(|| {
            self.error(ParseErrorKind::UnknownType {
                found: word.to_owned(),
            })
        })
    }

    fn unescape_help(&mut self) -> Result<String, ParseError> {
        let mut help = String::new();
        while let Some(character) = self.next() {
            if character == '\\' {
                help.push(self.escape(false)?);
            } else {
                help.push(character);
            }
        }
        Ok(help)
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// The character that an escape stands for; the backslash has been read. A label value may escape its quotation
    /// mark, a help text has none.
    fn escape(&mut self, quotes: bool) -> Result<char, ParseError> {
        let backslash = self.at - 1;
        let found = match self.next() {
            Some('\\') => return Ok('\\'),
            Some('n') => return Ok('\n'),
            Some('"') if quotes => return Ok('"'),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let allowed = if quotes {
            r#"`\\`, `\n` and `\"`"#
        } else {
            r"`\\` and `\n`"
        };
        Err(self.error_at(backslash, ParseErrorKind::BadEscape { found, allowed }))
    }

    /// Reads a sample line.
    pub(super) fn sample(&mut self) -> Result<Sample<'a>, ParseError> {
        let at = self.at;
        let series = self.series()?;
        self.skip_blanks();
        let start = self.at;
        let text = self.take_word();
        if text.is_empty() {
            let series = format!("{}{}", series.name, series.labels);
            return Err(self.error_at(start, ParseErrorKind::NoValue { series }));
        }
        let Some(value) = parse_float(text) else {
            let found = text.to_owned();
            return Err(self.error_at(start, ParseErrorKind::NotANumber { found }));
        };
        if !self.at_end() {
            let trailing = self.at;
            self.skip_blanks();
            let found = self.rest();
            let reason = if found.parse::<i64>().is_ok() {
                ParseErrorKind::Timestamp
            } else {
                ParseErrorKind::Trailing {
                    found: self.text[trailing..].to_owned(),
                }
            };
            return Err(self.error_at(trailing, reason));
        }
        Ok(Sample {
            at,
            value_at: start,
            series,
            text,
            value,
        })
    }

    /// Reads a name and, in braces, labels.
    pub(super) fn series(&mut self) -> Result<Series, ParseError> {
        let start = self.at;
        let name = if self.rest().starts_with('{') {
            self.name_in_braces()?
        } else {
            let name = MetricName::new(self.take_name(true).to_owned())
                .map_err(|_| self.error_at(start, ParseErrorKind::NoMetricName))?;
            let before_blanks = self.at;
            self.skip_blanks();
            if !self.take('{') {
                self.at = before_blanks;
                let labels = Labels::none();
                return Ok(Series { name, labels });
            }
            name
        };
        let mut pairs: Vec<(LabelName, String)> = Vec::new();
        loop {
            self.skip_blanks();
            if self.take('}') {
                break;
            }
            let start = self.at;
            let (label, value) = self.label()?;
            if pairs.iter().any(|(other, _)| *other == label) {
                let label = label.to_string();
                let reason = FamilyError::DuplicateLabel { label };
                return Err(self.error_at(start, ParseErrorKind::Family(reason)));
            }
            self.skip_blanks();
            if !self.take(',') && !self.rest().starts_with('}') {
                let label = label.to_string();
                return Err(self.error(ParseErrorKind::NoComma { label }));
            }
            pairs.push((label, value));
        }
        let labels = Labels::from_pairs(pairs)
            .map_err(|error| self.error_at(start, ParseErrorKind::Family(error)))?;
        Ok(Series { name, labels })
    }

    /// Reads the metric name that stands first in braces, and the comma behind it.
    fn name_in_braces(&mut self) -> Result<MetricName, ParseError> {
        let start = self.at;
        self.take('{');
        self.skip_blanks();
        let at = self.at;
        if !self.rest().starts_with('"') {
            return Err(self.error_at(start, ParseErrorKind::NoMetricName));
        }
        let (name, names) = self.name(true)?;
        let name = MetricName::checked(name, names)
            .map_err(|_| self.error_at(at, ParseErrorKind::NoMetricName))?;
        self.skip_blanks();
        if !self.take(',') && !self.rest().starts_with('}') {
            return Err(self.error(ParseErrorKind::NoCommaAfterName));
        }
        Ok(name)
    }

    fn label(&mut self) -> Result<(LabelName, String), ParseError> {
        let start = self.at;
        let (name, names) = self.name(false)?;
        let label = LabelName::checked(name, names).map_err(|error| {
            let reason = match error {
                NameError::ReservedLabel { name } => ParseErrorKind::ReservedLabel { label: name },
                _ => ParseErrorKind::NoLabelName,
            };
            self.error_at(start, reason)
        })?;
        self.skip_blanks();
        if !self.take('=') {
            let label = label.to_string();
            return Err(self.error(ParseErrorKind::NoEquals { label }));
        }
        self.skip_blanks();
        let quote = self.at;
        if !self.take('"') {
            let label = label.to_string();
            return Err(self.error(ParseErrorKind::NoOpeningQuote { label }));
        }
        let Some(value) = self.quoted()? else {
            let label = label.to_string();
            return Err(self.error_at(quote, ParseErrorKind::NoClosingQuote { label }));
        };
        Ok((label, value))
    }
}
