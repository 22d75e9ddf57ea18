//! Registries of other crates, pushed as they are: each yields metric families as ours does.
//!
//! With the feature `prometheus` a registry of the crate [`prometheus`](https://docs.rs/prometheus), version 0.14:
//!
#![cfg_attr(feature = "prometheus", doc = "```no_run")]
#![cfg_attr(not(feature = "prometheus"), doc = "```ignore")]
//! use pushjob::grouping::GroupingKey;
//! use pushjob::push::Pushgateway;
//!
//! let rows = prometheus::register_int_counter!("rows_total", "Rows loaded.")?;
//! rows.inc_by(42);
//! let key = GroupingKey::new("etl")?;
//! Pushgateway::new("localhost:9091")?.push_add(&key, prometheus::default_registry())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `prometheus-client` one of the crate [`prometheus_client`](https://docs.rs/prometheus-client), version 0.25:
//!
#![cfg_attr(feature = "prometheus-client", doc = "```no_run")]
#![cfg_attr(not(feature = "prometheus-client"), doc = "```ignore")]
//! use prometheus_client::metrics::counter::Counter;
//! use prometheus_client::registry::Registry;
//! use pushjob::grouping::GroupingKey;
//! use pushjob::push::Pushgateway;
//!
//! let mut registry = Registry::default();
//! let rows: Counter = Counter::default();
//! registry.register("rows", "Rows loaded", rows.clone()); // pushed as rows_total
//! rows.inc_by(42);
//! Pushgateway::new("localhost:9091")?.push_add(&GroupingKey::new("etl")?, &registry)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Either can be part of a registry of ours, and so of what a [job](crate::batch) pushes: [`include`](crate::metrics::Registry::include).
//!
//! # What becomes of it
//!
//! Names, types, help texts, labels and values are kept. What a Pushgateway does not have is turned into what it has:
//!
//! - Of [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/), in which `prometheus_client` writes, a counter has the name that ends with `_total`, an info metric is a gauge whose name
//!   ends with `_info`, a unit is part of the name, and an unknown type is untyped.
//! - A family that is written more than once, as by sub-registries with labels of their own, is one family with the first help text.
//! - Exemplars and timestamps are left out. So are the native buckets of a histogram; one that has no others is an [`AdapterError`].
//! - Bounds of buckets, and quantiles, are written as any other number: `le="1.0"` becomes `le="1"`.
//! - A type of its own that `prometheus` cannot write, `UNTYPED`, is an [`AdapterError`].

#[cfg(feature = "prometheus-client")]
mod client_registry;
mod error;
#[cfg(feature = "prometheus")]
mod prometheus_registry;
mod text;

pub use error::AdapterError;
