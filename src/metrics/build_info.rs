//! The build of a program, as a metric.

use crate::exposition::{MetricFamily, MetricName, MetricType};

use super::error::MetricsError;

/// Makes a gauge that is 1, `NAME_build_info`, with a label `version` and further facts about the build. It
/// has to be registered.
///
/// Characters of a crate's name that a metric name cannot have become underscores.
///
/// # Errors
///
/// [`MetricsError`] when `name` does not make a metric name, or a label name is invalid or occurs twice.
///
/// ```
/// use pushjob::exposition::encode;
/// use pushjob::metrics::{Registry, build_info};
///
/// let registry = Registry::new();
/// let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
/// registry.register(build_info(name, version, &[("revision", "1a2b3c")])?)?;
/// let page = encode(&registry.gather()?);
/// assert!(page.contains("pushjob_build_info{revision=\"1a2b3c\",version=\""));
/// # Ok::<(), pushjob::metrics::MetricsError>(())
/// ```
pub fn build_info(
    name: &str,
    version: &str,
    facts: &[(&str, &str)],
) -> Result<MetricFamily, MetricsError> {
    let name = name.replace(['-', '.'], "_");
    let name = MetricName::new(format!("{name}_build_info"))?;
    let mut family =
        MetricFamily::new(name, MetricType::Gauge).with_help("Which build of the program this is.");
    family.add(&[&[("version", version)], facts].concat(), 1.0)?;
    Ok(family)
}
