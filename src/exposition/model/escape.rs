//! Names and texts, as the format spells them.

use super::names::is_bare;

/// Writes a name, in quotation marks where it is not one of the legacy scheme.
pub(in crate::exposition) fn push_name(out: &mut String, name: &str, colons: bool) {
    if is_bare(name, colons) {
        out.push_str(name);
    } else {
        out.push('"');
        push_escaped(out, name, true);
        out.push('"');
    }
}

/// Help texts escape the backslash and the newline, label values the quotation mark as well.
pub(in crate::exposition) fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    let special = |byte: &u8| matches!(byte, b'\\' | b'\n') || (quotes && *byte == b'"');
    while let Some(at) = rest.bytes().position(|byte| special(&byte)) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            _ => "\\\"",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
