//! Numbers, as the format spells them.

/// Reads a number as the format spells it: decimal, with or without exponent, `NaN`, `Inf` and `Infinity` in any case.
/// Hexadecimal numbers, underscores and numbers out of range are none.
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    parse_float_bytes(text.as_bytes())
}

pub(crate) fn parse_float_bytes(text: &[u8]) -> Option<f64> {
    if let Some(number) = small_whole(text) {
        return Some(number);
    }
    match spelling(text)? {
        Spelling::Decimal { .. } => {
            let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            number.is_finite().then_some(number)
        }
        Spelling::Nan => Some(f64::NAN),
        Spelling::Infinite => Some(if text[0] == b'-' {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }),
    }
}

/// The most digits of a whole number that is certainly one of 53 bits.
const EXACT_DIGITS: usize = 15;

/// A number of few digits and nothing else, as most counts are.
fn small_whole(text: &[u8]) -> Option<f64> {
    if text.is_empty() || text.len() > EXACT_DIGITS {
        return None;
    }
    let mut number = 0_i64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    #[expect(clippy::cast_precision_loss, reason = "it has at most 53 bits")]
    Some(number as f64)
}

/// Whether this is a number, which takes less time than to read it.
pub(crate) fn is_float(text: &[u8]) -> bool {
    match spelling(text) {
        Some(Spelling::Decimal { may_overflow: true }) => parse_float_bytes(text).is_some(),
        Some(_) => true,
        None => false,
    }
}

/// Whether the last bytes of a line, of which there are a few, are digits and nothing else. False says nothing. They are looked
/// at all at once, since a loop costs most where nobody can tell how often it turns.
pub(super) fn ends_with_digits(line: &[u8], length: usize) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const ZEROS: u64 = ONES * b'0' as u64;
    const UPPER: u64 = ONES * 0xf0;
    let (Some(last), 1..=8) = (line.last_chunk::<8>(), length) else {
        return false;
    };
    let bits = length * 8;
    let beyond = ZEROS & !(u64::MAX >> (64 - bits));
    let word = u64::from_le_bytes(*last) >> (64 - bits) | beyond;
    // Only of digits are the upper bits those of zero, and still when 6 is added.
    word & UPPER == ZEROS && word.wrapping_add(ONES * 6) & UPPER == ZEROS
}

#[derive(Clone, Copy)]
enum Spelling {
    Decimal { may_overflow: bool },
    Nan,
    Infinite,
}

/// The longest decimal number without exponent that cannot be out of range.
const ALWAYS_FINITE: usize = 300;

fn spelling(text: &[u8]) -> Option<Spelling> {
    let unsigned = match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    };
    let integer = digits(unsigned);
    let rest = &unsigned[integer..];
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let fraction = digits(rest);
            (fraction, &rest[fraction..])
        }
        _ => (0, rest),
    };
    if integer + fraction == 0 {
        return word(text, unsigned);
    }
    let exponent = match rest {
        [] => {
            return Some(Spelling::Decimal {
                may_overflow: text.len() > ALWAYS_FINITE,
            });
        }
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => exponent,
        _ => return None,
    };
    let is_number = !exponent.is_empty() && digits(exponent) == exponent.len();
    is_number.then_some(Spelling::Decimal { may_overflow: true })
}

fn digits(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len())
}

fn word(text: &[u8], unsigned: &[u8]) -> Option<Spelling> {
    if text.eq_ignore_ascii_case(b"nan") {
        Some(Spelling::Nan)
    } else if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        Some(Spelling::Infinite)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_at_the_end_of_a_line_are_seen_at_once() {
        for length in 1..=8 {
            let digits = &b"90817263"[..length];
            let line = [b"rows{a=\"b\"} ".as_slice(), digits].concat();
            assert!(ends_with_digits(&line, length), "{length}");
            for at in 0..length {
                for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                    let mut line = line.clone();
                    let at = line.len() - length + at;
                    line[at] = byte;
                    assert!(!ends_with_digits(&line, length), "{length} {at} {byte}");
                }
            }
        }
        assert!(!ends_with_digits(b"rows{} 123456789", 9));
        assert!(!ends_with_digits(b"rows{} ", 0));
        assert!(!ends_with_digits(b"rows 7", 1));
    }

    #[test]
    fn numbers_are_read_as_the_gateway_reads_them() {
        for (text, number) in [
            ("1", 1.0),
            ("+1", 1.0),
            ("-1.5e3", -1500.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1E5", 100_000.0),
            ("1e+5", 100_000.0),
            ("Inf", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e-999", 0.0),
        ] {
            assert_eq!(parse_float(text), Some(number), "{text}");
            assert!(is_float(text.as_bytes()), "{text}");
        }
        assert!(parse_float("nan").is_some_and(f64::is_nan));
        for text in [
            "", "+", ".", "e5", "1e", "1e+", "+nan", "-NaN", "0x10", "0x1p3", "1_0", "1e999",
            "infin", "1 ", "--1", "1.2.3", "+.", "1e5.", "\u{0661}",
        ] {
            assert_eq!(parse_float(text), None, "{text}");
            assert!(!is_float(text.as_bytes()), "{text}");
        }
        let long = "9".repeat(400);
        assert_eq!(parse_float(&long), None);
        assert!(!is_float(long.as_bytes()));
        assert!(is_float("1".repeat(301).as_bytes()));
    }
}
