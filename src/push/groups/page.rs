//! The list of groups, read group by group.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;

use crate::exposition::parse_float;
use crate::grouping::{PUSH_FAILURE_TIME, PUSH_TIME};

use super::error::BodyError;
use super::group::GatewayGroup;
use super::json::JsonReader;
use super::query::GroupQuery;

/// Maximum length of what is kept of one group, in bytes. A gateway takes the labels of a group in
/// a request of at most 1 MiB of headers.
const MAX_GROUP_TEXT: usize = 2 << 20;

/// Maximum number of labels and values that are kept of one group.
const MAX_GROUP_ENTRIES: usize = 10_000;

/// Reads a list of groups, and hands out each. Stops early where `each` breaks.
pub(in crate::push) fn read_page<R: Read>(
    body: R,
    query: &GroupQuery,
    each: &mut dyn FnMut(GatewayGroup) -> ControlFlow<()>,
) -> Result<(), BodyError> {
    let mut json = JsonReader::new(body, query.max_bytes);
    json.allow_text(MAX_GROUP_TEXT);
    if json.peek()? == b'<' {
        return Err(BodyError::WebPage);
    }
    let mut stopped = false;
    let mut is_list = false;
    let read = json.object(|json, key| {
        if key != "data" {
            return json.skip();
        }
        is_list = true;
        json.array(|json| {
            json.allow_text(MAX_GROUP_TEXT);
            let group = read_group(json, query.prefix.as_deref())?;
            if each(group).is_break() {
                stopped = true;
                // Ends the reading, from whatever depth; it is not an error.
                return Err(json.unexpected());
            }
            Ok(())
        })
    });
    if stopped {
        return Ok(());
    }
    read?;
    if !is_list {
        return Err(json.unexpected());
    }
    json.end()
}

fn read_group<R: Read>(
    json: &mut JsonReader<R>,
    prefix: Option<&str>,
) -> Result<GatewayGroup, BodyError> {
    let mut group = GatewayGroup::default();
    let mut labels = None;
    let mut labels_of_push_time = BTreeMap::new();
    json.object(|json, key| match key.as_str() {
        "labels" => {
            labels = read_labels(json)?;
            Ok(())
        }
        PUSH_TIME => {
            group.push_time = read_family(json, Some(&mut labels_of_push_time))?;
            Ok(())
        }
        PUSH_FAILURE_TIME => {
            group.push_failure_time = read_family(json, None)?;
            Ok(())
        }
        name if prefix.is_some_and(|prefix| name.starts_with(prefix)) => {
            if let Some(value) = read_family(json, None)? {
                json.keep(key.len())?;
                group.values.insert(key, value);
            }
            if group.values.len() > MAX_GROUP_ENTRIES {
                return Err(json.long_text());
            }
            Ok(())
        }
        _ => json.skip(),
    })?;
    group.are_labels_hidden = labels.is_none();
    group.labels = labels.unwrap_or(labels_of_push_time);
    Ok(group)
}

/// Reads the labels of a group. None for a pushed metric of that name, in whose place they would
/// be: it has its series in an array, and labels are strings.
fn read_labels<R: Read>(
    json: &mut JsonReader<R>,
) -> Result<Option<BTreeMap<String, String>>, BodyError> {
    let mut labels = BTreeMap::new();
    let mut is_metric = false;
    if json.peek()? != b'{' {
        return json.skip().map(|()| None);
    }
    json.object(|json, name| {
        if json.peek()? != b'"' {
            is_metric = true;
            return json.skip();
        }
        json.keep(name.len())?;
        labels.insert(name, json.string()?);
        if labels.len() > MAX_GROUP_ENTRIES {
            return Err(json.long_text());
        }
        Ok(())
    })?;
    Ok((!is_metric).then_some(labels))
}

/// Reads the value of a family of one series, and the labels of the first where there is a place
/// for them.
fn read_family<R: Read>(
    json: &mut JsonReader<R>,
    mut labels: Option<&mut BTreeMap<String, String>>,
) -> Result<Option<f64>, BodyError> {
    let (mut series, mut value) = (0_u64, None);
    if json.peek()? != b'{' {
        return json.skip().map(|()| None);
    }
    json.object(|json, key| {
        if key != "metrics" || json.peek()? != b'[' {
            return json.skip();
        }
        json.array(|json| {
            series += 1;
            if series > 1 {
                return json.skip();
            }
            json.object(|json, key| match (key.as_str(), &mut labels) {
                ("labels", Some(labels)) => {
                    **labels = read_labels(json)?.unwrap_or_default();
                    Ok(())
                }
                ("value", _) if json.peek()? == b'"' => {
                    let text = json.string()?;
                    json.release(text.len());
                    value = parse_float(&text);
                    Ok(())
                }
                _ => json.skip(),
            })
        })
    })?;
    Ok(value.filter(|_| series == 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &[u8], query: &GroupQuery) -> Result<Vec<GatewayGroup>, BodyError> {
        let mut groups = Vec::new();
        // One byte at a time, so that every text is cut everywhere.
        let bytes = Bytes(body);
        read_page(bytes, query, &mut |group| {
            groups.push(group);
            ControlFlow::Continue(())
        })?;
        Ok(groups)
    }

    struct Bytes<'a>(&'a [u8]);

    impl Read for Bytes<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = into.len().min(1);
            self.0.read(&mut into[..length])
        }
    }

    #[test]
    fn every_wrong_body_has_its_error() {
        let deep = format!("{{\"x\":{}", "[".repeat(100));
        let long = format!(
            r#"{{"data":[{{"labels":{{"a":"{}"}}}}]}}"#,
            "x".repeat(3 << 20)
        );
        for (body, error) in [
            ("", BodyError::Cut { byte: 0 }),
            (r#"{"data":[{"#, BodyError::Cut { byte: 10 }),
            ("\n<html>", BodyError::WebPage),
            ("OK", BodyError::Unexpected { byte: 0 }),
            ("[]", BodyError::Unexpected { byte: 0 }),
            (
                r#"{"status":"success"}"#,
                BodyError::Unexpected { byte: 20 },
            ),
            (r#"{"data":[]} x"#, BodyError::Unexpected { byte: 12 }),
            (
                r#"{"data":[{"a":"\ud800"}]}"#,
                BodyError::Unexpected { byte: 22 },
            ),
            (&deep, BodyError::TooDeep { byte: 69 }),
            (
                &long,
                BodyError::LongText {
                    byte: 26 + (2 << 20),
                },
            ),
        ] {
            let found = read(body.as_bytes(), &GroupQuery::new());
            match (found, error) {
                (Err(BodyError::LongText { .. }), BodyError::LongText { .. }) => {}
                (found, error) => assert_eq!(found, Err(error), "{body:.40}"),
            }
        }
        let query = GroupQuery::new().max_bytes(11);
        assert_eq!(read(br#"{"data":[]}"#, &query), Ok(Vec::new()));
        let limit = 10;
        let query = GroupQuery::new().max_bytes(limit);
        assert_eq!(
            read(br#"{"data":[]}"#, &query),
            Err(BodyError::TooLong { limit })
        );
    }

    /// A value of any form, with the keys that are looked for among its own.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            (0..1).prop_map(|_| Value::Null),
        ];
        let key = prop_oneof![
            "labels|metrics|value|push_time_seconds|job|m_a",
            any::<String>()
        ];
        leaf.prop_recursive(6, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(key.clone(), inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn labels_are_those_that_another_reader_finds(
            labels in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
            other in value(),
            pretty in any::<bool>(),
        ) {
            let list = json!({"status": "success", "data": [{"a": other, "labels": labels, "z": other}]});
            let body = if pretty { format!("{list:#}") } else { list.to_string() };
            let groups = read(body.as_bytes(), &GroupQuery::new().values_of("m_")).unwrap();
            assert_eq!(groups[0].labels, labels);
        }

        #[test]
        fn any_value_is_read_or_refused(
            mut group in prop::collection::hash_map("labels|metrics|push_time_seconds|m_a|b", value(), 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            group.remove("c");
            let body = json!({"data": [group]}).to_string();
            let query = GroupQuery::new().values_of("m_");
            assert!(!matches!(read(body.as_bytes(), &query), Err(BodyError::Cut { .. })));
            let end = cut.index(body.len());
            let error = read(&body.as_bytes()[..end], &query).unwrap_err();
            assert!(matches!(error, BodyError::Cut { .. } | BodyError::Unexpected { .. }));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&bytes, &GroupQuery::new());
            let _ = read(&[br#"{"data":[{"labels":"#.as_slice(), &bytes].concat(), &GroupQuery::new());
        }
    }
}
