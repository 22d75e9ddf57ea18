//! The same work for several gateways in parallel.

use std::panic;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// Does something with each of several gateways at the same time, so that a slow one does not delay
/// the others, and returns the results in their order. One gateway needs no thread; those for which
/// the system has none follow one after the other.
///
/// ```no_run
/// use pushjob::exposition::MetricFamilies;
/// use pushjob::grouping::GroupingKey;
/// use pushjob::push::{Pushgateway, for_each_concurrently};
///
/// let key = GroupingKey::new("etl")?;
/// let families = MetricFamilies::new();
/// let gateways = [Pushgateway::new("gateway-a:9091")?, Pushgateway::new("gateway-b:9091")?];
/// for result in for_each_concurrently(&gateways, |gateway| gateway.push(&key, &families)) {
///     if let Err(error) = result {
///         eprintln!("cannot push: {error}"); // names the gateway
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// When `each` does.
pub fn for_each_concurrently<T, R, F>(gateways: impl IntoIterator<Item = T>, each: F) -> Vec<R>
where
    T: Send,
    R: Send,
    F: Fn(T) -> R + Sync,
{
    // A thread that cannot be had gives back nothing that was moved into it, so each takes its
    // gateway from here.
    let places: Vec<Mutex<Option<T>>> = gateways
        .into_iter()
        .map(|gateway| Mutex::new(Some(gateway)))
        .collect();
    let at = |place: &Mutex<Option<T>>| {
        let taken = place.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.map(&each)
    };
    let at = &at;
    let results = thread::scope(|scope| {
        let threads: Vec<_> = places
            .iter()
            .skip(1)
            .map(|place| thread::Builder::new().spawn_scoped(scope, move || at(place)))
            .collect();
        let mut results: Vec<Option<R>> = places.iter().take(1).map(at).collect();
        for (thread, place) in threads.into_iter().zip(places.iter().skip(1)) {
            results.push(match thread.map(ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                // It panics here as it would have without a thread.
                Ok(Err(payload)) => panic::resume_unwind(payload),
                Err(_) => at(place),
            });
        }
        results
    });
    results.into_iter().flatten().collect()
}
