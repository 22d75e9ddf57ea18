use std::io::Read;
use std::ops::ControlFlow;

use crate::exposition::{
    Check, Format, Inspector, MetricFamilies, ParseError, Problem, Purpose, Severity, parse,
};

use super::error::AdapterError;

/// The most that is shown of a line, in characters.
const SHOWN_LINE: usize = 200;

/// Reads what another crate has written of its metrics.
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
            line: line.chars().take(SHOWN_LINE).collect(),
            source: Box::new(source),
        }
    };
    let unread = |error: std::io::Error| AdapterError::NotWritten {
        of,
        reason: error.to_string(),
    };
    // What a gateway makes of labels and names is for those who push to say: it may be for another sink.
    let check = Check::new()
        .format(format)
        .strip_timestamps()
        .purpose(Purpose::Reading);
    let mut first = First::default();
    let checked = check.run(&text, &mut first).map_err(unread)?;
    if let Some(error) = first.error {
        return Err(wrong(text, error));
    }
    let mut taken = Vec::new();
    let mut output = check.output(&text, &checked);
    output.read_to_end(&mut taken).map_err(unread)?;
    parse(&taken).map_err(|error| wrong(&taken, error))
}

/// The first thing that is wrong.
#[derive(Default)]
struct First {
    error: Option<ParseError>,
}

impl Inspector for First {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        if problem.severity() != Severity::Error {
            return ControlFlow::Continue(());
        }
        self.error = Some(problem.error().clone());
        ControlFlow::Break(())
    }
}
