//! A list of exit codes.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// Exit codes and ranges of them, read from a list such as `0,24` or `0-1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExitCodes(Vec<RangeInclusive<u8>>);

/// A text that is not a list of exit codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item:?} is not an exit code or a range of them: from 0 to 255, as in `0,24` or `0-1`")]
pub struct ExitCodesError {
    item: String,
}

impl ExitCodes {
    /// Whether a code is in the list.
    #[must_use]
    pub fn contain(&self, code: u8) -> bool {
        self.0.iter().any(|range| range.contains(&code))
    }
}

impl FromStr for ExitCodes {
    type Err = ExitCodesError;

    fn from_str(text: &str) -> Result<Self, ExitCodesError> {
        let ranges = text.split(',').map(|item| {
            range(item.trim()).ok_or_else(|| ExitCodesError {
                item: item.to_owned(),
            })
        });
        ranges.collect::<Result<_, _>>().map(Self)
    }
}

/// A code, or a range of which the first is not above the last.
fn range(item: &str) -> Option<RangeInclusive<u8>> {
    let code = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>().ok().filter(|_| is_plain)
    };
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    let range = code(first.trim_end())?..=code(last.trim_start())?;
    (!range.is_empty()).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_codes_and_ranges() {
        for (text, codes) in [
            ("0,24", &[0, 24][..]),
            (" 1 , 3 - 5", &[1, 3, 4, 5]),
            ("255", &[255]),
            ("254-255", &[254, 255]),
        ] {
            let list: ExitCodes = text.parse().unwrap_or_default();
            let found: Vec<u8> = (0..=255).filter(|code| list.contain(*code)).collect();
            assert_eq!(found, codes, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_list_is_an_error() {
        for text in ["", ",", "0,", "256", "-1", "+1", "5-1", "1-2-3", "a", "1-"] {
            assert!(text.parse::<ExitCodes>().is_err(), "{text}");
        }
        let error = "0,300"
            .parse::<ExitCodes>()
            .map_err(|error| error.to_string());
        let text =
            "\"300\" is not an exit code or a range of them: from 0 to 255, as in `0,24` or `0-1`";
        assert_eq!(error, Err(text.to_owned()));
    }
}
