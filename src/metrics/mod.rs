//! Instruments that a program sets while it works, and the registry from which their families are gathered.
//!
//! ```
//! use pushjob::exposition::encode;
//! use pushjob::metrics::{Buckets, Registry};
//!
//! let registry = Registry::new();
//! let files = registry.counter("files_total", "Files read.")?;
//! let rows = registry.gauge_vec("rows", "Rows loaded.", &["table"])?;
//! let requests = registry.histogram("request_duration_seconds", "Requests.", Buckets::default())?;
//! files.inc();
//! rows.with_label_values(&["users"])?.set(42.0);
//! let answer = requests.time(|| 42);
//! assert!(encode(&registry.gather()?).contains("rows{table=\"users\"} 42\n"));
//! # Ok::<(), pushjob::metrics::MetricsError>(())
//! ```
//!
//! Instruments are declared once: an invalid name, and one that is taken, is an error there. They are cheap
//! to clone, and many threads can count at once without waiting for each other. A [`Collector`], for example
//! a closure, looks values up on request; [`ProcessCollector`] and [`build_info`] are ready-made ones.
//!
//! Gathered metrics are [pushed](crate::push), or [served, or written to a file](crate::sink).

mod buckets;
mod build_info;
mod collector;
mod counter;
mod error;
mod gauge;
mod histogram;
mod info;
mod instrument;
mod number;
#[cfg(all(feature = "process", target_os = "linux"))]
mod process;
mod registry;
mod summary;
mod timer;
mod vector;

pub use buckets::Buckets;
pub use build_info::build_info;
pub use collector::{CollectError, Collector};
pub use counter::Counter;
pub use error::{BucketsError, MetricsError};
pub use gauge::{Gauge, InProgress};
pub use histogram::Histogram;
pub use info::Info;
#[cfg(all(feature = "process", target_os = "linux"))]
pub use process::ProcessCollector;
pub use registry::Registry;
pub use summary::Summary;
pub use timer::Timer;
pub use vector::{CounterVec, GaugeVec, HistogramVec, MetricVec, SummaryVec};
