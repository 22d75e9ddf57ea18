use std::fmt;

use super::encode::write_labels;
use super::error::FamilyError;
use super::names::LabelName;

/// The labels of one series, sorted by name, each name once.
///
/// Its [`Display`](fmt::Display) form is that of the text format: `{table="users"}`, or nothing without labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(LabelName, String)>);

impl Labels {
    /// No labels.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Labels from pairs of name and value, in any order.
    ///
    /// # Errors
    ///
    /// [`FamilyError::DuplicateLabel`] when a name occurs twice.
    pub fn from_pairs(pairs: Vec<(LabelName, String)>) -> Result<Self, FamilyError> {
        let mut pairs = pairs;
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(FamilyError::DuplicateLabel {
                label: pair[0].0.to_string(),
            }),
            None => Ok(Self(pairs)),
        }
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(label, _)| label.as_str() == name)
            .map(|(_, value)| value.as_str())
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&LabelName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// The same labels without the one named `name`, and the value of that one.
    pub(crate) fn split_off(mut self, name: &str) -> (Self, Option<String>) {
        let value = self
            .0
            .iter()
            .position(|(label, _)| label.as_str() == name)
            .map(|index| self.0.remove(index).1);
        (self, value)
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_labels(&mut text, self, None);
        f.write_str(&text)
    }
}
