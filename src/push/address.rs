//! The address of a gateway, as messages show it.

use crate::grouping::GroupingKey;

use super::kind::GatewayKind;

/// Maximum length of a URL in messages, in characters.
const URL_LIMIT: usize = 300;

/// The address of a gateway as it is shown in messages: without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GatewayAddress {
    pub(super) base: String,
    pub(super) kind: GatewayKind,
}

impl GatewayAddress {
    /// The kind of server behind the URL.
    #[must_use]
    pub fn kind(&self) -> GatewayKind {
        self.kind
    }

    /// The base URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The URL of a group.
    #[must_use]
    pub fn url(&self, key: &GroupingKey) -> String {
        format!("{}{}", self.base, self.kind.path_for(key))
    }
}

/// Shortens a URL for a message.
pub(super) fn shorten_url(url: &str) -> String {
    match url.char_indices().nth(URL_LIMIT) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}
