//! The grouping key: the labels under which a Pushgateway keeps one group of metrics.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::exposition::{LabelName, NameError, NameValidation, is_legacy_label};

/// A grouping key that cannot be, or that would harm the gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupingError {
    /// The job name is empty; a gateway refuses that.
    #[error("the job name is empty")]
    EmptyJob,
    /// `job` given as a further label; a gateway would ignore it in silence.
    #[error("`job` is the job name already and cannot be a further grouping label")]
    JobAsLabel,
    /// A label given twice; on a gateway the last would win in silence.
    #[error("grouping label `{label}` is given twice")]
    DuplicateLabel {
        /// Its name.
        label: String,
    },
    /// An empty `instance`: beside the same group without `instance` it breaks every later push and scrape.
    #[error("grouping label `instance` is empty: leave it out instead")]
    EmptyInstance,
    /// A name with a character that the escaped form cannot express.
    #[error(
        "grouping label {label:?} holds a character from U+100000 on, which a gateway cannot unescape"
    )]
    UnescapableName {
        /// Its name.
        label: String,
    },
    /// A name that a gateway with UTF-8 names would take for another in escaped form.
    #[error(
        "grouping label `{label}` begins with `U__`, which stands for an escaped name in a path"
    )]
    EscapedName {
        /// Its name.
        label: String,
    },
    /// A name that is not a label name.
    #[error("grouping label: {0}")]
    Name(NameError),
}

/// The job name and further labels that identify a group on a Pushgateway. Pushes to one key replace each other; pushes
/// to different keys never meet.
///
/// ```
/// use pushjob::grouping::GroupingKey;
///
/// let key = GroupingKey::new("backup")?.with_label("path", "/var/lib")?;
/// assert_eq!(key.path(), "/metrics/job/backup/path@base64/L3Zhci9saWI");
/// # Ok::<(), pushjob::grouping::GroupingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupingKey {
    job: String,
    labels: BTreeMap<LabelName, String>,
}

impl GroupingKey {
    /// A key of a job name alone.
    ///
    /// # Errors
    ///
    /// [`GroupingError::EmptyJob`] for the empty name.
    pub fn new(job: impl Into<String>) -> Result<Self, GroupingError> {
        let job = job.into();
        if job.is_empty() {
            return Err(GroupingError::EmptyJob);
        }
        Ok(Self {
            job,
            labels: BTreeMap::new(),
        })
    }

    /// The same key with one more label, `instance` among them. Any value can be stored, also the empty one.
    ///
    /// # Errors
    ///
    /// [`GroupingError`] when the name is no label name, is `job` or is there already, or when `instance` is empty.
    pub fn with_label(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, GroupingError> {
        self.with_label_names(name, value, NameValidation::Legacy)
    }

    /// The same with a name by a scheme of choice: with [`NameValidation::Utf8`] also `k8s.pod`. In the path such a name is
    /// written in [escaped form], `U__k8s_2e_pod`. A gateway without UTF-8 names keeps that as it is, as the name of
    /// another group.
    ///
    /// [escaped form]: https://github.com/prometheus/pushgateway#url
    ///
    /// # Errors
    ///
    /// [`GroupingError`], as from [`with_label`](Self::with_label).
    pub fn with_label_names(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
        names: NameValidation,
    ) -> Result<Self, GroupingError> {
        let (name, value) = (name.into(), value.into());
        if name == "job" {
            return Err(GroupingError::JobAsLabel);
        }
        if name == "instance" && value.is_empty() {
            return Err(GroupingError::EmptyInstance);
        }
        if name.starts_with(ESCAPED) {
            return Err(GroupingError::EscapedName { label: name });
        }
        // A gateway reads at most five digits of a number.
        if name.chars().any(|character| character >= '\u{100000}') {
            return Err(GroupingError::UnescapableName { label: name });
        }
        let label = LabelName::checked(name, names).map_err(GroupingError::Name)?;
        if self.labels.contains_key(&label) {
            return Err(GroupingError::DuplicateLabel {
                label: label.to_string(),
            });
        }
        let mut labels = self.labels;
        labels.insert(label, value);
        Ok(Self { labels, ..self })
    }

    /// The job name.
    #[must_use]
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The value of one of its labels, `job` among them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs()
            .find(|(label, _)| *label == name)
            .map(|(_, value)| value)
    }

    /// All labels with their values: `job` first, the others sorted by name.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        std::iter::once(("job", self.job.as_str())).chain(labels)
    }

    /// The path of the group below the base URL of a gateway, ready for the request line.
    ///
    /// The same key gives the same path, in whatever order its labels were added. A value made of letters, digits and
    /// `_.~-` stands as it is, unless it is `.` or `..`; any other is written in [base64url] behind `@base64`, so that
    /// no slash, dot or percent sign can be taken for a part of the path. The empty value is `=`.
    ///
    /// [base64url]: https://github.com/prometheus/pushgateway#url
    #[must_use]
    pub fn path(&self) -> String {
        self.path_with(push_name)
    }

    /// The path with names that are not of the legacy scheme percent-encoded, for what does not know their escaped form.
    pub(crate) fn path_with_encoded_names(&self) -> String {
        self.path_with(|path, name| {
            for byte in name.bytes() {
                if byte.is_ascii_alphanumeric() || byte == b'_' {
                    path.push(char::from(byte));
                } else {
                    // Writing to a string does not fail.
                    let _ = write!(path, "%{byte:02X}");
                }
            }
        })
    }

    fn path_with(&self, push_name: impl Fn(&mut String, &str)) -> String {
        let mut path = String::from("/metrics");
        for (name, value) in self.pairs() {
            path.push('/');
            push_name(&mut path, name);
            if is_plain(value) {
                path.push('/');
                path.push_str(value);
            } else {
                path.push_str("@base64/");
                if value.is_empty() {
                    path.push('=');
                } else {
                    URL_SAFE_NO_PAD.encode_string(value, &mut path);
                }
            }
        }
        path
    }
}

impl fmt::Display for GroupingKey {
    /// Writes the labels as `{job="backup",env="prod"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = '{';
        for (name, value) in self.pairs() {
            write!(f, "{separator}{name}={value:?}")?;
            separator = ',';
        }
        f.write_str("}")
    }
}

/// What an escaped name begins with.
const ESCAPED: &str = "U__";

/// Writes a label name, in escaped form where it is not one of the legacy scheme: an underscore becomes two, and what could
/// not stand in such a name its number in hexadecimal between two of them.
fn push_name(path: &mut String, name: &str) {
    if is_legacy_label(name) {
        path.push_str(name);
        return;
    }
    path.push_str(ESCAPED);
    for (index, character) in name.chars().enumerate() {
        match character {
            '_' => path.push_str("__"),
            'a'..='z' | 'A'..='Z' => path.push(character),
            '0'..='9' if index > 0 => path.push(character),
            other => {
                // Writing to a string does not fail.
                let _ = write!(path, "_{:x}_", u32::from(other));
            }
        }
    }
}

fn is_plain(value: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'~' | b'-');
    !matches!(value, "" | "." | "..") && value.bytes().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_could_be_misread_are_written_in_base64() {
        for (value, segment) in [
            ("prod", "l/prod"),
            ("A-z_0.9~", "l/A-z_0.9~"),
            ("...", "l/..."),
            (".", "l@base64/Lg"),
            ("..", "l@base64/Li4"),
            ("", "l@base64/="),
            ("/", "l@base64/Lw"),
            ("a b", "l@base64/YSBi"),
            ("%2e", "l@base64/JTJl"),
            ("+", "l@base64/Kw"),
            ("ü", "l@base64/w7w"),
            ("??>", "l@base64/Pz8-"),
        ] {
            let key = GroupingKey::new("j").unwrap().with_label("l", value);
            assert_eq!(key.unwrap().path(), format!("/metrics/job/j/{segment}"));
        }
    }

    #[test]
    fn names_beyond_the_legacy_scheme_are_escaped() {
        let path = |name: &str| {
            let key = GroupingKey::new("j").unwrap();
            let key = key.with_label_names(name, "v", NameValidation::Utf8);
            key.map(|key| key.path()).map_err(|error| error.to_string())
        };
        for (name, segment) in [
            ("plain_1", "plain_1"),
            ("k8s.pod", "U__k8s_2e_pod"),
            ("a_b.c", "U__a__b_2e_c"),
            ("1a", "U___31_a"),
            ("a:b", "U__a_3a_b"),
            ("é", "U___e9_"),
            ("😀", "U___1f600_"),
            ("a/b", "U__a_2f_b"),
            ("..", "U___2e__2e_"),
        ] {
            assert_eq!(path(name), Ok(format!("/metrics/job/j/{segment}/v")));
        }
        assert_eq!(
            path("U__x").unwrap_err(),
            "grouping label `U__x` begins with `U__`, which stands for an escaped name in a path"
        );
        assert!(path("\u{fffff}").is_ok());
        assert_eq!(
            path("\u{100000}").unwrap_err(),
            "grouping label \"\\u{100000}\" holds a character from U+100000 on, which a gateway cannot unescape"
        );
        assert_eq!(path("").unwrap_err(), "grouping label: the name is empty");
        assert!(path("__a.b").is_err());
    }

    #[test]
    fn the_order_of_labels_does_not_matter() {
        let key = |labels: [(&str, &str); 3]| {
            labels
                .into_iter()
                .try_fold(GroupingKey::new("j").unwrap(), |key, (name, value)| {
                    key.with_label(name, value)
                })
                .unwrap()
        };
        let one = key([("a", "1"), ("b", "2"), ("instance", "i")]);
        let other = key([("instance", "i"), ("b", "2"), ("a", "1")]);
        assert_eq!(one, other);
        assert_eq!(one.path(), other.path());
    }

    #[test]
    fn keys_that_would_harm_are_refused() {
        let with = |name: &str, value: &str| {
            let key = GroupingKey::new("j").unwrap().with_label("a", "1").unwrap();
            key.with_label(name, value).unwrap_err().to_string()
        };
        assert_eq!(
            GroupingKey::new("").unwrap_err().to_string(),
            "the job name is empty"
        );
        assert_eq!(
            with("job", "x"),
            "`job` is the job name already and cannot be a further grouping label"
        );
        assert_eq!(with("a", "2"), "grouping label `a` is given twice");
        assert_eq!(
            with("instance", ""),
            "grouping label `instance` is empty: leave it out instead"
        );
        assert_eq!(
            with("a/b", "x"),
            "grouping label: \"a/b\" is not a label name: letters, digits and `_`, not beginning with a digit"
        );
        assert!(with("U__x", "v").contains("begins with `U__`"));
        assert_eq!(
            with("__x", "x"),
            "grouping label: label name \"__x\" is reserved: names beginning with `__` belong to Prometheus"
        );
    }
}
