//! [OpenMetrics] text, turned into the text format line by line.
//!
//! [OpenMetrics]: https://prometheus.io/docs/specs/om/open_metrics_spec/

use std::collections::HashSet;

use crate::exposition::model::NameValidation;
use crate::exposition::scan::{
    Dialect, LineError, Metadata, SampleLine, Scanner, Statement, SyntaxError, metadata,
};

use super::changes::Normalizations;

/// Reasons why a text is not in the other format.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum OpenMetricsError {
    #[error("the text does not end with `# EOF`, as OpenMetrics does: it may have been cut off")]
    NoEof,
    #[error("there is something after `# EOF`")]
    AfterEof,
    #[error("the metadata of {metric} comes after its first sample")]
    MetadataAfterSample { metric: String },
    #[error(
        "{found:?} is not a type of OpenMetrics: counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown"
    )]
    UnknownType { found: String },
    #[error("metric family {metric} comes in two blocks, which OpenMetrics does not allow")]
    SecondBlock { metric: String },
    #[error("{sample} is no sample of {metric} in OpenMetrics, which has {endings}")]
    NotOfFamily {
        sample: String,
        metric: String,
        endings: String,
    },
}

impl OpenMetricsError {
    fn at(self, at: usize) -> LineError {
        LineError::new(at, self)
    }
}

/// The types that the format has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenType {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    StateSet,
    Info,
    Summary,
    Unknown,
}

impl OpenType {
    fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"gaugehistogram" => Self::GaugeHistogram,
            b"stateset" => Self::StateSet,
            b"info" => Self::Info,
            b"summary" => Self::Summary,
            b"unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// The endings that the names of its samples have.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Gauge | Self::StateSet | Self::Unknown => &[""],
            Self::Info => &["_info"],
            Self::Histogram => &["_bucket", "_sum", "_count", "_created"],
            Self::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
            Self::Summary => &["", "_sum", "_count", "_created"],
        }
    }

    /// The family of the text format that samples with such an ending are in: the ending of its
    /// name, and its type.
    fn family(self, suffix: &'static str) -> (&'static str, &'static str) {
        match (self, suffix) {
            (_, "_created") => ("_created", "gauge"),
            (Self::Counter, suffix) => (suffix, "counter"),
            (Self::Gauge | Self::StateSet | Self::Info | Self::GaugeHistogram, suffix) => {
                (suffix, "gauge")
            }
            (Self::Histogram, _) => ("", "histogram"),
            (Self::Summary, _) => ("", "summary"),
            (Self::Unknown, _) => ("", "untyped"),
        }
    }
}

/// All endings that there are.
const ENDINGS: [&str; 8] = [
    "_total", "_created", "_info", "_bucket", "_sum", "_count", "_gsum", "_gcount",
];

/// The family that is being read.
struct OpenFamily {
    name: Vec<u8>,
    /// Whether the name stands in quotation marks.
    quoted: bool,
    open_type: OpenType,
    has_type: bool,
    help: Option<Vec<u8>>,
    /// The endings of the families that have been begun for it.
    begun: Vec<&'static str>,
}

impl OpenFamily {
    fn new(name: &[u8], quoted: bool) -> Self {
        Self {
            name: name.to_vec(),
            quoted,
            open_type: OpenType::Unknown,
            has_type: false,
            help: None,
            begun: Vec::new(),
        }
    }

    /// The ending that a sample of this name has, if it is one of this family.
    fn suffix_of(&self, sample: &[u8]) -> Option<&'static str> {
        let rest = sample.strip_prefix(self.name.as_slice())?;
        let suffixes = self.open_type.suffixes();
        let suffix = suffixes.iter().find(|suffix| suffix.as_bytes() == rest);
        // Some leave the ending of a counter in its name.
        let counter = self.open_type == OpenType::Counter && self.name.ends_with(b"_total");
        suffix
            .copied()
            .or((counter && rest.is_empty()).then_some(""))
    }

    /// Whether a sample of this name is meant for this family, of which it can be none.
    fn is_misnamed(&self, sample: &[u8]) -> bool {
        let rest = sample.strip_prefix(self.name.as_slice());
        let is_ending = |rest: &[u8]| ENDINGS.iter().any(|ending| ending.as_bytes() == rest);
        self.has_type
            && rest
                .is_some_and(|rest| rest.is_empty() || (self.begun.is_empty() && is_ending(rest)))
    }

    /// Writes the lines before the first sample of a family of the text format.
    fn begin(&mut self, suffix: &'static str, out: &mut Vec<u8>) {
        let (suffix, metric_type) = self.open_type.family(suffix);
        if self.begun.contains(&suffix) {
            return;
        }
        self.begun.push(suffix);
        if let Some(help) = &self.help {
            self.comment("HELP", suffix, help, out);
        }
        self.comment("TYPE", suffix, metric_type.as_bytes(), out);
    }

    fn comment(&self, keyword: &str, suffix: &str, text: &[u8], out: &mut Vec<u8>) {
        let quote: &[u8] = if self.quoted { b"\"" } else { b"" };
        for part in [
            b"# ",
            keyword.as_bytes(),
            b" ",
            quote,
            &self.name,
            suffix.as_bytes(),
            quote,
            b" ",
            text,
            b"\n",
        ] {
            out.extend_from_slice(part);
        }
    }
}

/// Turns one line after the other into lines of the text format.
pub(super) struct Converter {
    scanner: Scanner,
    names: NameValidation,
    family: Option<OpenFamily>,
    /// The names of the families that were before it.
    closed: HashSet<Vec<u8>>,
    /// Whether there was `# EOF`.
    ended: bool,
    /// Whether there was something behind it.
    has_more: bool,
    strip_timestamps: bool,
}

impl Converter {
    pub(super) fn new(names: NameValidation, strip_timestamps: bool) -> Self {
        let dialect = Dialect {
            names,
            open_metrics: true,
        };
        Self {
            scanner: Scanner::new(dialect),
            names,
            family: None,
            closed: HashSet::new(),
            ended: false,
            has_more: false,
            strip_timestamps,
        }
    }

    /// Writes what stands for a line, each line with its newline, and counts what was left out.
    pub(super) fn convert(
        &mut self,
        line: &[u8],
        out: &mut Vec<u8>,
        changes: &mut Normalizations,
    ) -> Result<(), LineError> {
        if self.ended {
            let is_blank = line.iter().all(u8::is_ascii_whitespace);
            if is_blank || std::mem::replace(&mut self.has_more, true) {
                return Ok(());
            }
            return Err(OpenMetricsError::AfterEof.at(0));
        }
        if line.trim_ascii_end() == b"# EOF" {
            self.ended = true;
            return Ok(());
        }
        if line.trim_ascii_start().first() == Some(&b'#') {
            return match metadata(line, self.names)? {
                Some(metadata) => self.metadata(&metadata, line),
                None => Ok(()),
            };
        }
        // The scanner is needed beside the rest of it.
        let mut scanner = std::mem::take(&mut self.scanner);
        let result = match scanner.scan(line) {
            Ok(Statement::Sample(sample)) => self.sample(&sample, out, changes),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        self.scanner = scanner;
        result
    }

    /// Ends the text, which has to have its last line.
    pub(super) fn finish(&self) -> Result<(), LineError> {
        if self.ended {
            Ok(())
        } else {
            Err(OpenMetricsError::NoEof.at(0))
        }
    }

    fn metadata(&mut self, found: &Metadata<'_>, line: &[u8]) -> Result<(), LineError> {
        let quoted = line.get(found.name.at) == Some(&b'"');
        let family = self.start_family(found.name.raw, quoted, found.name.at)?;
        let metric = || String::from_utf8_lossy(found.name.raw).into_owned();
        if !family.begun.is_empty() {
            let metric = metric();
            return Err(OpenMetricsError::MetadataAfterSample { metric }.at(found.name.at));
        }
        let text = found.text.of(line);
        let twice = match found.keyword {
            "TYPE" => {
                let Some(open_type) = OpenType::parse(text) else {
                    let word = String::from_utf8_lossy(text).into_owned();
                    let error = OpenMetricsError::UnknownType { found: word };
                    return Err(error.at(found.text.start));
                };
                family.open_type = open_type;
                std::mem::replace(&mut family.has_type, true)
            }
            "HELP" => family.help.replace(plain_help(text)).is_some(),
            // The unit is part of the name.
            _ => false,
        };
        if twice {
            let (metric, keyword) = (metric(), found.keyword);
            return Err(SyntaxError::SecondComment { keyword, metric }.at(found.name.at));
        }
        Ok(())
    }

    /// Goes on with the family of this name, or begins it.
    fn start_family(
        &mut self,
        name: &[u8],
        quoted: bool,
        at: usize,
    ) -> Result<&mut OpenFamily, LineError> {
        let is_next = |family: &OpenFamily| family.name != name;
        if let Some(last) = self.family.take_if(|family| is_next(family)) {
            self.closed.insert(last.name);
        }
        if self.closed.contains(name) {
            let metric = String::from_utf8_lossy(name).into_owned();
            return Err(OpenMetricsError::SecondBlock { metric }.at(at));
        }
        Ok(self
            .family
            .get_or_insert_with(|| OpenFamily::new(name, quoted)))
    }

    fn sample(
        &mut self,
        sample: &SampleLine<'_>,
        out: &mut Vec<u8>,
        changes: &mut Normalizations,
    ) -> Result<(), LineError> {
        let name = sample.name().raw;
        let at = sample.name().at;
        let current = self.family.as_ref();
        let suffix = if let Some(suffix) = current.and_then(|family| family.suffix_of(name)) {
            suffix
        } else {
            if let Some(family) = current.filter(|family| family.is_misnamed(name)) {
                return Err(not_of(family, name).at(at));
            }
            let quoted = sample.line.get(at) == Some(&b'"');
            self.start_family(name, quoted, at)?;
            ""
        };
        if let Some(timestamp) = sample.timestamp {
            if !self.strip_timestamps {
                return Err(SyntaxError::Timestamp.at(timestamp.start - 1));
            }
            changes.timestamps += 1;
        }
        changes.exemplars += u64::from(sample.exemplar.is_some());
        if let Some(family) = &mut self.family {
            family.begin(suffix, out);
        }
        out.extend_from_slice(&sample.line[sample.at..sample.value.end]);
        out.push(b'\n');
        Ok(())
    }
}

fn not_of(family: &OpenFamily, sample: &[u8]) -> OpenMetricsError {
    OpenMetricsError::NotOfFamily {
        sample: String::from_utf8_lossy(sample).into_owned(),
        metric: String::from_utf8_lossy(&family.name).into_owned(),
        endings: family
            .open_type
            .suffixes()
            .iter()
            .map(|suffix| format!("{}{suffix}", String::from_utf8_lossy(&family.name)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A help text as the text format has it, which does not escape quotation marks.
fn plain_help(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut escaped = false;
    for &byte in text {
        if escaped && byte == b'"' {
            plain.pop();
        }
        plain.push(byte);
        escaped = byte == b'\\' && !escaped;
    }
    plain
}
