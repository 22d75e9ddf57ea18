//! Visitors of the lines of a text.

use std::ops::ControlFlow;

use crate::exposition::scan::{LineError, Statement};

use super::families::{FamilyCheck, LineOwner};
use super::problem::Problem;

/// Visits lines.
pub(crate) trait Visitor {
    /// Takes a problem, and says whether to go on.
    fn problem(&mut self, problem: Problem) -> ControlFlow<()>;

    /// Takes a statement with which nothing is wrong so far, and may object.
    fn statement(
        &mut self,
        statement: &Statement<'_>,
        owner: LineOwner,
        family: &FamilyCheck,
    ) -> Result<(), LineError>;
}
