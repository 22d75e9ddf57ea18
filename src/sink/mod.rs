//! Places other than a gateway for metric families. A [`Sink`] takes changes of groups: a file for node
//! exporter, the gateway in memory, or one of a program's own.
#![cfg_attr(
    all(feature = "scrape", unix),
    doc = "Where Prometheus comes for them itself, there is an endpoint to [scrape]."
)]

mod contract;
mod embedded;
#[cfg(any(target_os = "linux", all(feature = "scrape", unix)))]
mod relabel;
#[cfg(all(feature = "scrape", unix))]
pub mod scrape;
mod store;
#[cfg(target_os = "linux")]
mod textfile;

pub use contract::{Sink, SinkError};
pub use embedded::EmbeddedGateway;
pub use store::{Group, GroupStore, InconsistentError};
#[cfg(target_os = "linux")]
pub use textfile::{Quarantined, Textfile, TextfileError, WrittenFile};
