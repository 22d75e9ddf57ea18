//! Numbers: what is read as one, and how one is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pushjob::exposition::{Check, Severity, format_float, parse_float};
use pushjob_fuzz::check;

fuzz_target!(|text: &str| {
    let number = parse_float(text);
    assert_eq!(
        number.map(f64::to_bits),
        plain_reading(text).map(f64::to_bits)
    );
    if let Some(number) = number {
        written_and_read_back(number);
    }
    if let Ok(bits) = <[u8; 8]>::try_from(text.as_bytes()) {
        written_and_read_back(f64::from_le_bytes(bits));
    }
    as_a_value(text, number);
});

/// As the standard library reads it, without what the format does not have: a number out of range, a NaN with a sign.
fn plain_reading(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let has_sign = text.starts_with(['+', '-']);
    let is_word = text.to_ascii_lowercase().contains("inf");
    if number.is_nan() {
        (!has_sign).then_some(f64::NAN)
    } else {
        (number.is_finite() || is_word).then_some(number)
    }
}

fn written_and_read_back(number: f64) {
    let text = format_float(number);
    let back = parse_float(&text);
    let bits = |number: f64| if number.is_nan() { f64::NAN } else { number }.to_bits();
    assert_eq!(back.map(bits), Some(bits(number)), "{text}");
}

/// A check looks only whether there is a number, in a way of its own.
fn as_a_value(text: &str, number: Option<f64>) {
    let is_word = !text.is_empty() && !text.contains([' ', '\t', '\n']);
    if !is_word || text.starts_with('{') {
        return;
    }
    let line = format!("a {text}\n");
    let findings = check(&Check::new(), &line.as_bytes(), line.as_bytes());
    let is_good = findings
        .problems
        .iter()
        .all(|problem| problem.severity() < Severity::Error);
    assert_eq!(is_good, number.is_some());
    let values: Vec<u64> = findings.samples.iter().map(|sample| sample.value).collect();
    let number: Vec<u64> = number.map(f64::to_bits).into_iter().collect();
    assert_eq!(values, number);
}
