//! Sources of metric families.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use super::families::MetricFamilies;
use super::family::MetricFamily;

/// Anything that yields metric families when it is asked: a registry, a set or list of families, a
/// single one, or a collection of a program's own.
///
/// ```
/// use std::borrow::Cow;
/// use std::error::Error;
/// use pushjob::exposition::{Gather, MetricFamilies, MetricFamily, MetricName};
///
/// struct Queue(Vec<u64>);
///
/// impl Gather for Queue {
///     fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
///         let length = u32::try_from(self.0.len())?;
///         let mut families = MetricFamilies::new();
///         families.insert(MetricFamily::gauge(MetricName::new("queue_length")?, length.into()))?;
///         Ok(Cow::Owned(families))
///     }
/// }
/// # assert_eq!(Queue(vec![1]).families().unwrap().iter().count(), 1);
/// ```
pub trait Gather {
    /// The families as they are now.
    ///
    /// # Errors
    ///
    /// Whatever keeps them from being gathered, for example [`FamilyError`](super::FamilyError) for
    /// two of one name.
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>>;
}

impl<G: Gather + ?Sized> Gather for &G {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        (**self).families()
    }
}

impl<G: Gather + ?Sized> Gather for Arc<G> {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        (**self).families()
    }
}

impl<G: Gather + ?Sized> Gather for Box<G> {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        (**self).families()
    }
}

impl Gather for MetricFamilies {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        Ok(Cow::Borrowed(self))
    }
}

impl Gather for MetricFamily {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        std::slice::from_ref(self)
            .families()
            .map(Cow::into_owned)
            .map(Cow::Owned)
    }
}

impl Gather for [MetricFamily] {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut families = MetricFamilies::new();
        for family in self {
            families.insert(family.clone())?;
        }
        Ok(Cow::Owned(families))
    }
}

impl Gather for Vec<MetricFamily> {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        self.as_slice().families()
    }
}

impl<const N: usize> Gather for [MetricFamily; N] {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        self.as_slice().families()
    }
}
