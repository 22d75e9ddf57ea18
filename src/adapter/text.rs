//! Metric families from the text that another crate writes.

use std::io::Read;
use std::ops::ControlFlow;

use crate::exposition::{
    Check, Format, Inspector, MetricFamilies, ParseError, Problem, Purpose, Severity, parse,
};

use super::error::AdapterError;

/// Maximum length of a line in an error, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// Reads the text that another crate has written.
pub(super) fn read(
    of: &'static str,
    text: &[u8],
    format: Format,
) -> Result<MetricFamilies, AdapterError> {
    let wrong = |text: &[u8], source: ParseError| {
        let mut lines = text.split(|byte| *byte == b'\n');
        let line = lines.nth(source.line().saturating_sub(1));
        let line = String::from_utf8_lossy(line.unwrap_or_default());
        AdapterError::Text {
            of,
            line: line.chars().take(SHOWN_CHARACTERS).collect(),
            source: Box::new(source),
        }
    };
    let unread = |error: std::io::Error| AdapterError::NotWritten {
        of,
        reason: error.to_string(),
    };
    // The rules of a gateway are applied by a push: these families may be for another sink.
    let check = Check::new()
        .format(format)
        .strip_timestamps()
        .purpose(Purpose::Reading);
    let mut first = FirstError::default();
    let checked = check.run(&text, &mut first).map_err(unread)?;
    if let Some(error) = first.error {
        return Err(wrong(text, error));
    }
    let mut normalized = Vec::new();
    let mut output = check.output(&text, &checked);
    output.read_to_end(&mut normalized).map_err(unread)?;
    parse(&normalized).map_err(|error| wrong(&normalized, error))
}

/// The first error in a text.
#[derive(Default)]
struct FirstError {
    error: Option<ParseError>,
}

impl Inspector for FirstError {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if problem.severity() != Severity::Error {
            return ControlFlow::Continue(());
        }
        self.error = Some(problem.error().clone());
        ControlFlow::Break(())
    }
}
