//! Problems of texts.

use std::fmt;

use crate::exposition::scan::ParseError;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Against good practice; only where it is asked for.
    Lint,
    /// A gateway takes it, but what it shows then is not what was meant.
    Warning,
    /// A gateway refuses it, or is broken by it.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    severity: Severity,
    error: ParseError,
}

impl Problem {
    pub(crate) fn new(severity: Severity, error: ParseError) -> Self {
        Self { severity, error }
    }

    pub(super) fn at(
        severity: Severity,
        (line, column): (usize, usize),
        reason: impl fmt::Display,
    ) -> Self {
        Self::new(severity, ParseError::new(line, column, reason))
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The place, and what is wrong there.
    #[must_use]
    pub fn error(&self) -> &ParseError {
        &self.error
    }

    pub(crate) fn into_error(self) -> ParseError {
        self.error
    }
}
