use std::error::Error;

/// An error with its causes, on one line. What is printed of an error by itself does not repeat its cause.
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
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
