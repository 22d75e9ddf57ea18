//! Lines of any kind, read piece by piece.

use std::collections::HashSet;

use crate::exposition::model::{FamilyError, MetricType, NameValidation, name_length};

use super::error::{LineError, SyntaxError};
use super::float::is_float;
use super::quote::quote_or_escape;
use super::statement::{
    Declared, FEW_LABELS, LabelSpan, Name, SampleLine, SampleParts, Span, Statement, shortened,
};

/// A line, and how far it has been read.
pub(super) struct Cursor<'a> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
    pub(super) names: NameValidation,
}

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn fail<T>(&self, reason: SyntaxError) -> Result<T, LineError> {
        Err(reason.at(self.at))
    }

    /// What there is up to the next blank.
    pub(super) fn word(&mut self) -> Span {
        let start = self.at;
        let rest = &self.line[start..];
        let blank = rest.iter().position(|byte| matches!(byte, b' ' | b'\t'));
        self.at += blank.unwrap_or(rest.len());
        Span {
            start,
            end: self.at,
        }
    }

    fn text(&self, span: Span) -> String {
        shortened(span.of(self.line))
    }

    pub(super) fn rest(&self) -> Span {
        Span {
            start: self.at,
            end: self.line.len(),
        }
    }

    /// Reads what follows `#`: a HELP or TYPE line, or nothing of meaning.
    pub(super) fn comment(&mut self) -> Result<Statement<'a>, LineError> {
        let Some(keyword) = self.keyword(&["HELP", "TYPE"]) else {
            return Ok(Statement::Nothing);
        };
        if self.peek().is_none() {
            return Ok(Statement::Nothing);
        }
        let name = self.name_in_comment(keyword)?;
        if self.peek().is_none() {
            return Ok(Statement::Nothing);
        }
        self.skip_blanks();
        if self.peek().is_none() {
            return Ok(Statement::Mention { name });
        }
        if keyword == "HELP" {
            let at = self.at;
            self.help(false)?;
            let line = self.line;
            return Ok(Statement::Help { name, line, at });
        }
        let declared = self.declared(self.rest())?;
        Ok(Statement::Type { name, declared })
    }

    /// Reads the word behind `#`, if it is one of these, and the blanks behind it.
    pub(super) fn keyword(&mut self, keywords: &[&'static str]) -> Option<&'static str> {
        self.skip_blanks();
        let word = self.word().of(self.line);
        self.skip_blanks();
        let mut keywords = keywords.iter().copied();
        keywords.find(|keyword| keyword.as_bytes() == word)
    }

    /// Reads the metric name behind a keyword.
    pub(super) fn name_in_comment(&mut self, keyword: &'static str) -> Result<Name<'a>, LineError> {
        let at = self.at;
        let raw = if self.peek() == Some(b'"') {
            self.quoted_name()?.of(self.line)
        } else {
            self.bare_name(true)
        };
        if raw.is_empty() || !matches!(self.peek(), None | Some(b' ' | b'\t')) {
            return Err(SyntaxError::NoMetricNameInComment { keyword }.at(at));
        }
        Ok(Name { at, raw })
    }

    /// The type that a word stands for. A gateway takes backslashes anywhere for nothing, and any
    /// word that is the one it knows in upper case, such as `ſummary`.
    fn declared(&self, span: Span) -> Result<Declared, LineError> {
        let found = self.text(span);
        let word = found.replace('\\', "").to_uppercase();
        let is = |name: &str| word == name.to_ascii_uppercase();
        MetricType::ALL
            .into_iter()
            .find(|metric_type| is(metric_type.as_str()))
            .map(Declared::Type)
            .or_else(|| is("gauge_histogram").then_some(Declared::GaugeHistogram))
            .ok_or_else(|| SyntaxError::UnknownType { found }.at(span.start))
    }

    pub(super) fn help(&mut self, quotes: bool) -> Result<(), LineError> {
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'\\' {
                self.escape(quotes)?;
            }
        }
        Ok(())
    }

    pub(super) fn utf8(&self, span: Span) -> Result<(), LineError> {
        let bytes = span.of(self.line);
        if bytes.is_ascii() {
            return Ok(());
        }
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(SyntaxError::NotUtf8.at(span.start + error.valid_up_to())),
        }
    }

    /// Checks an escape, of which the backslash has been read. A label value may escape its
    /// quotation mark; a help text has none.
    fn escape(&mut self, quotes: bool) -> Result<(), LineError> {
        match self.peek() {
            Some(b'\\' | b'n') => {}
            Some(b'"') if quotes => {}
            _ => {
                let rest = String::from_utf8_lossy(&self.line[self.at..]);
                let found = rest.chars().next().map(String::from).unwrap_or_default();
                let allowed = if quotes {
                    r#"`\\`, `\n` and `\"`"#
                } else {
                    r"`\\` and `\n`"
                };
                return Err(SyntaxError::BadEscape { found, allowed }.at(self.at - 1));
            }
        }
        self.at += 1;
        Ok(())
    }

    /// A name without quotation marks; a metric name may hold colons, a label name may not.
    pub(super) fn bare_name(&mut self, colons: bool) -> &'a [u8] {
        let start = self.at;
        self.at += name_length(&self.line[start..], colons);
        &self.line[start..self.at]
    }

    /// A name in quotation marks, where UTF-8 names are taken; the content of the marks.
    pub(super) fn quoted_name(&mut self) -> Result<Span, LineError> {
        let at = self.at;
        if self.names == NameValidation::Legacy {
            return self.fail(SyntaxError::QuotedName);
        }
        self.at += 1;
        self.quoted()?.ok_or_else(|| SyntaxError::OpenName.at(at))
    }

    /// Reads up to the closing quotation mark; the opening one has been read. None when there is no
    /// closing one.
    fn quoted(&mut self) -> Result<Option<Span>, LineError> {
        let start = self.at;
        loop {
            let rest = &self.line[self.at..];
            let Some(length) = quote_or_escape(rest) else {
                self.at = self.line.len();
                return Ok(None);
            };
            self.at += length + 1;
            if rest[length] == b'"' {
                let end = self.at - 1;
                let span = Span { start, end };
                self.utf8(span)?;
                return Ok(Some(span));
            }
            self.escape(true)?;
        }
    }

    /// Reads a sample line.
    pub(super) fn sample(
        &mut self,
        parts: &mut SampleParts,
        open_metrics: bool,
    ) -> Result<(), LineError> {
        parts.at = self.at;
        parts.repeated = None;
        parts.timestamp = None;
        parts.exemplar = None;
        self.series(parts)?;
        self.skip_blanks();
        parts.value = self.word();
        self.value(parts)?;
        if self.at < self.line.len() {
            self.end(parts, open_metrics)?;
        }
        Ok(())
    }

    /// Reads a name and, in braces, labels.
    pub(super) fn series(&mut self, parts: &mut SampleParts) -> Result<Name<'a>, LineError> {
        let name = self.name_and_labels(parts)?;
        parts.name_at = name.at;
        let start = name.at + usize::from(self.line[name.at] == b'"');
        let end = start + name.raw.len();
        parts.name = Span { start, end };
        Ok(name)
    }

    fn name_and_labels(&mut self, parts: &mut SampleParts) -> Result<Name<'a>, LineError> {
        parts.labels.clear();
        let at = self.at;
        let name = if self.peek() == Some(b'{') {
            self.name_in_braces()?
        } else {
            let raw = self.bare_name(true);
            if raw.is_empty() {
                return Err(SyntaxError::NoMetricName.at(at));
            }
            let behind = self.at;
            self.skip_blanks();
            if !self.take(b'{') {
                self.at = behind;
                return Ok(Name { at, raw });
            }
            Name { at, raw }
        };
        loop {
            self.skip_blanks();
            if self.take(b'}') {
                if parts.labels.len() > FEW_LABELS {
                    self.check_many_labels(parts)?;
                }
                return Ok(name);
            }
            let label = self.label(parts)?;
            self.skip_blanks();
            if !self.take(b',') && self.peek() != Some(b'}') {
                let label = self.text(label.name);
                return self.fail(SyntaxError::NoComma { label });
            }
            parts.labels.push(label);
        }
    }

    /// Reads the metric name that stands first in braces, and the comma behind it.
    fn name_in_braces(&mut self) -> Result<Name<'a>, LineError> {
        let start = self.at;
        self.at += 1;
        self.skip_blanks();
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(SyntaxError::NoMetricName.at(start));
        }
        let raw = self.quoted_name()?.of(self.line);
        if raw.is_empty() {
            return Err(SyntaxError::NoMetricName.at(at));
        }
        self.skip_blanks();
        if !self.take(b',') && self.peek() != Some(b'}') {
            return self.fail(SyntaxError::NoCommaAfterName);
        }
        Ok(Name { at, raw })
    }

    fn label(&mut self, parts: &mut SampleParts) -> Result<LabelSpan, LineError> {
        let at = self.at;
        let name = if self.peek() == Some(b'"') {
            self.quoted_name()?
        } else {
            let length = self.bare_name(false).len();
            Span {
                start: self.at - length,
                end: self.at,
            }
        };
        let raw = name.of(self.line);
        if raw.is_empty() {
            return Err(SyntaxError::NoLabelName.at(at));
        }
        if raw.starts_with(b"__") {
            let label = self.text(name);
            return Err(SyntaxError::ReservedLabel { label }.at(at));
        }
        // Among many labels it is looked at when all are there.
        let before = &parts.labels[..parts.labels.len().min(FEW_LABELS)];
        if before.iter().any(|other| other.name.of(self.line) == raw) {
            self.repeats(name, parts)?;
        }
        self.skip_blanks();
        if !self.take(b'=') {
            let label = self.text(name);
            return self.fail(SyntaxError::NoEquals { label });
        }
        self.skip_blanks();
        let quote = self.at;
        if !self.take(b'"') {
            let label = self.text(name);
            return self.fail(SyntaxError::NoOpeningQuote { label });
        }
        if let Some(value) = self.quoted()? {
            return Ok(LabelSpan { name, value });
        }
        let label = self.text(name);
        Err(SyntaxError::NoClosingQuote { label }.at(quote))
    }

    /// Looks whether there are two of a name among many labels.
    fn check_many_labels(&self, parts: &mut SampleParts) -> Result<(), LineError> {
        let mut seen = HashSet::new();
        let names: Vec<Span> = parts.labels.iter().map(|label| label.name).collect();
        for name in names {
            if !seen.insert(name.of(self.line)) {
                self.repeats(name, parts)?;
            }
        }
        Ok(())
    }

    /// Refuses a label that was there before, but for those of which a type may take more than one.
    fn repeats(&self, name: Span, parts: &mut SampleParts) -> Result<(), LineError> {
        if matches!(name.of(self.line), b"le" | b"quantile") {
            parts.repeated = Some(name);
            return Ok(());
        }
        let label = self.text(name);
        Err(LineError::new(
            name.start,
            FamilyError::DuplicateLabel { label },
        ))
    }

    /// Checks the value, which has been read.
    fn value(&self, parts: &SampleParts) -> Result<(), LineError> {
        let span = parts.value;
        if is_float(span.of(self.line)) {
            return Ok(());
        }
        let reason = if span.start == span.end {
            let line = self.line;
            let series = SampleLine { line, parts }.series();
            SyntaxError::NoValue { series }
        } else {
            let found = self.text(span);
            SyntaxError::NotANumber { found }
        };
        Err(reason.at(span.start))
    }

    /// Reads what stands behind the value.
    fn end(&mut self, parts: &mut SampleParts, open_metrics: bool) -> Result<(), LineError> {
        let behind = self.at;
        self.skip_blanks();
        if open_metrics && self.peek() == Some(b'#') {
            parts.exemplar = Some(self.at);
            return Ok(());
        }
        let word = self.word();
        let bytes = word.of(self.line);
        let is_timestamp = if open_metrics {
            is_float(bytes)
        } else {
            is_integer(bytes)
        };
        if is_timestamp {
            parts.timestamp = Some(word);
            let end = self.at;
            self.skip_blanks();
            if open_metrics && self.peek() == Some(b'#') {
                parts.exemplar = Some(self.at);
                return Ok(());
            }
            if end == self.line.len() {
                return Ok(());
            }
        }
        let span = Span {
            start: behind,
            end: self.line.len(),
        };
        let found = self.text(span);
        Err(SyntaxError::Trailing { found }.at(behind))
    }
}

/// Whether this is a timestamp: a whole number of 64 bits.
fn is_integer(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| word.parse::<i64>().is_ok())
}
