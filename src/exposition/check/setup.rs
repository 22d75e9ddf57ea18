use std::io;

use crate::exposition::names::NameValidation;
use crate::exposition::parse::Dialect;
use crate::exposition::text::{LineReader, Text};

use super::checked::Checked;
use super::fingerprint::MOST_SEEN;
use super::format::Format;
use super::inspector::{Inspecting, Inspector};
use super::judge::{Destiny, Timestamps};
use super::output::Output;
use super::stage::{Mended, Stage};
use super::walk::{Part, Search, Visitor, Walk};

/// Checks texts as a Pushgateway does, in one pass and without keeping them. It takes what a Pushgateway takes, and refuses
/// also the little that one takes and is broken by: a HELP text that is not UTF-8, samples of type `gauge_histogram`.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use pushjob::exposition::{Check, Inspector, Problem};
///
/// struct Print;
///
/// impl Inspector for Print {
///     fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
///         println!("{}: {}", problem.severity(), problem.error());
///         ControlFlow::Continue(())
///     }
/// }
///
/// let text = b"rows{table=users} 1\nfiles 2 files\n".as_slice();
/// let checked = Check::new().run(&text, &mut Print)?;
/// assert_eq!(checked.errors, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    pub(super) names: NameValidation,
    pub(super) format: Format,
    /// Whether line ends are mended.
    pub(super) mends: bool,
    pub(super) timestamps: Timestamps,
    pub(super) destiny: Destiny,
    pub(super) lints: bool,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// A check of the text format, with legacy names.
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: NameValidation::Legacy,
            format: Format::Text,
            mends: false,
            timestamps: Timestamps::Refused,
            destiny: Destiny::AnyGroup,
            lints: false,
        }
    }

    /// Which names are taken. Defaults to [`NameValidation::Legacy`].
    #[must_use]
    pub fn names(self, names: NameValidation) -> Self {
        Self { names, ..self }
    }

    /// The format of the text. Defaults to [`Format::Text`].
    #[must_use]
    pub fn format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// Takes carriage returns at the ends of lines, a byte order mark and a last line without newline, which a gateway
    /// refuses, for what [`output`](Self::output) mends. Defaults to refusing them.
    #[must_use]
    pub fn mend(self) -> Self {
        Self {
            mends: true,
            ..self
        }
    }

    /// Takes timestamps, which [`output`](Self::output) removes. Defaults to refusing them, as a Pushgateway does.
    #[must_use]
    pub fn strip_timestamps(self) -> Self {
        Self {
            timestamps: Timestamps::Removed,
            ..self
        }
    }

    /// What the text is for. Defaults to [`Destiny::AnyGroup`].
    pub(crate) fn destiny(self, destiny: Destiny) -> Self {
        Self { destiny, ..self }
    }

    /// Looks for what is against good practice too. Defaults to not.
    #[must_use]
    pub fn lint(self) -> Self {
        Self {
            lints: true,
            ..self
        }
    }

    /// Checks a text and tells `inspector` of each problem: those of the lines in their order, then those of the whole.
    ///
    /// Memory does not grow with the text, but with the number of its families. Where the samples of a family do not stand
    /// together, or are more than a million, the text is read once more, or several times.
    ///
    /// # Errors
    ///
    /// What keeps the text from being read, or a line longer than [`LINE_LIMIT`](crate::exposition::LINE_LIMIT).
    pub fn run(&self, text: &dyn Text, inspector: &mut dyn Inspector) -> io::Result<Checked> {
        self.walk(text, &mut Inspecting(inspector))
    }

    /// The text as a gateway takes it, when it has been [checked](Self::run) and found to be good.
    #[must_use]
    pub fn output<'t>(&self, text: &'t dyn Text, checked: &Checked) -> Output<'t> {
        let is_changed = self.format != Format::Text || checked.mended != Mended::default();
        Output::new(text, is_changed.then(|| Stage::new(self)), checked.length)
    }

    pub(in crate::exposition) fn walk(
        &self,
        text: &dyn Text,
        visitor: &mut dyn Visitor,
    ) -> io::Result<Checked> {
        let mut walk = Walk::new(self, visitor);
        let mut lines = LineReader::new(text);
        while lines.advance()? {
            if walk.line(lines.line()).is_break() {
                return Ok(walk.end());
            }
        }
        if walk.finish().is_break() {
            return Ok(walk.end());
        }
        let parts = walk.unsure_samples().div_ceil(MOST_SEEN as u64);
        for part in 0..parts {
            let mut search = Search::new(self, Part { part, parts });
            let mut lines = LineReader::new(text);
            while lines.advance()? {
                if walk.search(&mut search, lines.line()).is_break() {
                    return Ok(walk.end());
                }
            }
        }
        Ok(walk.end())
    }

    pub(super) fn dialect(&self) -> Dialect {
        Dialect {
            names: self.names,
            open_metrics: false,
        }
    }
}
