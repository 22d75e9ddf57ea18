//! Text that is pushed as it stands, once it has been checked for its group.

use std::error::Error;
use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;

use crate::exposition::{Check, CheckReport, CheckedSample, Inspector, Problem, Purpose, Text};
use crate::grouping::{GroupRules, GroupingKey};

/// Maximum length of a text that is read into memory to be sent, in bytes. A longer one is read
/// while it is being sent, once for each attempt.
const IN_MEMORY: u64 = 1 << 20;

/// Text that has been checked for a group and is pushed as it stands, mended or converted as the
/// [`Check`] asks for.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use pushjob::exposition::{Check, Inspector, Problem};
/// use pushjob::grouping::GroupingKey;
/// use pushjob::push::{Method, PushText, Request};
///
/// struct Ignore;
///
/// impl Inspector for Ignore {
///     fn problem(&mut self, _: Problem) -> ControlFlow<()> {
///         ControlFlow::Continue(())
///     }
/// }
///
/// let key = GroupingKey::new("etl")?;
/// let text = b"rows 42\r\n".as_slice();
/// if let Some(text) = PushText::check(&key, &text, Check::new().normalize(), &mut Ignore)? {
///     let request = Request::of_text(&key, Method::Post, &text)?;
///     assert_eq!(request.body(), Some("rows 42\n"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PushText<'t> {
    text: &'t dyn Text,
    check: Check,
    checked: CheckReport,
}

impl<'t> PushText<'t> {
    /// Checks text: as a gateway does, and for what a gateway would store wrongly in this group or
    /// be broken by. None where there are errors; `inspector` has been told of them.
    ///
    /// # Errors
    ///
    /// Any error of reading the text.
    pub fn check(
        key: &GroupingKey,
        text: &'t dyn Text,
        check: Check,
        inspector: &mut dyn Inspector,
    ) -> io::Result<Option<Self>> {
        let check = check.purpose(Purpose::ThisGroup);
        let mut group = GroupInspector {
            rules: GroupRules::of(key),
            inspector,
        };
        let checked = check.run(text, &mut group)?;
        Ok((checked.errors == 0).then_some(Self {
            text,
            check,
            checked,
        }))
    }

    /// Findings of the check.
    #[must_use]
    pub fn checked(&self) -> &CheckReport {
        &self.checked
    }

    /// Reads the bytes that are sent.
    pub(super) fn read(&self) -> impl Read + use<'t> {
        self.check.output(self.text, &self.checked)
    }

    /// Number of these bytes.
    pub(super) fn length(&self) -> u64 {
        self.checked.length
    }

    /// The whole text, unless it is longer than [`IN_MEMORY`].
    pub(super) fn small(&self) -> io::Result<Option<String>> {
        if self.length() > IN_MEMORY {
            return Ok(None);
        }
        let mut text = Vec::new();
        self.read().read_to_end(&mut text)?;
        // Only in a comment may be something else.
        Ok(Some(match String::from_utf8(text) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }))
    }

    pub(super) fn has_family(&self, name: &str) -> bool {
        self.checked
            .families
            .iter()
            .any(|family| family.name == name)
    }
}

impl fmt::Debug for PushText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushText")
            .field("check", &self.check)
            .field("checked", &self.checked)
            .finish_non_exhaustive()
    }
}

/// Adds the rules of a group to an inspection.
struct GroupInspector<'a> {
    rules: GroupRules,
    inspector: &'a mut dyn Inspector,
}

impl Inspector for GroupInspector<'_> {
    fn problem(&mut self, problem: Problem) -> ControlFlow<()> {
        self.inspector.problem(problem)
    }

    fn sample(&mut self, sample: &CheckedSample<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.rules.check_sample(sample)?;
        self.inspector.sample(sample)
    }
}
