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

mod auth;
mod base;
mod builder;
mod check;
mod error;
mod gateway;
mod interrupt;
mod retry;
mod transport;

pub use auth::Password;
pub use builder::PushgatewayBuilder;
pub(crate) use check::check;
pub use check::{PUSH_FAILURE_TIME, PUSH_TIME};
pub use error::{ConfigError, PasswordError, PushError, UnpushableError};
pub use gateway::{Change, Delivered, Pushgateway};
