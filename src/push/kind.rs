//! Kinds of gateways.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::grouping::GroupingKey;

use super::method::Method;

/// Kind of a gateway. It matters where responses do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GatewayKind {
    /// A Prometheus Pushgateway: it keeps the last push of each group until that is replaced or
    /// deleted.
    Pushgateway,
    /// [VictoriaMetrics] or its agent, which take pushes in the same form and store them as samples
    /// with a time. There is nothing to replace or delete: DELETE and PUT answer 200, and what was
    /// there stays. A client of this kind refuses both, so that nobody takes that for done.
    ///
    /// [VictoriaMetrics]: https://docs.victoriametrics.com/victoriametrics/#how-to-import-data-in-prometheus-exposition-format
    VictoriaMetrics,
}

impl GatewayKind {
    /// The end of the path at which VictoriaMetrics takes pushes.
    pub(super) const IMPORT: &str = "/api/v1/import/prometheus";

    /// The kind that a base URL without a trailing slash looks like.
    pub(super) fn of(base: &str) -> Self {
        // VictoriaMetrics cleans a path before it looks at it.
        let path = percent_decode_str(base).decode_utf8_lossy();
        let parts: Vec<&str> = path
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        if format!("/{}", parts.join("/")).ends_with(Self::IMPORT) {
            Self::VictoriaMetrics
        } else {
            Self::Pushgateway
        }
    }

    /// Returns true where a request of this method does what it says.
    #[must_use]
    pub fn supports(self, method: Method) -> bool {
        match self {
            Self::Pushgateway => true,
            Self::VictoriaMetrics => method == Method::Post,
        }
    }

    /// The path of a group below the base URL. VictoriaMetrics accepts label names of any text as
    /// they are, and knows no escaped form.
    pub(super) fn path_for(self, key: &GroupingKey) -> String {
        match self {
            Self::Pushgateway => key.path(),
            Self::VictoriaMetrics => key.path_with_encoded_names(),
        }
    }
}

impl fmt::Display for GatewayKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pushgateway => "Pushgateway",
            Self::VictoriaMetrics => "VictoriaMetrics",
        })
    }
}
