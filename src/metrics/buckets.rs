use std::sync::Arc;

use super::error::BucketsError;

/// The most buckets that a histogram may have: each is a series of its own.
const MOST: usize = 1000;

/// The upper bounds of the buckets of a histogram, growing. `+Inf` is always there and is not named.
///
/// The default are those that client libraries for Prometheus agree on for durations in seconds, from 5 ms to 10 s.
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
    /// Buckets of one's own. A last bound of `+Inf` may be given, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when a bound is NaN or not above the one before it, or there are more than 1000.
    pub fn new(bounds: impl IntoIterator<Item = f64>) -> Result<Self, BucketsError> {
        // One more than may be, to see that there are too many, however many there are.
        let mut bounds: Vec<f64> = bounds.into_iter().take(MOST + 2).collect();
        if bounds.last().is_some_and(|last| *last == f64::INFINITY) {
            bounds.pop();
        }
        if bounds.len() > MOST {
            return Err(BucketsError::TooMany { limit: MOST });
        }
        if bounds.iter().any(|bound| bound.is_nan()) {
            return Err(BucketsError::NotANumber);
        }
        match bounds.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(BucketsError::NotGrowing {
                bound: pair[1],
                before: pair[0],
            }),
            None => Ok(Self(bounds.into())),
        }
    }

    /// `count` buckets that are `width` apart, the first of which ends at `start`.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `width` is not positive, or as for [`new`](Self::new).
    pub fn linear(start: f64, width: f64, count: usize) -> Result<Self, BucketsError> {
        Self::generated(count, |index| width.mul_add(index, start))
    }

    /// `count` buckets, the first of which ends at `start` and each other at `factor` times the end of the one before.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `start` is not positive or `factor` not above 1, or as for [`new`](Self::new).
    pub fn exponential(start: f64, factor: f64, count: usize) -> Result<Self, BucketsError> {
        Self::generated(count, |index| start * factor.powf(index))
    }

    /// `count` buckets, the first of which ends at `min` and the last at `max`, each by the same factor beyond the one before.
    ///
    /// # Errors
    ///
    /// [`BucketsError`] when `min` is not positive or `max` not above it, or as for [`new`](Self::new).
    pub fn exponential_range(min: f64, max: f64, count: usize) -> Result<Self, BucketsError> {
        let last = super::number::float(count.saturating_sub(1) as u64);
        Self::generated(count, |index| {
            // Exactly what was asked for, at the ends at least.
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
        Self::new((0..count).map(|index| bound(f64::from(index))))
    }

    /// The bounds, without `+Inf`.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.0
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
