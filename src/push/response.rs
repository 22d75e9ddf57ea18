//! The response of a gateway.

use std::time::{Duration, SystemTime};

/// The most that is shown of an answer, in characters.
const MESSAGE_LIMIT: usize = 500;

/// One response, as far as it matters.
#[derive(Debug)]
pub(super) struct GatewayResponse {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) date: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    /// The start of the body.
    pub(super) content: Vec<u8>,
    /// True when the body is longer than what was read of it.
    pub(super) is_cut: bool,
}

impl GatewayResponse {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns true for a body without text, as that of every response of a gateway to a push is.
    pub(super) fn is_blank(&self) -> bool {
        self.content.trim_ascii().is_empty()
    }

    /// Where it sends us, if it does.
    pub(super) fn redirect(&self) -> Option<&str> {
        let location = self.location.as_deref();
        location.filter(|_| (300..400).contains(&self.status))
    }

    /// The pause that the server asks for. A date counts from the server's own, where it says it,
    /// because clocks differ; <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>.
    pub(super) fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let asked = self.retry_after.as_deref()?.trim();
        if let Ok(seconds) = asked.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = parse_date(asked)?;
        let own = self.date.as_deref().and_then(parse_date).unwrap_or(now);
        Some(until.duration_since(own).unwrap_or_default())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }
}

/// Parses the date of a header.
pub(super) fn parse_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// The line of an answer that says most: the first that is not blank, with the next one where it
/// only counts what follows. Of a page in HTML, its title.
pub(super) fn first_line(text: &str) -> String {
    if text.trim_start().starts_with('<') {
        if let Some(title) = title(text) {
            return printable(title.trim());
        }
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.next() {
        Some(next) if first.ends_with("occurred:") => {
            printable(&format!("{first} {}", next.trim_start_matches("* ")))
        }
        _ => printable(first),
    }
}

fn title(page: &str) -> Option<&str> {
    // The same length as the page, unlike with the lower case of other letters.
    let lower = page.to_ascii_lowercase();
    let begin = lower.find("<title>")? + "<title>".len();
    let length = lower[begin..].find("</title>")?;
    Some(&page[begin..begin + length]).filter(|title| !title.trim().is_empty())
}

/// A text from outside, made fit for one line of a terminal.
pub(super) fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MESSAGE_LIMIT)
        .map(|character| {
            if character.is_control() || is_direction_mark(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect();
    if text.chars().nth(MESSAGE_LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns true for a character that changes the direction of the text around it, and so the order
/// in which a terminal shows it.
fn is_direction_mark(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content: &str) -> GatewayResponse {
        GatewayResponse {
            status: 503,
            location: None,
            retry_after: None,
            date: None,
            content_type: None,
            content_encoding: None,
            is_cut: false,
            content: content.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_headline_is_the_line_that_says_most() {
        for (content, first_line) in [
            ("", ""),
            ("\n \nno\nmore", "no"),
            ("a\u{202e}b", "a\u{fffd}b"),
            ("a\u{1b}[1mb\tc", "a\u{fffd}[1mb\u{fffd}c"),
            (
                "2 error(s) occurred:\n* first\n* second",
                "2 error(s) occurred: first",
            ),
            ("2 error(s) occurred:\n", "2 error(s) occurred:"),
            (
                "<html>\r\n<head><TITLE> 502 Bad Gateway</TITLE></head>",
                "502 Bad Gateway",
            ),
            ("<html>\n<title></title>", "<html>"),
            ("<title>é", "<title>é"),
        ] {
            assert_eq!(super::first_line(content), first_line, "{content:?}");
        }
        let long = first_line(&"é".repeat(600));
        assert_eq!(long, format!("{}…", "é".repeat(500)));
    }

    #[test]
    fn retry_after_is_in_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 12:00:00 GMT").unwrap();
        for (retry_after, date, seconds) in [
            ("3", None, Some(3)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999999", None, None),
            ("-1", None, None),
            ("soon", None, None),
            ("Sun, 22 Nov 2026 12:00:07 GMT", None, Some(7)),
            ("Sun, 22 Nov 2026 11:00:00 GMT", None, Some(0)),
            ("Sunday, 22-Nov-26 12:00:07 GMT", None, Some(7)),
            // A server whose clock is an hour behind.
            (
                "Sun, 22 Nov 2026 11:00:05 GMT",
                Some("Sun, 22 Nov 2026 11:00:00 GMT"),
                Some(5),
            ),
            ("Sun, 22 Nov 2026 12:00:07 GMT", Some("?"), Some(7)),
        ] {
            let asked = GatewayResponse {
                retry_after: Some(retry_after.to_owned()),
                date: date.map(str::to_owned),
                ..answer("")
            };
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(asked.retry_after(now), expected, "{retry_after}");
        }
    }
}
