//! Instruments that a program sets while it works, and the registry from which their families are gathered.
//!
//! ```
//! use pushjob::exposition::encode;
//! use pushjob::metrics::Registry;
//!
//! let registry = Registry::new();
//! let files = registry.counter("files_total", "Files read.")?;
//! let rows = registry.gauge_vec("rows", "Rows loaded.", &["table"])?;
//! files.inc();
//! rows.with_label_values(&["users"])?.set(42.0);
//! assert!(encode(&registry.gather()?).contains("rows{table=\"users\"} 42\n"));
//! # Ok::<(), pushjob::metrics::MetricsError>(())
//! ```

mod error;
mod instrument;
mod registry;
mod vector;

pub use error::MetricsError;
pub use instrument::{Counter, Gauge};
pub use registry::{Collector, Registry};
pub use vector::{CounterVec, GaugeVec};
