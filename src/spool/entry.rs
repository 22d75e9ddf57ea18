//! The file of one group, which people can read too: comments, and metrics in the text format between them.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::exposition::{
    LabelName, Labels, MetricFamilies, NameValidation, Series, encode, parse_names,
};
use crate::grouping::GroupingKey;
use crate::push::Method;

use super::end_time::EndTime;
use super::state::{Backlog, Cleared, GroupState, Held, Part, Whereabouts};

/// The first line. What begins with another number is for another version to read.
const FIRST: &str = "# pushjob spool 1";

/// What a file is about, and what it knows of that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SpoolEntry {
    /// The base URL of the gateway, without credentials.
    pub(super) gateway: String,
    pub(super) key: GroupingKey,
    pub(super) state: GroupState,
    /// Why the gateway refused it, where it was set aside.
    pub(super) refused: Option<String>,
}

impl SpoolEntry {
    /// The file, whole. The last line says how long it is, so that a piece of it is none.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from(FIRST);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n# gateway {}\n# group{}\n",
            self.gateway,
            labels(self.key.pairs())
        );
        if let Some(reason) = &self.refused {
            let _ = writeln!(text, "# refused {}", reason.replace(['\n', '\r'], " "));
        }
        let GroupState {
            cleared,
            families,
            backlog,
        } = &self.state;
        if let Some(Cleared { at, method, is }) = cleared {
            let _ = writeln!(text, "# cleared {method} {} {at}", word(*is));
        }
        if let Some(Backlog { since, runs }) = backlog {
            let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
            let _ = writeln!(text, "# backlog {} {runs}", since.as_millis());
        }
        for (name, held) in families {
            let Held {
                at,
                part,
                is_lasting,
                is,
                family,
            } = held;
            let part = match (part, is_lasting) {
                (Part::Run, false) => "run",
                (Part::Run, true) => "lasting",
                (Part::Job, _) => "job",
            };
            let is = word(*is);
            match family {
                Some(family) => {
                    let mut one = MetricFamilies::new();
                    one.replace(family.clone());
                    let _ = writeln!(text, "# family {part} {is} {at}");
                    text.push_str(&encode(&one));
                }
                None => {
                    let _ = writeln!(
                        text,
                        "# name {part} {is} {at} {}",
                        labels([("name", name.as_str())])
                    );
                }
            }
        }
        let _ = writeln!(text, "# end {}", text.len());
        text
    }

    /// Reads the beginning of a file: what it is about, without the families.
    pub(super) fn head_of_text(text: &str) -> Result<Self, String> {
        let rest = behind_first(text)?;
        let mut reader = Reader::default();
        let is_head = |line: &&str| {
            let body = ["# family ", "# name ", "# end "];
            !body.iter().any(|begin| line.starts_with(begin))
        };
        for line in rest.split_inclusive('\n').take_while(is_head) {
            let line = line.strip_suffix('\n').ok_or("its end is missing")?;
            reader.read(line, "").ok_or_else(|| wrong(line))?;
        }
        reader.finish()
    }

    /// Reads a file; what is wrong with it otherwise.
    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let rest = behind_first(text)?;
        let end = rest
            .trim_end_matches('\n')
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let (rest, end) = rest.split_at(end);
        let length = (text.len() - end.len()).to_string();
        if end
            .strip_prefix("# end ")
            .and_then(|end| end.strip_suffix('\n'))
            != Some(&length)
        {
            return Err("its end is missing".to_owned());
        }
        let mut reader = Reader::default();
        let mut lines = rest.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            let mut block = String::new();
            while let Some(next) = lines.next_if(|line| !begins_something(line)) {
                block.push_str(next);
            }
            reader
                .read(line.trim_end_matches('\n'), &block)
                .ok_or_else(|| wrong(line))?;
        }
        reader.finish()
    }
}

/// What comes behind the first line.
fn behind_first(text: &str) -> Result<&str, String> {
    let rest = text.strip_prefix(FIRST);
    rest.and_then(|rest| rest.strip_prefix('\n'))
        .ok_or_else(|| {
            let first = text.lines().next().unwrap_or_default();
            let first: String = first.chars().take(40).collect();
            if first.starts_with("# pushjob spool ") {
                format!("another version of pushjob has written it: {first:?}")
            } else {
                format!("it begins with {first:?} instead of {FIRST:?}")
            }
        })
}

fn wrong(line: &str) -> String {
    format!("it is not as it was written: {line:?}")
}

/// Whether a line is one of ours, and not one of the text format.
fn begins_something(line: &str) -> bool {
    line.starts_with("# ") && !line.starts_with("# HELP ") && !line.starts_with("# TYPE ")
}

#[derive(Default)]
struct Reader {
    gateway: Option<String>,
    key: Option<GroupingKey>,
    state: GroupState,
    refused: Option<String>,
}

impl Reader {
    fn finish(self) -> Result<SpoolEntry, String> {
        Ok(SpoolEntry {
            gateway: self.gateway.ok_or("it names no gateway")?,
            key: self.key.ok_or("it names no group")?,
            state: self.state,
            refused: self.refused,
        })
    }

    /// None for what is never written.
    fn read(&mut self, line: &str, block: &str) -> Option<()> {
        if let Some(labels) = line.strip_prefix("# group") {
            self.key = Some(key(labels)?);
            return Some(());
        }
        let (keyword, rest) = line.strip_prefix("# ")?.split_once(' ')?;
        // A name comes last, and may hold blanks.
        let mut words = rest.splitn(4, ' ');
        match keyword {
            "gateway" => self.gateway = Some(rest.to_owned()),
            "refused" => self.refused = Some(rest.to_owned()),
            "cleared" => {
                let method = match words.next()? {
                    "PUT" => Method::Put,
                    "DELETE" => Method::Delete,
                    _ => return None,
                };
                self.state.cleared = Some(Cleared {
                    method,
                    is: whereabouts(words.next()?)?,
                    at: words.next()?.parse().ok()?,
                });
            }
            "backlog" => {
                let since = Duration::from_millis(words.next()?.parse().ok()?);
                self.state.backlog = Some(Backlog {
                    since: SystemTime::UNIX_EPOCH.checked_add(since)?,
                    runs: words.next()?.parse().ok()?,
                });
            }
            "family" | "name" => {
                let (part, is_lasting) = match words.next()? {
                    "run" => (Part::Run, false),
                    "lasting" => (Part::Run, true),
                    "job" => (Part::Job, false),
                    _ => return None,
                };
                let is = whereabouts(words.next()?)?;
                let at: EndTime = words.next()?.parse().ok()?;
                let (name, family) = if keyword == "family" {
                    let families = parse_names(block.as_bytes(), NameValidation::Utf8).ok()?;
                    let family = families.iter().next().filter(|_| families.len() == 1)?;
                    (family.name().to_string(), Some(family.clone()))
                } else {
                    (read_labels(words.next()?)?.get("name")?.to_owned(), None)
                };
                let held = Held {
                    at,
                    part,
                    is_lasting,
                    is,
                    family,
                };
                self.state.families.insert(name, held);
            }
            _ => return None,
        }
        Some(())
    }
}

fn word(is: Whereabouts) -> &'static str {
    match is {
        Whereabouts::Waiting => "waiting",
        Whereabouts::Sent => "sent",
    }
}

fn whereabouts(word: &str) -> Option<Whereabouts> {
    match word {
        "waiting" => Some(Whereabouts::Waiting),
        "sent" => Some(Whereabouts::Sent),
        _ => None,
    }
}

/// Labels as they stand behind a metric name.
fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
    let pairs = pairs.into_iter();
    let pairs = pairs.filter_map(|(name, value)| Some((LabelName::utf8(name).ok()?, value)));
    Labels::of_pairs(pairs).unwrap_or_default()
}

fn read_labels(text: &str) -> Option<Labels> {
    let series = format!("x{text}");
    let (series, rest) = Series::parse_prefix_names(&series, NameValidation::Utf8).ok()?;
    rest.is_empty().then_some(series.labels)
}

fn key(labels: &str) -> Option<GroupingKey> {
    let labels = read_labels(labels)?;
    let key = GroupingKey::new(labels.get("job")?).ok()?;
    let mut further = labels.iter().filter(|(name, _)| name.as_str() != "job");
    further.try_fold(key, |key, (name, value)| {
        key.with_label_names(name.as_str(), value, NameValidation::Utf8)
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::{MetricFamily, MetricName};

    fn held(family: Option<MetricFamily>, part: Part, is_lasting: bool) -> Held {
        Held {
            at: "3d97-1:42".parse().unwrap(),
            part,
            is_lasting,
            is: if family.is_some() {
                Whereabouts::Waiting
            } else {
                Whereabouts::Sent
            },
            family,
        }
    }

    fn entry() -> SpoolEntry {
        let mut state = GroupState {
            cleared: Some(Cleared {
                at: ":0".parse().unwrap(),
                method: Method::Delete,
                is: Whereabouts::Sent,
            }),
            backlog: Some(Backlog {
                since: UNIX_EPOCH + Duration::from_millis(1_500),
                runs: 3,
            }),
            ..GroupState::default()
        };
        let gauge = |name: &str| {
            let name = MetricName::utf8(name.to_owned()).unwrap();
            MetricFamily::gauge(name, 1.5).with_help("# end 1\n# family \\ \"x\"")
        };
        for (name, held) in [
            ("a", held(Some(gauge("a")), Part::Run, false)),
            ("b", held(Some(gauge("b")), Part::Run, true)),
            ("c d\n\"", held(Some(gauge("c d\n\"")), Part::Job, false)),
            ("e f\n\"", held(None, Part::Job, false)),
        ] {
            state.families.insert(name.to_owned(), held);
        }
        let key = GroupingKey::new("a \"b\"\n# end").unwrap();
        let key = key.with_label_names("k8s.pod", "", NameValidation::Utf8);
        SpoolEntry {
            gateway: "http://localhost:9091/prefix".to_owned(),
            key: key.unwrap(),
            state,
            refused: Some("it said: no".to_owned()),
        }
    }

    #[test]
    fn an_entry_is_read_back() {
        let plain = SpoolEntry {
            state: GroupState::default(),
            refused: None,
            ..entry()
        };
        for entry in [entry(), plain] {
            let text = entry.to_text();
            assert_eq!(SpoolEntry::of_text(&text).as_ref(), Ok(&entry), "{text}");
            let head = SpoolEntry::head_of_text(&text).unwrap();
            let state = GroupState {
                families: std::collections::BTreeMap::new(),
                ..entry.state.clone()
            };
            assert_eq!(head, SpoolEntry { state, ..entry });
        }
    }

    #[test]
    fn no_piece_of_an_entry_is_one() {
        let text = entry().to_text();
        for (end, _) in text.char_indices() {
            assert!(
                SpoolEntry::of_text(&text[..end]).is_err(),
                "{}",
                &text[..end]
            );
        }
        for line in 1..text.lines().count() - 1 {
            let without = text.split_inclusive('\n').enumerate();
            let without = without.filter(|(number, _)| *number != line);
            let without: String = without.map(|(_, line)| line).collect();
            assert!(
                SpoolEntry::of_text(&without).is_err(),
                "without line {line}"
            );
        }
    }

    #[test]
    fn what_is_no_entry_says_why() {
        let wrong = |text: &str| SpoolEntry::of_text(text).unwrap_err();
        assert_eq!(
            wrong(""),
            "it begins with \"\" instead of \"# pushjob spool 1\""
        );
        assert_eq!(
            wrong("# pushjob spool 2\n# end 18\n"),
            "another version of pushjob has written it: \"# pushjob spool 2\""
        );
        assert_eq!(wrong("# pushjob spool 1\n"), "its end is missing");
        assert_eq!(
            wrong("# pushjob spool 1\n# end 18\n"),
            "it names no gateway"
        );
        let foreign = "# pushjob spool 1\n# gateway x\n# group{job=\"\"}\n# end 46\n";
        assert_eq!(
            wrong(foreign),
            "it is not as it was written: \"# group{job=\\\"\\\"}\\n\""
        );
    }
}
