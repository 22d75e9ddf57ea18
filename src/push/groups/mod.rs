//! The groups that a Pushgateway holds, as it lists them at `/api/v1/metrics`.

mod error;
mod group;
mod json;
mod page;
mod query;

pub use error::{BodyError, GroupsError};
pub use group::GatewayGroup;
pub(super) use page::read_page;
pub use query::{GroupQuery, GroupsRead};
