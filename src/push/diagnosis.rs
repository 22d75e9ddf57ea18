//! The cause of a refusal: this push, or metrics that the gateway holds already.

use crate::grouping::{PUSH_FAILURE_TIME, PUSH_TIME};

use super::request::Request;

/// Why a gateway has refused a request as inconsistent.
pub(super) enum Cause {
    /// For what it holds already. Each series, with what is wrong with it.
    Held(Vec<String>),
    /// A metric of this push has another type in another group.
    Type {
        metric: String,
        /// The series, or the type that it has there; the gateway says one of them, as it comes.
        elsewhere: String,
    },
    /// For what is in this push, or for something that is not understood.
    Unknown,
}

/// Finds out why, by what the gateway complains about.
///
/// The text is that of the client library of which the gateway is made, which it also answers a
/// scrape with: `collected metric "a" { label:<name:"job" value:"x" > … } is not a GAUGE`.
pub(super) fn find_cause(answer: &str, request: &Request<'_>) -> Cause {
    let mut held = Vec::new();
    let mut other_type = None;
    for message in answer.lines().filter_map(ServerMessage::parse) {
        let own = message.is_about(request);
        let pushed = request.has_family(message.metric);
        let wrong_type = message.reason.strip_prefix("is not a ").filter(|_| pushed);
        if let Some(word) = wrong_type {
            let metric = message.metric.to_owned();
            // Of our own series it says the type that it has elsewhere, of another's which one it
            // is.
            let elsewhere = if own {
                word.to_ascii_lowercase()
            } else {
                message.series()
            };
            other_type = Some(Cause::Type { metric, elsewhere });
        } else if own && message.is_of_duplicate_group(request) {
            held.push(DUPLICATE_GROUP.to_owned());
        } else if !own {
            let ServerMessage { reason, .. } = message;
            held.push(format!("{} {reason}", message.series()));
        }
    }
    held.dedup();
    // What the gateway holds has to go before anything else can be judged.
    match other_type {
        _ if !held.is_empty() => Cause::Held(held),
        Some(cause) => cause,
        None => Cause::Unknown,
    }
}

/// A group that the gateway cannot tell from ours.
const DUPLICATE_GROUP: &str = "a second group of the same labels, with an empty `instance` besides";

/// One line of such an answer.
struct ServerMessage<'a> {
    metric: &'a str,
    /// Names, and values as the gateway has escaped them.
    labels: Vec<(&'a str, &'a str)>,
    reason: &'a str,
}

impl<'a> ServerMessage<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (_, rest) = line.split_once("collected metric \"")?;
        let (metric, rest) = rest.split_once('"')?;
        let end = rest.rfind("} ")?;
        let (mut inner, reason) = (&rest[..end], &rest[end + 2..]);
        let mut labels = Vec::new();
        while let Some((name, rest)) = quoted(inner, "name:\"") {
            let (value, rest) = quoted(rest, "value:\"")?;
            labels.push((name, value));
            inner = rest;
        }
        Some(Self {
            metric,
            labels,
            reason,
        })
    }

    /// Returns true for a series that the request pushes or the gateway adds to its group.
    fn is_about(&self, request: &Request<'_>) -> bool {
        let known = self.is_of_the_gateway() || request.has_family(self.metric);
        let mut pairs = request.key().pairs();
        // Values are compared as they are escaped: what needs none is equal, and for the rest it is
        // not claimed to be another group's.
        let is_plain = |value: &str| {
            value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !br#"\"'"#.contains(&byte))
        };
        known
            && pairs.all(|(name, value)| {
                let found = self.labels.iter().find(|(label, _)| *label == name);
                found.is_some_and(|(_, found)| *found == value || !is_plain(value))
            })
    }

    /// Returns true for a metric that only the gateway sets.
    fn is_of_the_gateway(&self) -> bool {
        matches!(self.metric, PUSH_TIME | PUSH_FAILURE_TIME)
    }

    /// Returns true where a group differs from that of the request in an empty `instance` alone, so
    /// that the gateway has its own metrics twice for them.
    fn is_of_duplicate_group(&self, request: &Request<'_>) -> bool {
        self.is_of_the_gateway()
            && self.reason.starts_with("was collected before")
            && request.key().get("instance").is_none()
    }

    /// The name with its labels, as the gateway has escaped them.
    fn series(&self) -> String {
        let labels = self.labels.iter();
        let labels: Vec<String> = labels
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        format!("{}{{{}}}", self.metric, labels.join(","))
    }
}

/// Splits into the text in quotation marks behind `before`, and the rest.
fn quoted<'a>(text: &'a str, before: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(before)?;
    let mut escaped = false;
    let end = rest.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    Some((&rest[..end], &rest[end + 1..]))
}
