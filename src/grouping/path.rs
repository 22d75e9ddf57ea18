//! Encoding of a grouping key in the path of a request.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::exposition::is_legacy_label;

/// Beginning of an escaped name.
pub(super) const ESCAPED: &str = "U__";

/// Path of a group with these labels, whose names `push_name` writes.
pub(super) fn group_path<'a>(
    labels: impl Iterator<Item = (&'a str, &'a str)>,
    push_name: impl Fn(&mut String, &str),
) -> String {
    let mut path = String::from("/metrics");
    for (name, value) in labels {
        path.push('/');
        push_name(&mut path, name);
        if is_plain(value) {
            path.push('/');
            path.push_str(value);
        } else {
            path.push_str("@base64/");
            if value.is_empty() {
                path.push('=');
            } else {
                URL_SAFE_NO_PAD.encode_string(value, &mut path);
            }
        }
    }
    path
}

/// Checks that a gateway reads the escaped form of a name: it takes at most five digits of a
/// character's number.
pub(super) fn can_be_escaped(name: &str) -> bool {
    name.chars().all(|character| character < '\u{100000}')
}

/// Writes a label name, in escaped form where it is not one of the legacy scheme: an underscore
/// becomes two, and a character that cannot stand in such a name its number in hexadecimal between
/// two of them.
pub(super) fn push_escaped(path: &mut String, name: &str) {
    if is_legacy_label(name) {
        path.push_str(name);
        return;
    }
    path.push_str(ESCAPED);
    for (index, character) in name.chars().enumerate() {
        match character {
            '_' => path.push_str("__"),
            'a'..='z' | 'A'..='Z' => path.push(character),
            '0'..='9' if index > 0 => path.push(character),
            other => {
                // Writing to a string does not fail.
                let _ = write!(path, "_{:x}_", u32::from(other));
            }
        }
    }
}

/// Writes a label name with all but letters, digits and underscores percent-encoded.
pub(super) fn push_encoded(path: &mut String, name: &str) {
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            path.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

fn is_plain(value: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'~' | b'-');
    !matches!(value, "" | "." | "..") && value.bytes().all(safe)
}
