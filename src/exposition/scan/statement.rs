//! What a line says: places in it, of which nothing is copied.

use std::borrow::Cow;
use std::ops::Deref;

use crate::exposition::model::MetricType;

use super::float::parse_float_bytes;

/// Most labels of which each is compared with all others, and that a message shows.
pub(super) const FEW_LABELS: usize = 32;

/// The most that a message shows of a text, in characters.
const SHOWN: usize = 100;

/// A piece of a line, by bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn of<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        &line[self.start..self.end]
    }
}

/// A label as it stands in a line, both without quotation marks and with its escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelSpan {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// What a line says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Statement<'a> {
    /// Nothing: it is blank or a comment.
    Nothing,
    /// A HELP or TYPE line that ends behind the name.
    Mention {
        name: Name<'a>,
    },
    /// The text is the rest of the line. It may not be UTF-8, which a gateway takes.
    Help {
        name: Name<'a>,
        line: &'a [u8],
        at: usize,
    },
    Type {
        name: Name<'a>,
        declared: Declared,
    },
    Sample(SampleLine<'a>),
}

/// What a TYPE line declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Type(MetricType),
    /// A type that gateways know by name, but cannot show.
    GaugeHistogram,
}

/// A metric name in a line, without quotation marks and with its escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    /// Where it stands, with the quotation mark.
    pub(crate) at: usize,
    pub(crate) raw: &'a [u8],
}

/// A sample line. It is handed on often, and so but a reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleLine<'a> {
    pub(crate) line: &'a [u8],
    pub(super) parts: &'a SampleParts,
}

/// Where the parts of a sample stand in its line.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleParts {
    /// Where it begins.
    pub(crate) at: usize,
    /// Where the name begins, with its quotation mark.
    pub(crate) name_at: usize,
    pub(crate) name: Span,
    /// A name that has been read before, which is mostly the next too.
    pub(super) known: Vec<u8>,
    pub(crate) labels: Vec<LabelSpan>,
    /// Where a name `le` or `quantile` stands that was there before: only the type tells whether it
    /// may.
    pub(crate) repeated: Option<Span>,
    pub(crate) value: Span,
    pub(crate) timestamp: Option<Span>,
    /// Where an exemplar begins, as the other dialect has them.
    pub(crate) exemplar: Option<usize>,
}

impl Deref for SampleLine<'_> {
    type Target = SampleParts;

    fn deref(&self) -> &SampleParts {
        self.parts
    }
}

impl<'a> SampleLine<'a> {
    pub(crate) fn name(&self) -> Name<'a> {
        Name {
            at: self.parts.name_at,
            raw: self.parts.name.of(self.line),
        }
    }

    /// The value, which has been found to be a number.
    pub(crate) fn number(&self) -> f64 {
        parse_float_bytes(self.value.of(self.line)).unwrap_or(f64::NAN)
    }

    /// Names and values of the labels, as they stand in the line.
    pub(crate) fn raw_labels(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let line = self.line;
        let labels = self.parts.labels.iter();
        labels.map(move |label| (label.name.of(line), label.value.of(line)))
    }

    /// The series as text, for messages.
    pub(crate) fn series(&self) -> String {
        let mut text = unescape(self.name().raw).into_owned();
        for (index, (name, value)) in self.raw_labels().enumerate().take(FEW_LABELS) {
            text.push(if index == 0 { '{' } else { ',' });
            text.extend([&shortened(name), "=\"", &shortened(value), "\""]);
        }
        if !self.labels.is_empty() {
            text.push('}');
        }
        text
    }
}

/// Text without its escapes, which have been checked.
pub(crate) fn unescape(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    if !raw.contains(&b'\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(plain)
}

/// Text for a message.
pub(super) fn shortened(bytes: &[u8]) -> String {
    // No character has more than four bytes.
    let most = bytes.len().min(SHOWN * 4 + 4);
    let text = String::from_utf8_lossy(&bytes[..most]);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
