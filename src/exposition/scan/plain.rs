//! Sample lines as nearly all are written: `rows{table="users",shard="7"} 42`, without blanks,
//! escapes or anything else out of the ordinary.

use crate::exposition::model::{name_length, name_run};

use super::float::is_float;
use super::quote::quote_or_escape;
use super::statement::{FEW_LABELS, LabelSpan, SampleParts, Span};

/// Reads such a line. False for any other, which says nothing about whether it is right.
pub(super) fn plain_sample(line: &[u8], parts: &mut SampleParts) -> bool {
    parts.labels.clear();
    let name = Span {
        start: 0,
        end: plain_name(line, &mut parts.known),
    };
    let mut at = name.end;
    if line.get(at) == Some(&b'{') {
        match plain_labels(line, at + 1, &mut parts.labels) {
            Some(end) => at = end,
            None => return false,
        }
    }
    if name.end == 0 || line.get(at) != Some(&b' ') {
        return false;
    }
    parts.at = 0;
    parts.name_at = 0;
    parts.name = name;
    parts.value = Span {
        start: at + 1,
        end: line.len(),
    };
    parts.repeated = None;
    parts.timestamp = None;
    parts.exemplar = None;
    is_float(parts.value.of(line))
}

/// How long the name is at the beginning of a line.
fn plain_name(line: &[u8], known: &mut Vec<u8>) -> usize {
    let behind = line.strip_prefix(known.as_slice());
    if !known.is_empty() && matches!(behind, Some([b'{' | b' ', ..])) {
        return known.len();
    }
    let length = name_length(line, true);
    known.clear();
    known.extend_from_slice(&line[..length]);
    length
}

/// Reads labels up to the closing brace, and says what follows that.
fn plain_labels(line: &[u8], start: usize, labels: &mut Vec<LabelSpan>) -> Option<usize> {
    if !line.is_ascii() && std::str::from_utf8(line).is_err() {
        return None;
    }
    let mut at = start;
    loop {
        let name = Span {
            start: at,
            end: at + name_run(&line[at..], false),
        };
        let raw = name.of(line);
        let begins_well = !raw.first()?.is_ascii_digit() && !raw.starts_with(b"__");
        if !begins_well || !line[name.end..].starts_with(b"=\"") {
            return None;
        }
        let start = name.end + 2;
        let end = start + quote_or_escape(&line[start..])?;
        let value = Span { start, end };
        let is_new = labels.iter().all(|other| other.name.of(line) != raw);
        if line[end] != b'"' || !is_new || labels.len() >= FEW_LABELS {
            return None;
        }
        labels.push(LabelSpan { name, value });
        at = end + 2;
        match line.get(end + 1)? {
            b',' => {}
            b'}' => return Some(at),
            _ => return None,
        }
    }
}
