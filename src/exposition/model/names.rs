//! Names of metrics and labels.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

/// A name that the data model does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a metric name.
    #[error(
        "{name:?} is not a metric name: letters, digits, `_` and `:`, not beginning with a digit"
    )]
    Metric {
        /// What was given.
        name: String,
    },
    /// Not a label name.
    #[error("{name:?} is not a label name: letters, digits and `_`, not beginning with a digit")]
    Label {
        /// What was given.
        name: String,
    },
    /// No name at all.
    #[error("the name is empty")]
    Empty,
    /// A label name that Prometheus keeps for itself.
    #[error("label name {name:?} is reserved: names beginning with `__` belong to Prometheus")]
    ReservedLabel {
        /// What was given.
        name: String,
    },
}

/// Which names are taken: the [name validation scheme] of Prometheus.
///
/// [name validation scheme]: https://prometheus.io/docs/guides/utf8/
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NameValidation {
    /// Letters, digits, underscores and, for metrics, colons. Everything that reads the text format
    /// takes these.
    #[default]
    Legacy,
    /// Any text, in quotation marks where it is not one of those. A Pushgateway takes it from 1.11
    /// on, with `--push.enable-utf8-names`.
    Utf8,
}

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

    /// A name of any text that is not empty, such as `rows.loaded`. Only for gateways that take
    /// UTF-8 names, see
    /// [`NameValidation::Utf8`].
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`] for the empty text.
    pub fn utf8(name: impl Into<Cow<'static, str>>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        Ok(Self(name))
    }

    /// This name continued by `suffix`, which holds nothing but what may stand inside a name.
    pub(crate) fn with_suffix(&self, suffix: &'static str) -> Self {
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

/// The name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with the two underscores that
/// Prometheus keeps for itself (a Pushgateway refuses those). A clone shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(Arc<str>);

impl LabelName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`NameError::Label`] when it does not match the pattern, [`NameError::ReservedLabel`] when it begins with `__`.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() || name_length(name.as_bytes(), false) != name.len() {
            Err(NameError::Label {
                name: name.to_string(),
            })
        } else {
            Self::unreserved(name)
        }
    }

    /// A name of any text that is not empty and does not begin with two underscores, such as
    /// `k8s.pod`. Only for gateways that take UTF-8 names, see [`NameValidation::Utf8`].
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`] for the empty text, [`NameError::ReservedLabel`] when it begins with `__`.
    pub fn utf8(name: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let name = name.into();
        if name.is_empty() {
            Err(NameError::Empty)
        } else {
            Self::unreserved(name)
        }
    }

    fn unreserved(name: Arc<str>) -> Result<Self, NameError> {
        if name.starts_with("__") {
            Err(NameError::ReservedLabel {
                name: name.to_string(),
            })
        } else {
            Ok(Self(name))
        }
    }

    /// Checks a name by one of the two schemes.
    pub(crate) fn checked(name: String, names: NameValidation) -> Result<Self, NameError> {
        match names {
            NameValidation::Legacy => Self::new(name),
            NameValidation::Utf8 => Self::utf8(name),
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

/// Whether this is a name of the legacy scheme.
pub(crate) fn is_legacy(name: &str) -> bool {
    is_bare(name, true)
}

/// Whether this is a label name of the legacy scheme, which has no colons.
pub(crate) fn is_legacy_label(name: &str) -> bool {
    is_bare(name, false)
}

/// The legacy name that stands for a name: underscores for what it cannot hold.
pub(crate) fn legacy_form(name: &str) -> String {
    legacy_chars(name).collect()
}

/// Characters of the legacy name that stands for a name.
pub(crate) fn legacy_chars(name: &str) -> impl Iterator<Item = char> {
    let legacy = |(index, character): (usize, char)| match character {
        'a'..='z' | 'A'..='Z' | ':' => character,
        '0'..='9' if index > 0 => character,
        _ => '_',
    };
    name.chars().enumerate().map(legacy)
}

/// Whether a name stands without quotation marks.
pub(super) fn is_bare(name: &str, colons: bool) -> bool {
    name_length(name.as_bytes(), colons) == name.len()
}

/// How many bytes there are at the beginning that may stand in a name of either kind, or with
/// `colons` in that of a metric.
pub(in crate::exposition) fn name_run(text: &[u8], colons: bool) -> usize {
    let end = |byte: &u8| !(IN_NAME[usize::from(*byte)] || colons && *byte == b':');
    text.iter().position(end).unwrap_or(text.len())
}

/// Which bytes may stand in a name of either kind.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

/// How many leading bytes of `text` can be part of a name; a metric name may hold colons, a label
/// name may not.
pub(in crate::exposition) fn name_length(text: &[u8], colons: bool) -> usize {
    match text.first() {
        Some(first) if !first.is_ascii_digit() => name_run(text, colons),
        _ => 0,
    }
}
