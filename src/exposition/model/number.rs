//! Numbers, as the format spells them.

use std::fmt::Write;
use std::ops::Range;

/// The shortest text that reads back as the same number: `42`, `0.1`, `1.5e300`, `NaN`, `+Inf`,
/// `-Inf`.
#[must_use]
pub fn format_float(number: f64) -> String {
    let mut text = String::new();
    push_float(&mut text, number);
    text
}

/// Numbers below this that are whole are written as such, which takes less time.
const WHOLE: f64 = 1e15;

/// Numbers in this range that are not whole are written with a point and without an exponent by
/// whatever writes them the shortest way.
const PLAIN: Range<f64> = 1e-3..WHOLE;

pub(in crate::exposition) fn push_float(out: &mut String, number: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "it is in range")]
    let is_whole = (whole as f64).to_bits() == number.to_bits() && number.abs() < WHOLE;
    if !is_whole && PLAIN.contains(&number.abs()) {
        out.push_str(zmij::Buffer::new().format_finite(number));
        return;
    }
    // Writing to a text does not fail.
    let _ = if is_whole {
        write!(out, "{whole}")
    } else if number.is_nan() {
        write!(out, "NaN")
    } else if number.is_infinite() {
        write!(out, "{}Inf", if number > 0.0 { '+' } else { '-' })
    } else if number != 0.0 && !(1e-5..1e17).contains(&number.abs()) {
        write!(out, "{number:e}")
    } else {
        write!(out, "{number}")
    };
}
