//! The adapter for registries of the crate `prometheus_client`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::exposition::{Format, Gather, MetricFamilies};

use super::error::AdapterError;
use super::text::read;

const CRATE: &str = "prometheus_client";

/// Reads the text that the registry writes, which is its only output.
impl Gather for Registry {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut text = String::new();
        encode(&mut text, self).map_err(|error| AdapterError::NotWritten {
            of: CRATE,
            reason: match last_metric(&text) {
                // The error itself says nothing.
                Some(metric) => format!("it stops at {metric}"),
                None => error.to_string(),
            },
        })?;
        let text = in_one_block_each(&with_escaped_help(&text));
        Ok(Cow::Owned(read(
            CRATE,
            text.as_bytes(),
            Format::OpenMetrics,
        )?))
    }
}

/// The metric that was being written last.
fn last_metric(text: &str) -> Option<&str> {
    let mut lines = text.lines().rev();
    let help = lines.find_map(|line| line.strip_prefix("# HELP "))?;
    help.split(' ').next()
}

/// Escapes help texts, which the crate writes unescaped: a backslash would be read as another character,
/// and a newline would begin an invalid line. A help text ends at the TYPE line of its metric.
fn with_escaped_help(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // The metric whose help text may go on.
    let mut described: Option<&str> = None;
    let is_type_of = |line: &str, metric: &str| {
        let rest = line.strip_prefix("# TYPE ");
        let rest = rest.and_then(|rest| rest.strip_prefix(metric));
        rest.is_some_and(|rest| rest.starts_with(' '))
    };
    for line in text.split_inclusive('\n') {
        if described.is_some_and(|metric| !is_type_of(line, metric)) {
            // The newline before this line belongs to the help text.
            escaped.pop();
            escaped.push_str("\\n");
        } else {
            let help = line.strip_prefix("# HELP ");
            described = help.and_then(|help| help.split([' ', '\n']).next());
        }
        if described.is_some() {
            escaped.push_str(&line.replace('\\', "\\\\").replace('"', "\\\""));
        } else {
            escaped.push_str(line);
        }
    }
    escaped
}

/// Joins the blocks of a family: sub-registries with labels of their own write one each, and so may a
/// collector. The first help text is kept. Units are dropped, which are part of the names.
fn in_one_block_each(text: &str) -> String {
    let mut blocks = vec![String::new()];
    let mut known = HashMap::new();
    let mut help = "";
    let mut current = 0;
    let series = text.strip_suffix("# EOF\n").unwrap_or(text);
    for line in series.split_inclusive('\n') {
        if line.starts_with("# HELP ") {
            help = line;
        } else if line.starts_with("# TYPE ") {
            // By name and type: a family with two types is invalid, so both remain and are rejected.
            current = *known.entry(line).or_insert_with(|| {
                blocks.push([help, line].concat());
                blocks.len() - 1
            });
        } else if !line.starts_with("# UNIT ") {
            blocks[current].push_str(line);
        }
    }
    if series.len() < text.len() {
        blocks.push(text[series.len()..].to_owned());
    }
    blocks.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_texts_are_escaped_and_nothing_else() {
        for (text, expected) in [
            ("", ""),
            (
                "# HELP a A\\b\n# TYPE a counter\na{b=\"\\\\\"} 1\n# EOF\n",
                "# HELP a A\\\\b\n# TYPE a counter\na{b=\"\\\\\"} 1\n# EOF\n",
            ),
            (
                "# HELP a One\ntwo \"2\"\n\n# TYPE a gauge\na 1\n",
                "# HELP a One\\ntwo \\\"2\\\"\\n\n# TYPE a gauge\na 1\n",
            ),
            (
                "# HELP a One\n# TYPE ab gauge\n# TYPE a gauge\na 1\n",
                "# HELP a One\\n# TYPE ab gauge\n# TYPE a gauge\na 1\n",
            ),
        ] {
            assert_eq!(with_escaped_help(text), expected);
        }
    }

    #[test]
    fn a_family_has_one_block() {
        for (text, expected) in [
            ("# EOF\n", "# EOF\n"),
            ("cut off", "cut off"),
            (
                "# HELP a_seconds A.\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# EOF\n",
                "# HELP a_seconds A.\n# TYPE a_seconds gauge\na_seconds 1\n# EOF\n",
            ),
            (
                "# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\n\
                 # HELP b B.\n# TYPE b gauge\nb 1\n\
                 # HELP a Other.\n# TYPE a gauge\na{x=\"2\"} 1\n# EOF\n",
                "# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 1\n\
                 # HELP b B.\n# TYPE b gauge\nb 1\n# EOF\n",
            ),
            (
                "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a counter\na_total 1\n# EOF\n",
                "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a counter\na_total 1\n# EOF\n",
            ),
        ] {
            assert_eq!(in_one_block_each(text), expected);
        }
    }

    #[test]
    fn the_metric_written_last_is_found() {
        assert_eq!(last_metric(""), None);
        let text = "# HELP a A.\n# TYPE a gauge\na 1\n# HELP b ";
        assert_eq!(last_metric(text), Some("b"));
        assert_eq!(last_metric("# HELP a A.\n# TYPE a gauge\n"), Some("a"));
    }
}
