//! Formats of texts.

use std::io;

use crate::exposition::scan::Text;

/// Format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The text format 0.0.4.
    Text,
    /// [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/) 1.0, which is turned into the text format.
    OpenMetrics,
}

impl Format {
    /// [`Format::OpenMetrics`] where the last line is `# EOF`, or else [`Format::Text`].
    ///
    /// # Errors
    ///
    /// What keeps the text from being read.
    pub fn of(text: &dyn Text) -> io::Result<Self> {
        const END: &[u8] = b"# EOF";
        let length = text.length()?;
        let mut end = [0; 64];
        let mut filled = 0;
        let start = length.saturating_sub(end.len() as u64);
        while filled < end.len() {
            match text.read_at(&mut end[filled..], start + filled as u64) {
                Ok(0) => break,
                Ok(amount) => filled += amount,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let last = end[..filled].trim_ascii_end();
        let before = last.strip_suffix(END);
        let is_line = before.is_some_and(|before| matches!(before.last(), None | Some(b'\n')));
        Ok(if is_line {
            Self::OpenMetrics
        } else {
            Self::Text
        })
    }
}
