//! Numbers, as the format spells them.

/// Reads a number as the format spells it: decimal, with or without exponent, `NaN`, `Inf` and
/// `Infinity` in any case. Hexadecimal numbers, underscores and numbers out of range are none.
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
