use std::borrow::Cow;
use std::error::Error;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::exposition::{Format, Gather, MetricFamilies};

use super::error::AdapterError;
use super::text::read;

const CRATE: &str = "prometheus_client";

/// Read as the text that it writes, which is its only way out.
impl Gather for Registry {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let mut text = String::new();
        encode(&mut text, self).map_err(|error| AdapterError::NotWritten {
            of: CRATE,
            reason: error.to_string(),
        })?;
        let text = with_escaped_help(&text);
        Ok(Cow::Owned(read(
            CRATE,
            text.as_bytes(),
            Format::OpenMetrics,
        )?))
    }
}

/// Escapes help texts, which are written as they are: a backslash would be read as another character, and a newline begins a
/// line that is none. A help text ends where the type is said.
fn with_escaped_help(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_help = false;
    for line in text.split_inclusive('\n') {
        if in_help && !line.starts_with("# TYPE ") {
            // The newline before this line is one of the help text.
            escaped.pop();
            escaped.push_str("\\n");
        } else {
            in_help = line.starts_with("# HELP ");
        }
        if in_help {
            escaped.push_str(&line.replace('\\', "\\\\").replace('"', "\\\""));
        } else {
            escaped.push_str(line);
        }
    }
    escaped
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
        ] {
            assert_eq!(with_escaped_help(text), expected);
        }
    }
}
