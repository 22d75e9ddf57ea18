//! Records batch jobs and leaves the result where Prometheus sees it: at a [Pushgateway] above all.
//!
//! # A job in this program
//!
//! [`job`] runs a closure, records how that went, and delivers it with the metrics of the program:
//!
//! ```
//! # fn load() -> Result<u32, std::io::Error> { Ok(42) }
//! # let gateway = "localhost:1";
//! let rows = pushjob::job("etl").gateway(gateway).run(|job| {
//!     let loaded = job.registry().gauge("rows_loaded", "Rows loaded.")?;
//!     let rows = load()?;
//!     loaded.set(rows.into());
//!     Ok::<_, Box<dyn std::error::Error>>(rows)
//! })?;
//! # assert_eq!(rows, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! When it started, how long it took, whether it succeeded, when it last did: all of this is at the gateway
//! when `run` returns what the closure returned. See [`batch`] for spool, heartbeats and other
//! destinations.
//!
//! # Metrics of a program, pushed
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
//! # Another program, supervised and recorded
//!
//! This is what the command `pushjob run` does, with [`GatewayDestination`](record::GatewayDestination) in
//! the place of the gateway in memory:
//!
//! ```standalone_crate
//! use std::sync::Arc;
//!
//! use pushjob::grouping::GroupingKey;
//! use pushjob::record::{Recorder, SinkDestination};
//! use pushjob::report::{DEFAULT_PREFIX, Report, VerdictRules};
//! use pushjob::sink::EmbeddedGateway;
//! use pushjob::supervise::{Job, JobEvent, Supervisor};
//!
//! let gateway = Arc::new(EmbeddedGateway::new());
//! let supervisor = Supervisor::new()?;
//! let mut recorder = Recorder::new(GroupingKey::new("nightly")?, Report::new(DEFAULT_PREFIX)?)
//!     .destination(SinkDestination::new(Arc::clone(&gateway)));
//! let outcome = supervisor.run(&Job::new("true", ["an argument"]), &mut |event| {
//!     if let JobEvent::StartDue(started) = event {
//!         // It is reported again with the end.
//!         let _ = recorder.start(started);
//!     }
//! });
//! let verdict = VerdictRules::default().judge(&outcome);
//! recorder.end_of_process(&outcome, verdict, &|report| assert!(report.is_delivered()));
//! assert!(gateway.page().contains("batch_job_success{instance=\"\",job=\"nightly\"} 1\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/` has a program for each of these, and for each destination.
//!
//! # Modules
//!
//! - [`batch`]: a job in this process
//! - [`metrics`]: instruments and the registry
//! - [`push`]: the client of a Pushgateway
//! - [`record`]: tells the destinations of a run that it starts, goes on and has ended
//! - [`sink`]: other places for metrics: a textfile for node exporter (Linux), an endpoint to scrape, a
//!   gateway in memory
//! - [`spool`]: results that could not be delivered, on disk until they can (Linux)
//! - [`report`]: how a run went, as metrics
//! - [`grouping`]: the grouping key, its path, and what a group cannot hold
//! - [`exposition`]: the text format, its model, encoder and parser
//! - [`supervise`]: supervises a child process (Linux)
//! - [`metrics_file`]: metrics from inside a child process (Linux)
#![cfg_attr(
    any(feature = "prometheus", feature = "prometheus-client"),
    doc = "- [`adapter`]: registries of other crates"
)]
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
mod clock;
pub mod exposition;
#[cfg(target_os = "linux")]
mod files;
pub mod grouping;
pub mod metrics;
#[cfg(target_os = "linux")]
pub mod metrics_file;
pub mod push;
pub mod record;
pub mod report;
pub mod sink;
#[cfg(target_os = "linux")]
pub mod spool;
#[cfg(target_os = "linux")]
pub mod supervise;

pub use batch::job;
pub use chain::chain;
