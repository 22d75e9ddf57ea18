//! The effect of a request on a group, by the rules of a Pushgateway.

use crate::exposition::MetricFamilies;

use super::method::Method;

impl Method {
    /// Returns true where nothing stays of what the group had before.
    #[cfg(target_os = "linux")]
    pub(crate) fn clears_group(self) -> bool {
        matches!(self, Self::Put | Self::Delete)
    }

    /// The families of a group after a request that brings `new`; None when the group is removed.
    pub(crate) fn apply(
        self,
        before: MetricFamilies,
        new: MetricFamilies,
    ) -> Option<MetricFamilies> {
        let mut families = match self {
            Self::Delete => return None,
            Self::Put => MetricFamilies::new(),
            Self::Post => before,
        };
        // A family without series is not written, so that a gateway never learns of it.
        for family in new.into_iter().filter(|family| !family.is_empty()) {
            families.replace(family);
        }
        Some(families)
    }
}
