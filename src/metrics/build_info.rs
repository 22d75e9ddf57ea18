use crate::exposition::{MetricFamily, MetricName, MetricType};

use super::error::MetricsError;

/// Which build a program is, as a gauge that is 1: `NAME_build_info` with a label `version` and further facts. It is to be
/// registered.
///
/// What stands in a crate's name and in no metric name becomes an underscore.
///
/// # Errors
///
/// [`MetricsError`] when no metric name comes of `name`, or a label name is none or occurs twice.
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
