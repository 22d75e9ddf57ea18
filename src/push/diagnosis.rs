//! Whether a gateway refuses a push for what is in it, or for what the gateway holds already.

use super::answer::printable;
use super::check::{PUSH_FAILURE_TIME, PUSH_TIME};
use super::request::Request;

/// The series that a gateway complains about and that are not in this push, each with what is wrong with it. Empty when the
/// complaint is about this push, or is not understood.
///
/// The text is that of the client library of which the gateway is made, which it also answers a scrape with:
/// `collected metric "a" { label:<name:"job" value:"x" > … } is not a GAUGE`.
pub(super) fn held_by_gateway(answer: &str, request: &Request<'_>) -> Vec<String> {
    let complaints = answer.lines().filter_map(Complaint::parse);
    complaints
        .filter(|complaint| !complaint.is_about(request))
        .map(|complaint| printable(&complaint.to_string()))
        .collect()
}

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
        let key = request.key();
        let own_name =
            matches!(self.metric, PUSH_TIME | PUSH_FAILURE_TIME) || request.has_family(self.metric);
        let mut pairs = key.pairs();
        // Values are compared as they are escaped: what needs none is equal, and for the rest it is not claimed to be
        // another group's.
        own_name
            && pairs.all(|(name, value)| {
                let found = self.labels.iter().find(|(label, _)| *label == name);
                found.is_some_and(|(_, found)| *found == value || found.contains('\\'))
            })
    }
}

impl std::fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.metric)?;
        let mut separator = '{';
        for (name, value) in &self.labels {
            write!(f, "{separator}{name}=\"{value}\"")?;
            separator = ',';
        }
        let end = if separator == ',' { "} " } else { " " };
        write!(f, "{end}{}", self.reason)
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

    fn held(answer: &str) -> Vec<String> {
        let mut families = MetricFamilies::new();
        let gauge = MetricFamily::gauge(MetricName::new("a").unwrap(), 1.0);
        families.insert(gauge).unwrap();
        let key = GroupingKey::new("mine").unwrap();
        let request = Request::new(&key, Change::Push(&families)).unwrap();
        held_by_gateway(answer, &request)
    }

    #[test]
    fn what_another_group_holds_is_told_from_what_is_pushed() {
        let other = r#"pushed metrics are invalid: 2 error(s) occurred:
* collected metric "q" { label:<name:"instance" value:"" > label:<name:"job" value:"b" > untyped:<value:1 > } was collected before with the same name and label values
* collected metric "r" { label:{name:"job"  value:"b"}  label:{name:"x"  value:"a\"} b"}  gauge:{value:0}} has a label named "x""#;
        assert_eq!(
            held(other),
            [
                r#"q{instance="",job="b"} was collected before with the same name and label values"#,
                r#"r{job="b",x="a\"} b"} has a label named "x""#,
            ]
        );
        let type_elsewhere = r#"collected metric "a" { label:<name:"job" value:"x" > counter:<value:1 > } is not a GAUGE"#;
        assert_eq!(held(type_elsewhere), [r#"a{job="x"} is not a GAUGE"#]);
        for about_this_push in [
            r#"collected metric "a" { label:<name:"job" value:"mine" > gauge:<value:1 > } is not a COUNTER"#,
            r#"collected metric "push_time_seconds" { label:<name:"job" value:"mine" > gauge:<value:1 > } was collected before"#,
            r#"collected histogram or summary named "h" collides with previously collected metric named "h_sum""#,
            "text format parsing error in line 1",
            "collected metric \"a",
            "collected metric \"a\" { label:<name:\"job\" value:\"b } x",
            "",
        ] {
            assert_eq!(held(about_this_push), [""; 0], "{about_this_push}");
        }
    }
}
