//! The recorder: tells every destination that a run has started, goes on and has ended.
//!
//! A [`Recorder`] holds the destinations of one run. `pushjob run` and a [job in this
//! process](crate::batch) both use it, so that a run is recorded in the same way whoever runs it:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::{Duration, SystemTime};
//!
//! use pushjob::grouping::GroupingKey;
//! use pushjob::record::{Recorder, SinkDestination};
//! use pushjob::report::{Completion, DEFAULT_PREFIX, Report, Verdict};
//! use pushjob::sink::EmbeddedGateway;
//!
//! let gateway = Arc::new(EmbeddedGateway::new());
//! let mut recorder = Recorder::new(GroupingKey::new("etl")?, Report::new(DEFAULT_PREFIX)?)
//!     .destination(SinkDestination::new(Arc::clone(&gateway)));
//! let started = SystemTime::now();
//! recorder.start(started);
//! let completion = Completion {
//!     started,
//!     completed: SystemTime::now(),
//!     duration: Duration::from_millis(20),
//!     verdict: Verdict::Success,
//! };
//! recorder.end(&completion, &|report| assert!(report.is_delivered()));
//! assert!(gateway.page().contains("batch_job_success{instance=\"\",job=\"etl\"} 1\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Destinations
//!
//! A [`Destination`] is told of updates (the start, heartbeats) and of the end. Updates are made on a
//! thread of their own, one at a time and never queued, so that nobody waits for them. When the run has
//! ended, all destinations are told at the same time. Whatever happens, the end is the last thing that a
//! destination hears, and each has the [time of one delivery](Recorder::push_timeout) for it.
//!
//! - [`GatewayDestination`]: a Pushgateway, with a spool if there is one (Linux)
//! - [`TextfileDestination`]: a file for node exporter (Linux)
//! - [`SinkDestination`]: any [`Sink`](crate::sink::Sink), for one of a program's own
//!
//! A sink is the smaller thing: it takes a change of a group. The adapter turns updates and the end into
//! changes and gives them a thread and a deadline, which is all that most programs want. A type that wants
//! to tell a start from an end implements [`Destination`] itself.

mod delivery_error;
mod destination;
mod end;
#[cfg(target_os = "linux")]
mod file_metrics;
mod gateway;
mod in_flight;
mod metrics;
mod notice;
mod page;
mod panic;
mod parts;
mod progress;
mod recorder;
mod registry_metrics;
#[cfg(target_os = "linux")]
mod run_spool;
#[cfg(not(target_os = "linux"))]
#[path = "no_spool.rs"]
mod run_spool;
mod sink;
#[cfg(target_os = "linux")]
mod textfile;
mod update;
mod updates;
mod worker;

pub use delivery_error::DeliveryError;
pub use destination::{DeadlineKeeper, Destination};
pub use end::{EndMethod, EndMethods, RunEnd};
#[cfg(target_os = "linux")]
pub use file_metrics::FileMetrics;
pub use gateway::GatewayDestination;
pub use in_flight::InFlight;
pub use metrics::RunMetrics;
pub use notice::{Notice, NoticeLevel};
pub use page::RunPage;
pub use progress::{DeliveryFailure, DestinationReport, KeptIn, Progress};
pub(crate) use recorder::PUSH_TIMEOUT;
pub use recorder::Recorder;
pub use registry_metrics::RegistryMetrics;
#[cfg(target_os = "linux")]
pub use run_spool::{BegunRun, RunSpool};
pub use sink::SinkDestination;
#[cfg(target_os = "linux")]
pub use textfile::TextfileDestination;
pub use update::{NoResponse, RunUpdate, UpdateOutcome, UpdateSummary, UpdateTrouble};
pub use updates::Updates;
