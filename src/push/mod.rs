//! The push client: delivers metric families to a [Pushgateway], within one deadline, or says why it could not.
//!
//! ```no_run
//! use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
//! use pushjob::grouping::GroupingKey;
//! use pushjob::push::Pushgateway;
//!
//! let mut families = MetricFamilies::new();
//! families.insert(MetricFamily::gauge(MetricName::new("rows")?, 42.0))?;
//! Pushgateway::new("localhost:9091")?.push_add(&GroupingKey::new("etl")?, &families)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [Pushgateway]: https://github.com/prometheus/pushgateway

mod answer;
mod auth;
mod base;
mod builder;
mod check;
mod compression;
mod delivery;
mod diagnosis;
mod error;
mod file;
mod gateway;
mod header;
mod interrupt;
mod kind;
mod proxy;
mod request;
mod retry;
mod side_by_side;
#[cfg(feature = "rustls")]
mod tls;
mod transport;

pub use auth::Secret;
pub use builder::PushgatewayBuilder;
pub(crate) use check::check;
pub use check::{PUSH_FAILURE_TIME, PUSH_TIME};
pub use compression::Compression;
pub use error::{ConfigError, FileError, PushError, UnpushableError};
pub use file::FileKind;
pub use gateway::{Delivered, Pushgateway};
pub use kind::GatewayKind;
pub use proxy::Proxy;
pub use request::{Change, Method, Request};
pub use side_by_side::side_by_side;
#[cfg(feature = "rustls")]
pub use tls::Roots;
