//! The bounds of the buckets of a histogram.

use std::sync::Arc;

use super::error::BucketsError;

/// Maximum number of buckets of a histogram: each is a series of its own.
const MAX_BUCKETS: usize = 1000;

/// The upper bounds of the buckets of a histogram, ascending. The bucket `+Inf` always exists and is not
/// listed.
///
/// Defaults to the bounds that client libraries for Prometheus agree on for durations in seconds, from
/// 5 ms to 10 s.
///
/// ```
/// use pushjob::metrics::Buckets;
///
/// assert_eq!(Buckets::new([0.1, 1.0, 10.0])?.bounds(), [0.1, 1.0, 10.0]);
/// assert_eq!(Buckets::linear(10.0, 5.0, 3)?.bounds(), [10.0, 15.0, 20.0]);
/// assert_eq!(Buckets::exponential(1024.0, 4.0, 3)?.bounds(), [1024.0, 4096.0, 16384.0]);
/// assert_eq!(Buckets::exponential_range(1.0, 100.0, 3)?.bounds(), [1.0, 10.0, 100.0]);
/// # Ok::<(), pushjob::metrics::BucketsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Arc<[f64]>);

impl Buckets {
    /// Makes buckets with these bounds. A last bound of `+Inf` is accepted, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when a bound is NaN or not above the one before it, or there are more than 1000.
    pub fn new(bounds: impl IntoIterator<Item = f64>) -> Result<Self, BucketsError> {
        // One more than the maximum and `+Inf`, so that too many are noticed however many there are.
        let mut bounds: Vec<f64> = bounds.into_iter().take(MAX_BUCKETS + 2).collect();
        if bounds.iter().any(|bound| bound.is_nan()) {
            return Err(BucketsError::NotANumber);
        }
        if let Some(pair) = bounds.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(BucketsError::NotGrowing {
                bound: pair[1],
                before: pair[0],
            });
        }
        if bounds.last().is_some_and(|last| *last == f64::INFINITY) {
            bounds.pop();
        }
        if bounds.len() > MAX_BUCKETS {
            return Err(BucketsError::TooMany { limit: MAX_BUCKETS });
        }
        Ok(Self(bounds.into()))
    }

    /// Makes `count` buckets that are `width` apart, the first of which ends at `start`.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `width` is not positive, or as for [`new`](Self::new).
    pub fn linear(start: f64, width: f64, count: usize) -> Result<Self, BucketsError> {
        above("the width of the buckets", width, 0.0)?;
        Self::generated(count, |index| width.mul_add(index, start))
    }

    /// Makes `count` buckets, the first of which ends at `start` and each other at `factor` times the end of
    /// the one before.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `start` is not positive or `factor` not above 1, or as for [`new`](Self::new).
    pub fn exponential(start: f64, factor: f64, count: usize) -> Result<Self, BucketsError> {
        above("the first bound of the buckets", start, 0.0)?;
        above("the factor between buckets", factor, 1.0)?;
        Self::generated(count, |index| start * factor.powf(index))
    }

    /// Makes `count` buckets, the first of which ends at `min` and the last at `max`, with the same factor
    /// between neighbours. A single bucket ends at `min`.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `min` is not positive or `max` not above it, or as for [`new`](Self::new).
    pub fn exponential_range(min: f64, max: f64, count: usize) -> Result<Self, BucketsError> {
        above("the first bound of the buckets", min, 0.0)?;
        above("the last bound of the buckets", max, min)?;
        let last = super::number::float(count.saturating_sub(1) as u64);
        Self::generated(count, |index| {
            // The ends are exact.
            if index == 0.0 {
                min
            } else if index >= last {
                max
            } else {
                min * (max / min).powf(index / last)
            }
        })
    }

    fn generated(count: usize, bound: impl Fn(f64) -> f64) -> Result<Self, BucketsError> {
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let bounds = (0..count).map(|index| bound(f64::from(index)));
        let bounds: Vec<f64> = bounds.take(MAX_BUCKETS + 1).collect();
        if bounds.iter().any(|bound| bound.is_infinite()) {
            return Err(BucketsError::TooGreat);
        }
        Self::new(bounds)
    }

    /// Returns the bounds, without `+Inf`.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.0
    }
}

/// Rejects a setting that is not above a number.
fn above(setting: &'static str, value: f64, least: f64) -> Result<(), BucketsError> {
    if value > least {
        Ok(())
    } else {
        Err(BucketsError::Setting {
            setting,
            value,
            least,
        })
    }
}

impl Default for Buckets {
    fn default() -> Self {
        let bounds = [
            0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ];
        Self(bounds.into())
    }
}
