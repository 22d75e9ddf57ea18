//! Reading the text format.

use crate::exposition::check::{Check, Purpose};
use crate::exposition::model::{MetricFamilies, NameValidation};
use crate::exposition::scan::ParseError;

use super::assemble::Assembly;

/// Reads text in the exposition format, and refuses what a Pushgateway refuses: a last line without
/// newline, carriage returns, timestamps, series that occur twice, TYPE lines after samples, names
/// and escapes out of the format. [`Check`] finds more than the first mistake, and does not keep
/// the text in memory.
///
/// A histogram or summary is kept as it is read, also where it contradicts itself: a gateway takes
/// it. Two blocks of the same family are read as one. Comments and blank lines are passed over.
///
/// # Errors
///
/// [`ParseError`] with the line and column of the first thing that is wrong.
///
/// ```
/// use pushjob::exposition::parse;
///
/// let families = parse(b"# TYPE rows gauge\nrows{table=\"users\"} 42\n")?;
/// assert_eq!(families.len(), 1);
/// # Ok::<(), pushjob::exposition::ParseError>(())
/// ```
pub fn parse(input: &[u8]) -> Result<MetricFamilies, ParseError> {
    parse_names(input, NameValidation::Legacy)
}

/// Reads text in the exposition format as [`parse`] does, with names by a scheme of choice: with
/// [`NameValidation::Utf8`] also `{"rows.loaded","k8s.pod"="p"} 42` and `# TYPE "rows.loaded" gauge`.
///
/// # Errors
///
/// [`ParseError`] with the line and column of the first thing that is wrong.
pub fn parse_names(input: &[u8], names: NameValidation) -> Result<MetricFamilies, ParseError> {
    let mut assembly = Assembly::default();
    let check = Check::new().names(names).purpose(Purpose::Reading);
    // What is in memory can be read; what remains is a line that is too long.
    if let Err(error) = check.walk(&input, &mut assembly) {
        return Err(ParseError::new(1, 1, error));
    }
    assembly.finish()
}
