//! Registries of other crates, pushed as they are: each yields metric families like a registry of this crate.
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
//! Either can be [included](crate::metrics::Registry::include) in a registry of this crate, and so in what a [job](crate::batch)
//! pushes.
//!
//! # Conversion
//!
//! Names, types, help texts, labels and values are kept. What a Pushgateway does not know is converted:
//!
//! - `prometheus_client` writes [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/): a counter keeps the
//!   name that ends with `_total`, an info metric becomes a gauge whose name ends with `_info`, a unit is part of the name,
//!   and an unknown type becomes untyped.
//! - A family that is written more than once, as by sub-registries with labels of their own, becomes one family with the
//!   first help text.
//! - Exemplars and timestamps are dropped. So are the native buckets of a histogram; one that has no others is an
//!   [`AdapterError`].
//! - Bounds of buckets, and quantiles, are written like any other number: `le="1.0"` becomes `le="1"`.
//! - The type `UNTYPED` of `prometheus`, which the crate itself cannot write, is an [`AdapterError`].

#[cfg(feature = "prometheus-client")]
mod client_registry;
mod error;
#[cfg(feature = "prometheus")]
mod prometheus_registry;
mod text;

pub use error::AdapterError;
