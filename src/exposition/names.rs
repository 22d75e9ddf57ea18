use std::borrow::{Borrow, Cow};
use std::fmt;

use super::error::NameError;

/// The name of a metric: `[a-zA-Z_:][a-zA-Z0-9_:]*`, as the [data model] has it.
///
/// [data model]: https://prometheus.io/docs/concepts/data_model/
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricName(Cow<'static, str>);

impl MetricName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError::Metric`] when it does not match the pattern, for example `2nd_run` or `rows-loaded`.
    ///
    /// ```
    /// use pushjob::exposition::MetricName;
    ///
    /// let name = MetricName::new("rows_loaded_total")?;
    /// assert_eq!(name.as_str(), "rows_loaded_total");
    /// assert!(MetricName::new("rows-loaded").is_err());
    /// # Ok::<(), pushjob::exposition::NameError>(())
    /// ```
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, NameError> {
        let name = name.into();
        if name_length(name.as_bytes(), true) == name.len() && !name.is_empty() {
            Ok(Self(name))
        } else {
            Err(NameError::Metric {
                name: name.into_owned(),
            })
        }
    }

    /// This name continued by `suffix`, which must hold nothing but what may stand inside a name.
    pub(crate) fn with_suffix(&self, suffix: &'static str) -> Self {
        debug_assert_eq!(
            name_length(format!("_{suffix}").as_bytes(), true),
            suffix.len() + 1
        );
        Self(Cow::Owned(format!("{}{suffix}", self.0)))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It compares as its text does, so that a map of names can be asked by text.
impl Borrow<str> for MetricName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with the two underscores that Prometheus keeps for
/// itself (a Pushgateway refuses those).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(Cow<'static, str>);

impl LabelName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError::Label`] when it does not match the pattern, [`NameError::ReservedLabel`] when it begins with `__`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() || name_length(name.as_bytes(), false) != name.len() {
            Err(NameError::Label {
                name: name.into_owned(),
            })
        } else if name.starts_with("__") {
            Err(NameError::ReservedLabel {
                name: name.into_owned(),
            })
        } else {
            Ok(Self(name))
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many leading bytes of `text` can be part of a name; a metric name may hold colons, a label name may not.
pub(super) fn name_length(text: &[u8], colons: bool) -> usize {
    text.iter()
        .enumerate()
        .position(|(index, &byte)| {
            !(byte.is_ascii_alphabetic()
                || byte == b'_'
                || (colons && byte == b':')
                || (index > 0 && byte.is_ascii_digit()))
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_names_follow_the_data_model() {
        for good in ["a", "_", ":", "a:b", "A9_", "__x"] {
            assert!(MetricName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "9a", "a-b", "a b", "a.b", "é", "a\n"] {
            assert!(MetricName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn label_names_follow_the_data_model() {
        for good in ["a", "_", "_a", "A9_"] {
            assert!(LabelName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "a-b", "a/b", "a:b", "__x", "__", "é"] {
            assert!(LabelName::new(bad).is_err(), "{bad:?}");
        }
    }
}
