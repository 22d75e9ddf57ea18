//! The grouping key: the labels under which a Pushgateway keeps one group of metrics.

use std::collections::BTreeMap;
use std::fmt;

use crate::exposition::{LabelName, NameError, NameValidation};

use super::path::{ESCAPED, can_be_escaped, group_path, push_encoded, push_escaped};

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
    /// An empty `instance`: beside the same group without `instance` it breaks every later push and
    /// scrape.
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

/// The job name and further labels that identify a group on a Pushgateway. Pushes to one key
/// replace each other; pushes to different keys never meet.
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

    /// The same key with one more label, `instance` among them. Any value can be stored, also the
    /// empty one.
    ///
    /// # Errors
    ///
    /// [`GroupingError`] when the name is not a label name, is `job` or is there already, or when
    /// `instance` is empty.
    pub fn with_label(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, GroupingError> {
        self.with_label_names(name, value, NameValidation::Legacy)
    }

    /// The same with a name by a scheme of choice: with [`NameValidation::Utf8`] also `k8s.pod`. In
    /// the path such a name is written in [escaped form], `U__k8s_2e_pod`. A gateway without UTF-8
    /// names keeps that as it is, as the name of another group.
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
        if !can_be_escaped(&name) {
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

    /// Path of the group below the base URL of a gateway, ready for the request line.
    ///
    /// The same key gives the same path, in whatever order its labels were added. A value made of
    /// letters, digits and `_.~-` stands as it is, unless it is `.` or `..`; any other is written
    /// in [base64url] behind `@base64`, so that no slash, dot or percent sign can be taken for a
    /// part of the path. The empty value is `=`.
    ///
    /// [base64url]: https://github.com/prometheus/pushgateway#url
    #[must_use]
    pub fn path(&self) -> String {
        group_path(self.pairs(), push_escaped)
    }

    /// Path with names percent-encoded that are not of the legacy scheme, for servers that do not
    /// know the escaped form.
    pub(crate) fn path_with_encoded_names(&self) -> String {
        group_path(self.pairs(), push_encoded)
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
