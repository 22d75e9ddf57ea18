//! Secrets are removed from text that a server has sent, before anything of it is shown.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Minimum length of a secret that is removed, in bytes. A shorter one occurs in messages by chance.
const SHORTEST_SECRET: usize = 4;

/// The secrets of one request, in every form in which a server may repeat them.
pub(super) struct Redactor {
    needles: Vec<Vec<u8>>,
}

impl Redactor {
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            // Padding is optional in base64, and the two alphabets differ in two characters.
            let unpadded = secret.trim_end_matches('=');
            needles.extend([
                unpadded.as_bytes().to_vec(),
                unpadded.replace('+', "-").replace('/', "_").into_bytes(),
                STANDARD_NO_PAD.encode(secret).into_bytes(),
                URL_SAFE_NO_PAD.encode(secret).into_bytes(),
            ]);
        }
        needles.retain(|needle| needle.len() >= SHORTEST_SECRET);
        Self { needles }
    }

    /// Replaces each secret by an ellipsis, also where it is percent-encoded or escaped as in JSON
    /// or HTML. Half a secret is found only at the end of a text that `is_cut` there.
    pub(super) fn redact(&self, text: &str, is_cut: bool) -> String {
        let mut ranges = Vec::new();
        for decode in [percent, json, html] {
            let decoded = Decoded::new(text, decode);
            for needle in &self.needles {
                ranges.extend(decoded.find(needle));
                if is_cut {
                    ranges.extend(decoded.find_start(needle));
                }
            }
        }
        ranges.sort_unstable();
        let mut redacted = String::new();
        let mut end = 0;
        for (from, mut to) in ranges {
            // The padding of base64.
            to += text[to..].bytes().take_while(|&byte| byte == b'=').count();
            if from >= end {
                redacted.push_str(&text[end..from]);
                redacted.push('…');
            }
            end = end.max(to);
        }
        redacted.push_str(&text[end..]);
        redacted
    }
}

/// A text without an escaping, and the range in the text that each byte stands for.
struct Decoded {
    bytes: Vec<u8>,
    ranges: Vec<(usize, usize)>,
}

/// The bytes that the start of a text stands for, and its length, where it is an escape.
type Decoder = fn(&str) -> Option<(Vec<u8>, usize)>;

impl Decoded {
    fn new(text: &str, decode: Decoder) -> Self {
        let (mut bytes, mut ranges) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(character) = text[at..].chars().next() {
            let plain = || {
                let length = character.len_utf8();
                (text.as_bytes()[at..at + length].to_vec(), length)
            };
            let (decoded, length) = decode(&text[at..]).unwrap_or_else(plain);
            ranges.extend(decoded.iter().map(|_| (at, at + length)));
            bytes.extend(decoded);
            at += length;
        }
        Self { bytes, ranges }
    }

    /// Every place of a secret.
    fn find(&self, secret: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let windows = self.bytes.windows(secret.len()).enumerate();
        let found = windows.filter(move |(_, window)| *window == secret);
        found.map(move |(at, _)| (self.ranges[at].0, self.ranges[at + secret.len() - 1].1))
    }

    /// The start of a secret at the end of the text.
    fn find_start(&self, secret: &[u8]) -> Option<(usize, usize)> {
        let length = (1..secret.len())
            .rev()
            .find(|&length| self.bytes.ends_with(&secret[..length]))?;
        let first = self.ranges[self.bytes.len() - length].0;
        Some((first, self.ranges.last()?.1))
    }
}

fn percent(text: &str) -> Option<(Vec<u8>, usize)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    Some((vec![byte], 3))
}

fn json(text: &str) -> Option<(Vec<u8>, usize)> {
    let rest = text.strip_prefix('\\')?;
    match rest.strip_prefix('u') {
        Some(rest) => {
            let code = u32::from_str_radix(rest.get(..4)?, 16).ok()?;
            Some((char::from_u32(code)?.to_string().into_bytes(), 6))
        }
        None => Some((rest.chars().next()?.to_string().into_bytes(), 2))
            .filter(|(escaped, _)| matches!(escaped[..], [b'"' | b'\\' | b'/' | b'\''])),
    }
}

fn html(text: &str) -> Option<(Vec<u8>, usize)> {
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    let character = match (name, name.strip_prefix('#')) {
        ("amp", _) => '&',
        ("lt", _) => '<',
        ("gt", _) => '>',
        ("quot", _) => '"',
        ("apos", _) => '\'',
        (_, Some(code)) => char::from_u32(match code.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => code.parse().ok()?,
        })?,
        _ => return None,
    };
    Some((character.to_string().into_bytes(), name.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_in_every_form() {
        let redactor = Redactor::new(["p<w+/é=", "dTpwPHcrL8OpPQ==", "abc"]);
        for (text, shown) in [
            ("a p<w+/é= b", "a … b"),
            ("%70%3cw%2B%2F%C3%A9= %zz %", "… %zz %"),
            (r#"{"a": "p\u003cw+\/\u00e9="}"#, r#"{"a": "…"}"#),
            ("<b>p&lt;w&#43;&#x2F;é=</b> &nope; &", "<b>…</b> &nope; &"),
            ("Basic dTpwPHcrL8OpPQ==", "Basic …"),
            ("Basic dTpwPHcrL8OpPQ.", "Basic …."),
            ("dTpwPHcrL8OpPQ%3D%3D", "…%3D%3D"),
            ("cDx3Ky/DqT0 cDx3Ky_DqT0", "… …"),
            ("abc p<w", "abc p<w"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text, false), shown, "{text}");
        }
    }

    #[test]
    fn of_a_text_that_was_cut_no_half_secret_is_left() {
        let redactor = Redactor::new(["correct-horse"]);
        let text = format!("{}%63orrect-hor", "x".repeat(200));
        assert_eq!(
            redactor.redact(&text, true),
            format!("{}…", "x".repeat(200))
        );
        assert_eq!(redactor.redact("correct", false), "correct");
    }
}
