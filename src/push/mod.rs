//! The push client: delivers metric families to a [Pushgateway], within one deadline, or says why
//! it could not.
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
//! [`Pushgateway::builder`] has credentials, TLS, proxies, compression and the time that a delivery
//! may take. [`push`], [`push_add`] and [`delete`] do to a group what a gateway calls by these
//! names; what is pushed is anything that [yields metric families](crate::exposition::Gather), a
//! [`Registry`](crate::metrics::Registry) for one. A [`Request`] is what goes over the wire, to be
//! looked at, or sent by another client.
//!
//! # What is refused
//!
//! Metrics that a gateway would accept and then store wrongly, or be broken by for everyone, are an
//! [`UnpushableError`] before anything is sent: a label in a series that the grouping key sets, the
//! gateway's own metrics, `le` and `quantile` where the format has them, an empty `instance`. A set
//! of families with a name or a series twice cannot be made in the first place.
//!
//! # Groups of a gateway
//!
//! [`Pushgateway::read_groups`] reads which groups a gateway holds, one by one, in bounded memory.
//!
//! # Several gateways
//!
//! [`for_each_concurrently`] delivers to each of them at the same time.
//!
//! # From async programs
//!
//! A delivery blocks its thread, for the [timeout](PushgatewayBuilder::timeout) at most. A client
//! is `Send` and `Sync`, keeps its connections and has no global state, so that it can wait in an
//! `Arc` for a thread that may block:
//!
//! ```no_run
//! use std::sync::Arc;
//! use pushjob::grouping::GroupingKey;
//! use pushjob::metrics::Registry;
//! use pushjob::push::Pushgateway;
//!
//! # async fn report() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Arc::new(Pushgateway::new("localhost:9091")?);
//! let registry = Arc::new(Registry::new());
//!
//! let (pushing, metrics) = (Arc::clone(&client), Arc::clone(&registry));
//! tokio::task::spawn_blocking(move || {
//!     let key = GroupingKey::new("etl")?;
//!     pushing.push_add(&key, &*metrics)?;
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
//! })
//! .await?
//! .map_err(|error| error as Box<dyn std::error::Error>)?;
//! # Ok(())
//! # }
//! ```
//!
//! [`push`]: Pushgateway::push
//! [`push_add`]: Pushgateway::push_add
//! [`delete`]: Pushgateway::delete
//! [Pushgateway]: https://github.com/prometheus/pushgateway

mod address;
mod auth;
mod builder;
mod compression;
mod concurrent;
mod config_error;
mod delivery;
mod diagnosis;
mod error;
mod file;
mod gateway;
mod gateway_url;
mod group_effect;
mod groups;
mod header;
mod interrupt;
mod kind;
mod method;
mod other_server;
mod proxy;
mod redact;
mod request;
mod response;
mod retry;
mod text;
#[cfg(feature = "rustls")]
mod tls;
mod transport;

pub use crate::grouping::{PUSH_FAILURE_TIME, PUSH_TIME, UnpushableError};

pub use address::GatewayAddress;
pub use auth::Secret;
pub use builder::PushgatewayBuilder;
pub use compression::Compression;
pub use concurrent::for_each_concurrently;
pub use config_error::ConfigError;
pub use delivery::Delivered;
pub use error::PushError;
pub use file::{FileError, FileKind};
pub use gateway::Pushgateway;
pub use groups::{BodyError, GatewayGroup, GroupQuery, GroupsError, GroupsRead};
pub use kind::GatewayKind;
pub use method::Method;
pub use proxy::Proxy;
pub use request::{Change, Request};
pub use text::PushText;
#[cfg(feature = "rustls")]
pub use tls::Roots;
