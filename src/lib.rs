//! Metrics of batch jobs, left where Prometheus sees them: at a [Pushgateway] above all.
//!
//! A program that does the work itself counts while it works and pushes when it is done:
//!
//! ```no_run
//! use pushjob::grouping::GroupingKey;
//! use pushjob::metrics::Registry;
//! use pushjob::push::Pushgateway;
//!
//! let registry = Registry::new();
//! let rows = registry.gauge("rows_loaded", "Rows loaded.")?;
//! rows.set(42.0);
//! Pushgateway::new("localhost:9091")?.push_add(&GroupingKey::new("etl")?, &registry)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`job`] does that for a whole job, and records how it went: when it was started, how long it took, and when it last
//! succeeded. `examples/` has a program for this and for each other part.
//!
//! A program that runs another reports how it went; this is what the command `pushjob run` does:
//!
//! ```standalone_crate
//! use std::time::Duration;
//!
//! use pushjob::grouping::GroupingKey;
//! use pushjob::supervise::{Job, Supervisor};
//! use pushjob::metrics::Registry;
//! use pushjob::push::Change;
//! use pushjob::report::{DEFAULT_PREFIX, Report};
//! use pushjob::sink::{EmbeddedGateway, Sink};
//!
//! let outcome = Supervisor::new()?.run(&Job::new("true", ["an argument"]), &mut |_| ());
//! let registry = Registry::new();
//! for family in Report::new(DEFAULT_PREFIX)?.end(&outcome) {
//!     registry.register(family)?;
//! }
//! let gateway = EmbeddedGateway::new();
//! let key = GroupingKey::new("nothing")?;
//! gateway.deliver(&key, Change::PushAdd(&registry.gather()?), Duration::from_secs(10))?;
//! assert!(gateway.page().contains("batch_job_success{instance=\"\",job=\"nothing\"} 1\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Modules
//!
//! - [`exposition`]: the text format, its model, writer and reader
//! - [`metrics`]: instruments and the registry
//! - [`grouping`]: the grouping key and its path
//! - [`push`]: the client
//! - [`supervise`]: running a child process (Linux)
//! - [`metrics_file`]: metrics from inside a job (Linux)
#![cfg_attr(
    any(feature = "prometheus", feature = "prometheus-client"),
    doc = "- [`adapter`]: registries of other crates"
)]
//! - [`batch`]: a job in this process, recorded
//! - [`report`]: how a run went, as metrics
//! - [`sink`]: where metrics go: gateways, a textfile for node exporter (Linux), an endpoint to scrape, a gateway in memory
//! - [`spool`]: what could not be delivered, on disk until it can (Linux)
//!
//! # Features
//!
//! - `cli` (default): the binary, which needs the next three; without it the crate is the library alone
//! - `rustls`: gateways behind `https://`
//! - `gzip`: compressed bodies
//! - `scrape`: an endpoint for Prometheus to scrape (Unix)
//! - `process`: the collector of the process itself (Linux)
//! - `prometheus`, `prometheus-client`: registries of these crates, pushed as they are
//!
//! [Pushgateway]: https://github.com/prometheus/pushgateway

#[cfg(any(feature = "prometheus", feature = "prometheus-client"))]
pub mod adapter;
pub mod batch;
mod chain;
pub mod exposition;
pub mod grouping;
pub mod metrics;
#[cfg(target_os = "linux")]
pub mod metrics_file;
pub mod push;
pub mod report;
pub mod sink;
#[cfg(target_os = "linux")]
pub mod spool;
#[cfg(target_os = "linux")]
pub mod supervise;

pub use batch::job;
pub use chain::chain;
