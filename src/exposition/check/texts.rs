//! Checks of texts.

use std::io;

use crate::exposition::model::NameValidation;
use crate::exposition::normalize::{Format, Normalizations, Output};
use crate::exposition::scan::Text;

use super::inspector::{Inspector, InspectorVisitor};
use super::options::CheckOptions;
use super::report::CheckReport;
use super::rules::{Purpose, Timestamps};
use super::visitor::Visitor;
use super::walk::walk;

/// Checks texts as a Pushgateway does, in one pass and without keeping them. It takes what a
/// Pushgateway takes, and refuses also the little that one takes and is broken by: a HELP text that
/// is not UTF-8, samples of type `gauge_histogram`.
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
/// let report = Check::new().run(&text, &mut Print)?;
/// assert_eq!(report.errors, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    options: CheckOptions,
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
            options: CheckOptions {
                names: NameValidation::Legacy,
                format: Format::Text,
                normalizes: false,
                timestamps: Timestamps::Refused,
                purpose: Purpose::AnyGroup,
                lints: false,
            },
        }
    }

    /// Takes names by this scheme. Defaults to [`NameValidation::Legacy`].
    #[must_use]
    pub fn names(mut self, names: NameValidation) -> Self {
        self.options.names = names;
        self
    }

    /// Reads texts in this format. Defaults to [`Format::Text`].
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.options.format = format;
        self
    }

    /// Takes carriage returns at the ends of lines, a byte order mark and a last line without
    /// newline, which a gateway refuses, and which [`output`](Self::output) removes or adds.
    /// Defaults to refusing them.
    #[must_use]
    pub fn normalize(mut self) -> Self {
        self.options.normalizes = true;
        self
    }

    /// Takes timestamps, which [`output`](Self::output) removes. Defaults to refusing them, as a
    /// Pushgateway does.
    #[must_use]
    pub fn strip_timestamps(mut self) -> Self {
        self.options.timestamps = Timestamps::Removed;
        self
    }

    /// Holds the text against this purpose. Defaults to [`Purpose::AnyGroup`].
    pub(crate) fn purpose(mut self, purpose: Purpose) -> Self {
        self.options.purpose = purpose;
        self
    }

    /// Looks for what is against good practice too. Defaults to not.
    #[must_use]
    pub fn lint(mut self) -> Self {
        self.options.lints = true;
        self
    }

    /// Checks a text and tells `inspector` of each problem: those of the lines in their order, then
    /// those of the whole.
    ///
    /// Memory does not grow with the text, but with the number of its families. Where the samples
    /// of a family do not stand together, or are more than a million, the text is read once more,
    /// or several times.
    ///
    /// # Errors
    ///
    /// What keeps the text from being read, or a line longer than
    /// [`LINE_LIMIT`](crate::exposition::LINE_LIMIT).
    pub fn run(&self, text: &dyn Text, inspector: &mut dyn Inspector) -> io::Result<CheckReport> {
        self.walk(text, &mut InspectorVisitor(inspector))
    }

    /// The text as a gateway takes it, when it has been [checked](Self::run) and found to be good.
    #[must_use]
    pub fn output<'t>(&self, text: &'t dyn Text, report: &CheckReport) -> Output<'t> {
        let is_changed = self.options.format != Format::Text
            || report.normalizations != Normalizations::default();
        let normalizer = is_changed.then(|| self.options.normalizer());
        Output::new(text, normalizer, report.length)
    }

    /// Does the same with a visitor.
    pub(in crate::exposition) fn walk(
        &self,
        text: &dyn Text,
        visitor: &mut dyn Visitor,
    ) -> io::Result<CheckReport> {
        walk(self.options, text, visitor)
    }
}
