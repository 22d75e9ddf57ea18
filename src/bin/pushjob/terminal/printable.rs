//! Text from outside, made fit for one line of a terminal.

use std::fmt::Write as _;

/// Replaces what would end the line, act on the terminal or turn the order of letters around by its
/// code, as in `\u{202e}`.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || turns_order(character) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns true for the marks of Unicode's bidirectional algorithm, and for the other separators of
/// lines.
fn turns_order(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}
