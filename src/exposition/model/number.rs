//! Numbers, as the format spells them.

use std::fmt::Write;
use std::ops::Range;

/// The shortest text that reads back as the same number: `42`, `0.1`, `1.5e300`, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn format_float(number: f64) -> String {
    let mut text = String::new();
    push_float(&mut text, number);
    text
}

/// Numbers below this that are whole are written as such, which takes less time.
const WHOLE: f64 = 1e15;

/// Numbers in this range that are not whole are written with a point and without an exponent by whatever writes them the
/// shortest way.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_any_size_read_back_the_same_and_are_no_longer_than_they_must_be() {
        let mut bits: u64 = 1;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // From 2^-13 to 2^51, around all that is written in this way.
            let exponent = 1023 - 13 + (bits >> 58);
            let number = f64::from_bits((exponent << 52) | (bits >> 6 & ((1 << 52) - 1)));
            for number in [number, -number] {
                let text = format_float(number);
                assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
                // Where two are as short, each writer has its own.
                assert_eq!(text.len(), number.to_string().len(), "{text}");
            }
        }
    }

    #[test]
    fn numbers_are_spelled_shortest_and_read_back_the_same() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (42.0, "42"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1_795_340_000.123_456, "1795340000.123456"),
            (1e16, "10000000000000000"),
            (1e17, "1e17"),
            (1e-5, "0.00001"),
            (1e-6, "1e-6"),
            (1.5e300, "1.5e300"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(format_float(number), text);
            let back: f64 = text.parse().unwrap();
            assert!(
                back.to_bits() == number.to_bits() || number.is_nan(),
                "{text}"
            );
        }
    }
}
