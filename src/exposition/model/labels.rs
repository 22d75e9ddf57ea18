//! Labels of series.

use std::fmt;
use std::sync::Arc;

use super::error::FamilyError;
use super::escape::{push_escaped, push_name};
use super::names::LabelName;

/// The labels of one series, sorted by name, each name once. A clone costs nothing and shares them.
///
/// Its [`Display`](fmt::Display) form is that of the text format: `{table="users"}`, or nothing
/// without labels.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Option<Arc<[Pair]>>);

/// A name and its value.
type Pair = (LabelName, Box<str>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Labels from names and values as text, in any order.
    ///
    /// # Errors
    ///
    /// [`FamilyError::Name`] for what is no label name, [`FamilyError::DuplicateLabel`] when a name occurs twice.
    ///
    /// ```
    /// use pushjob::exposition::Labels;
    ///
    /// let labels = Labels::new(&[("table", "users"), ("env", "prod")])?;
    /// assert_eq!(labels.to_string(), "{env=\"prod\",table=\"users\"}");
    /// # Ok::<(), pushjob::exposition::FamilyError>(())
    /// ```
    pub fn new(pairs: &[(&str, &str)]) -> Result<Self, FamilyError> {
        let pair = |&(name, value): &(&str, &str)| Ok((LabelName::new(name)?, value.to_owned()));
        Self::from_pairs(pairs.iter().map(pair).collect::<Result<_, FamilyError>>()?)
    }

    /// Labels from pairs of name and value, in any order.
    ///
    /// # Errors
    ///
    /// [`FamilyError::DuplicateLabel`] when a name occurs twice.
    pub fn from_pairs(pairs: Vec<(LabelName, String)>) -> Result<Self, FamilyError> {
        Self::of_pairs(pairs)
    }

    /// The same from any values, which are copied only where they have to be.
    pub(crate) fn of_pairs<V: Into<Box<str>>>(
        pairs: impl IntoIterator<Item = (LabelName, V)>,
    ) -> Result<Self, FamilyError> {
        let pairs = pairs.into_iter();
        let mut pairs: Vec<_> = pairs.map(|(name, value)| (name, value.into())).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(FamilyError::DuplicateLabel {
                label: pair[0].0.to_string(),
            }),
            None => Ok(Self::sorted(pairs)),
        }
    }

    fn sorted(pairs: Vec<Pair>) -> Self {
        Self((!pairs.is_empty()).then(|| pairs.into()))
    }

    /// Whether there are none.
    pub(in crate::exposition) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn pairs(&self) -> &[Pair] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs()
            .iter()
            .find(|(label, _)| label.as_str() == name)
            .map(|(_, value)| &**value)
    }

    /// The value of the label that stands at this place, by name.
    pub(crate) fn value_at(&self, place: usize) -> Option<&str> {
        self.pairs().get(place).map(|(_, value)| &**value)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&LabelName, &str)> {
        let pairs = self.pairs().iter();
        pairs.map(|(name, value)| (name, &**value))
    }

    /// Writes them as the format spells them, without the braces.
    pub(super) fn push_to(&self, out: &mut String) {
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_name(out, name.as_str(), false);
            out.push_str("=\"");
            push_escaped(out, value, true);
            out.push('"');
        }
    }

    /// The same labels without the one named `name`, and the value of that one.
    #[cfg(target_os = "linux")]
    pub(crate) fn split_off(self, name: &str) -> (Self, Option<String>) {
        let mut pairs = self.pairs().to_vec();
        match pairs.iter().position(|(label, _)| label.as_str() == name) {
            None => (self, None),
            Some(index) => {
                let (_, value) = pairs.remove(index);
                (Self::sorted(pairs), Some(value.into()))
            }
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs()).finish()
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        let mut pairs = String::new();
        self.push_to(&mut pairs);
        write!(f, "{{{pairs}}}")
    }
}
