//! Errors with their causes, on one line.

use std::error::Error;

/// Joins an error and its causes on one line. The text of an error does not repeat its cause.
///
/// ```
/// use pushjob::grouping::GroupingKey;
/// use pushjob::metrics::Registry;
/// use pushjob::push::Pushgateway;
///
/// let registry = Registry::new();
/// let pushed = Pushgateway::new("localhost:1")?.push_add(&GroupingKey::new("etl")?, &registry);
/// if let Err(error) = pushed {
///     eprintln!("cannot push: {}", pushjob::chain(&error));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
