//! Whether a text is one that a gateway takes, and all that is wrong with it.

mod distribution;
mod fingerprint;
mod judge;
mod lint;
mod output;
mod problem;
mod stage;
mod walk;

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::ops::ControlFlow;

use super::error::ParseErrorKind;
use super::family::MetricType;
use super::names::NameValidation;
use super::parse::{Dialect, Sample, ScanError, Statement, unescape};
use super::text::{Lines, Text};

pub(super) use distribution::{Role, whole};
pub(crate) use judge::Destiny;
pub(super) use judge::{Family, Owner, Timestamps};
pub use output::Output;
pub use problem::{Problem, Severity};
pub use stage::Mended;
pub(super) use walk::Visitor;

use self::fingerprint::MOST_SEEN;
use self::stage::Stage;
use self::walk::{Part, Search, Walk};

/// Which format a text is in.
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

/// A metric family of a text that has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedFamily {
    /// Its name.
    pub name: String,
    /// Its type.
    pub metric_type: MetricType,
    /// Whether there is a HELP line.
    pub has_help: bool,
    /// How many sample lines it has.
    pub samples: u64,
}

/// What a [`Check`] has found, besides the problems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many errors there are; a gateway takes a text without any.
    pub errors: u64,
    /// How many sample lines.
    pub samples: u64,
    /// The families that have samples, or HELP or TYPE lines, in the order of the text.
    pub families: Vec<CheckedFamily>,
    /// What has to be changed for a gateway.
    pub mended: Mended,
    /// How long the text is then, in bytes.
    pub length: u64,
}

/// Hears what a [`Check`] finds.
pub trait Inspector {
    /// Hears of a problem, and says whether to go on.
    fn problem(&mut self, problem: Problem) -> ControlFlow<()>;

    /// Looks at a sample that has nothing wrong with it so far. Defaults to no objection.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for a [`Problem`] that says so.
    fn sample(&mut self, sample: &CheckedSample<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = sample;
        Ok(())
    }
}

/// A sample in a text. Nothing of it is copied.
#[derive(Clone, Copy)]
pub struct CheckedSample<'a> {
    sample: &'a Sample<'a>,
    metric: &'a str,
    metric_type: MetricType,
}

impl<'a> CheckedSample<'a> {
    /// The name of its family.
    #[must_use]
    pub fn metric(&self) -> &'a str {
        self.metric
    }

    /// The type of its family.
    #[must_use]
    pub fn metric_type(&self) -> MetricType {
        self.metric_type
    }

    /// Names and values of its labels. Only what has escapes is copied.
    pub fn labels(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        let labels = self.sample.raw_labels();
        labels.map(|(name, value)| (unescape(name), unescape(value)))
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sample.number()
    }

    /// Name and labels as they stand in the text, for messages.
    #[must_use]
    pub fn series(&self) -> String {
        self.sample.series()
    }
}

/// Shows an inspector what it is to see.
struct Inspecting<'a>(&'a mut dyn Inspector);

impl Visitor for Inspecting<'_> {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.0.problem(problem)
    }

    fn statement(
        &mut self,
        statement: &Statement<'_>,
        _: Owner,
        family: &Family,
    ) -> Result<(), ScanError> {
        let Statement::Sample(sample) = statement else {
            return Ok(());
        };
        let checked = CheckedSample {
            sample,
            metric: &family.name,
            metric_type: family.metric_type(),
        };
        self.0.sample(&checked).map_err(|objection| {
            let reason = objection.to_string();
            (sample.at, ParseErrorKind::Objection { reason })
        })
    }
}

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
    names: NameValidation,
    format: Format,
    /// Whether line ends are mended.
    mends: bool,
    timestamps: Timestamps,
    destiny: Destiny,
    lints: bool,
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
    /// What keeps the text from being read, or a line longer than [`LINE_LIMIT`](super::LINE_LIMIT).
    pub fn run(&self, text: &dyn Text, inspector: &mut dyn Inspector) -> io::Result<Checked> {
        self.walk(text, &mut Inspecting(inspector))
    }

    /// The text as a gateway takes it, when it has been [checked](Self::run) and found to be good.
    #[must_use]
    pub fn output<'t>(&self, text: &'t dyn Text, checked: &Checked) -> Output<'t> {
        let is_changed = self.format != Format::Text || checked.mended != Mended::default();
        Output::new(text, is_changed.then(|| Stage::new(self)), checked.length)
    }

    pub(super) fn walk(&self, text: &dyn Text, visitor: &mut dyn Visitor) -> io::Result<Checked> {
        let mut walk = Walk::new(self, visitor);
        let mut lines = Lines::new(text);
        while let Some(line) = lines.next()? {
            if walk.line(line).is_break() {
                return Ok(walk.end());
            }
        }
        if walk.finish().is_break() {
            return Ok(walk.end());
        }
        let parts = walk.unsure_samples().div_ceil(MOST_SEEN as u64);
        for part in 0..parts {
            let mut search = Search::new(self, Part { part, parts });
            let mut lines = Lines::new(text);
            while let Some(line) = lines.next()? {
                if walk.search(&mut search, line).is_break() {
                    return Ok(walk.end());
                }
            }
        }
        Ok(walk.end())
    }

    fn dialect(&self) -> Dialect {
        Dialect {
            names: self.names,
            open_metrics: false,
        }
    }
}
