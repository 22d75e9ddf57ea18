//! Whether a gateway refuses a push for what is in it, or for what the gateway holds already.

use crate::grouping::{PUSH_FAILURE_TIME, PUSH_TIME};

use super::answer::printable;
use super::request::Request;

/// Why a gateway has refused a request as inconsistent.
#[derive(Debug, PartialEq)]
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
/// The text is that of the client library of which the gateway is made, which it also answers a scrape with:
/// `collected metric "a" { label:<name:"job" value:"x" > … } is not a GAUGE`.
pub(super) fn cause(answer: &str, request: &Request<'_>) -> Cause {
    let mut held = Vec::new();
    let mut other_type = None;
    for complaint in answer.lines().filter_map(Complaint::parse) {
        let own = complaint.is_about(request);
        let pushed = request.has_family(complaint.metric);
        let wrong_type = complaint
            .reason
            .strip_prefix("is not a ")
            .filter(|_| pushed);
        if let Some(word) = wrong_type {
            let metric = complaint.metric.to_owned();
            // Of our own series it says the type that it has elsewhere, of another's which one it is.
            let elsewhere = if own {
                word.to_ascii_lowercase()
            } else {
                complaint.series()
            };
            other_type = Some(Cause::Type {
                metric,
                elsewhere: printable(&elsewhere),
            });
        } else if own && complaint.is_of_a_twin(request) {
            held.push(TWIN.to_owned());
        } else if !own {
            let Complaint { reason, .. } = complaint;
            held.push(printable(&format!("{} {reason}", complaint.series())));
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
const TWIN: &str = "a second group of the same labels, with an empty `instance` besides";

/// One line of such an answer.
struct Complaint<'a> {
    metric: &'a str,
    /// Names, and values as the gateway has escaped them.
    labels: Vec<(&'a str, &'a str)>,
    reason: &'a str,
}

impl<'a> Complaint<'a> {
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

    /// Whether this series is one that the request pushes, or one that the gateway adds to its group.
    fn is_about(&self, request: &Request<'_>) -> bool {
        let known = self.is_of_the_gateway() || request.has_family(self.metric);
        let mut pairs = request.key().pairs();
        // Values are compared as they are escaped: what needs none is equal, and for the rest it is not claimed to be
        // another group's.
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

    /// Whether it is a metric that no push brings.
    fn is_of_the_gateway(&self) -> bool {
        matches!(self.metric, PUSH_TIME | PUSH_FAILURE_TIME)
    }

    /// Whether there is a group which differs from that of the request in an empty `instance` alone, so that the gateway has
    /// its own metrics twice for them.
    fn is_of_a_twin(&self, request: &Request<'_>) -> bool {
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

/// What stands in quotation marks behind `before`, and what follows it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{MetricFamilies, MetricFamily, MetricName};
    use crate::grouping::GroupingKey;
    use crate::push::request::Change;

    fn of(answer: &str) -> Cause {
        of_key(answer, &GroupingKey::new("mine").unwrap())
    }

    fn of_key(answer: &str, key: &GroupingKey) -> Cause {
        let mut families = MetricFamilies::new();
        let gauge = MetricFamily::gauge(MetricName::new("a").unwrap(), 1.0);
        families.insert(gauge).unwrap();
        let request = Request::new(key, Change::Push(&families)).unwrap();
        cause(answer, &request)
    }

    fn other_type(elsewhere: &str) -> Cause {
        Cause::Type {
            metric: "a".to_owned(),
            elsewhere: elsewhere.to_owned(),
        }
    }

    #[test]
    fn what_another_group_holds_is_told_from_what_is_pushed() {
        let other = r#"pushed metrics are invalid: 3 error(s) occurred:
* collected metric "q" { label:<name:"instance" value:"" > label:<name:"job" value:"b" > untyped:<value:1 > } was collected before with the same name and label values
* collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } is not a COUNTER
* collected metric "r" { label:{name:"job"  value:"b"}  label:{name:"x"  value:"a\"} b"}  gauge:{value:0}} has a label named "x""#;
        let held = [
            r#"q{instance="",job="b"} was collected before with the same name and label values"#,
            r#"r{job="b",x="a\"} b"} has a label named "x""#,
        ];
        assert_eq!(of(other), Cause::Held(held.map(str::to_owned).to_vec()));
        // The gateway's own metrics of our own group twice.
        let twin = r#"collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before with the same name and label values"#;
        assert_eq!(
            of(&format!("{twin}\n{twin}")),
            Cause::Held(vec![TWIN.to_owned()])
        );
        let odd = r#"collected metric "push_time_seconds" { label:<name:"job" value:"po\377i" > gauge:<value:1 > } has a label named "job" whose value is not utf8: "po\xffi""#;
        assert!(matches!(of(odd), Cause::Held(_)));
        for unknown in [
            r#"collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before"#,
            r#"collected histogram or summary named "h" collides with previously collected metric named "h_sum""#,
            "text format parsing error in line 1",
            "collected metric \"a",
            "collected metric \"a\" { label:<name:\"job\" value:\"b } x",
            "",
        ] {
            assert_eq!(of(unknown), Cause::Unknown, "{unknown}");
        }
    }

    #[test]
    fn only_what_the_key_and_the_names_say_is_this_push() {
        let quoted = GroupingKey::new("a\"b").unwrap();
        let own = r#"collected metric "a" { label:<name:"job" value:"a\"b" > gauge:<value:1 > } was collected before"#;
        assert_eq!(of_key(own, &quoted), Cause::Unknown);
        // Of our group, but pushed by somebody else.
        let of_group = r#"collected metric "z" { label:<name:"job" value:"mine" > gauge:<value:1 > } has a label"#;
        assert!(matches!(of(of_group), Cause::Held(_)));
        let longer_name = r#"collected metric "a_x" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
        assert!(matches!(of(longer_name), Cause::Held(_)));
        let with_instance = GroupingKey::new("mine").unwrap();
        let with_instance = with_instance.with_label("instance", "i").unwrap();
        let twice = r#"collected metric "push_time_seconds" { label:<name:"instance" value:"i" > label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before"#;
        assert_eq!(of_key(twice, &with_instance), Cause::Unknown);
        let other_trouble = r#"collected metric "push_time_seconds" { label:<name:"job" value:"mine" > gauge:<value:1 > } has a label"#;
        assert_eq!(of(other_trouble), Cause::Unknown);
    }

    #[test]
    fn a_type_that_differs_elsewhere_is_known_from_either_side() {
        let theirs = r#"collected metric "a" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
        assert_eq!(of(theirs), other_type(r#"a{job="x"}"#));
        let ours = r#"collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } is not a COUNTER"#;
        assert_eq!(of(ours), other_type("counter"));
        let neither = r#"collected metric "b" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
        assert!(matches!(of(neither), Cause::Held(_)));
    }
}
