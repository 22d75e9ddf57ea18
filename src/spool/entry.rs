//! The file of one group, which people can read too: comments, and metrics in the text format
//! between them.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::exposition::{
    LabelName, Labels, NameValidation, Series, parse_names, write_metadata, write_samples,
};
use crate::grouping::GroupingKey;
use crate::push::Method;

use super::fingerprint::fingerprint;
use super::state::{
    Backlog, DeliveryState, FamilyState, GroupState, MOST_LEVELS, Origin, ResetMarker,
};

/// The first line. A file with another number is for another version to read.
const FIRST: &str = "# pushjob spool 2";

/// That of files without a checksum, which are read so that an update of the program loses nothing
/// that waits. No single flipped bit makes one line of the other.
const FIRST_WITHOUT_CHECKSUM: &str = "# pushjob spool 1";

/// The line after which the state before the last result stands.
const BEFORE: &str = "# before the last result";

/// The contents of a file: a group, and what is known of it.
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
    /// The file as a whole. Its last line is its length and a checksum, so that neither a piece of
    /// it is an entry nor what a disk has changed.
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
        write_state(&mut text, &self.state);
        let end = end_of(&text, true);
        text + &end
    }

    /// Reads the beginning of a file: what it is about, without the families.
    pub(super) fn head_of_text(text: &str) -> Result<Self, String> {
        let (rest, _) = behind_first(text)?;
        let mut reader = Reader::default();
        let is_head = |line: &&str| {
            let body = ["# family ", "# name ", "# end ", BEFORE];
            !body.iter().any(|begin| line.starts_with(begin))
        };
        for line in rest.split_inclusive('\n').take_while(is_head) {
            let line = line.strip_suffix('\n').ok_or("its end is missing")?;
            reader.read(line, "").ok_or_else(|| wrong(line))?;
        }
        reader.finish()
    }

    /// Reads a file, or returns what is wrong with it.
    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let (rest, has_checksum) = behind_first(text)?;
        let end = rest
            .trim_end_matches('\n')
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let (rest, end) = rest.split_at(end);
        let body = &text[..text.len() - end.len()];
        if end != end_of(body, has_checksum) {
            return Err(if end.ends_with('\n') && end.starts_with("# end ") {
                "its checksum does not match: it was changed, or is not whole".to_owned()
            } else {
                "its end is missing".to_owned()
            });
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

/// Writes a state, and after it the one before its last result.
fn write_state(text: &mut String, state: &GroupState) {
    if let Some(reset) = &state.reset {
        let (method, delivery) = (reset.method, delivery_word(reset.delivery));
        let _ = writeln!(text, "# cleared {method} {delivery} {}", reset.at);
    }
    if let Some(Backlog { since, runs }) = &state.backlog {
        let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
        let _ = writeln!(text, "# backlog {} {runs}", since.as_millis());
    }
    for (name, state) in &state.families {
        let (origin, delivery) = (origin_word(state), delivery_word(state.delivery));
        let at = &state.at;
        if let Some(family) = &state.family {
            let _ = writeln!(text, "# family {origin} {delivery} {at}");
            write_metadata(text, family);
            write_samples(text, family);
        } else {
            let name = labels([("name", name.as_str())]);
            let _ = writeln!(text, "# name {origin} {delivery} {at} {name}");
        }
    }
    if let Some(before) = &state.before {
        let _ = writeln!(text, "{BEFORE}");
        write_state(text, before);
    }
}

/// The last line of a file whose other lines are these.
fn end_of(body: &str, has_checksum: bool) -> String {
    let length = body.len();
    if has_checksum {
        format!("# end {length} {:032x}\n", fingerprint(body.as_bytes()))
    } else {
        format!("# end {length}\n")
    }
}

/// The text behind the first line, and whether it ends with a checksum.
fn behind_first(text: &str) -> Result<(&str, bool), String> {
    let first = text.lines().next().unwrap_or_default();
    let known = [(FIRST, true), (FIRST_WITHOUT_CHECKSUM, false)];
    let known = known.into_iter().find(|(known, _)| *known == first);
    let rest = known.zip(text.split_once('\n'));
    rest.map(|((_, has_checksum), (_, rest))| (rest, has_checksum))
        .ok_or_else(|| {
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

/// Returns true for a line of a spool entry that is not one of the text format.
fn begins_something(line: &str) -> bool {
    line.starts_with("# ") && !line.starts_with("# HELP ") && !line.starts_with("# TYPE ")
}

#[derive(Default)]
struct Reader {
    gateway: Option<String>,
    key: Option<GroupingKey>,
    state: GroupState,
    /// The states after those results that come after the one in `state`, the last first.
    after: Vec<GroupState>,
    refused: Option<String>,
}

impl Reader {
    fn finish(mut self) -> Result<SpoolEntry, String> {
        while let Some(after) = self.after.pop() {
            self.state = GroupState {
                before: Some(Box::new(self.state)),
                ..after
            };
        }
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
        if line == BEFORE {
            self.after.push(std::mem::take(&mut self.state));
            return (self.after.len() <= MOST_LEVELS).then_some(());
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
                self.state.reset = Some(ResetMarker {
                    method,
                    delivery: parse_delivery(words.next()?)?,
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
                let (origin, is_persistent) = parse_origin(words.next()?)?;
                let delivery = parse_delivery(words.next()?)?;
                let at = words.next()?.parse().ok()?;
                let (name, family) = if keyword == "family" {
                    let families = parse_names(block.as_bytes(), NameValidation::Utf8).ok()?;
                    let family = families.iter().next().filter(|_| families.len() == 1)?;
                    (family.name().to_string(), Some(family.clone()))
                } else {
                    (read_labels(words.next()?)?.get("name")?.to_owned(), None)
                };
                let state = FamilyState {
                    at,
                    origin,
                    is_persistent,
                    delivery,
                    family,
                };
                self.state.families.insert(name, state);
            }
            _ => return None,
        }
        Some(())
    }
}

fn origin_word(state: &FamilyState) -> &'static str {
    match (state.origin, state.is_persistent) {
        (Origin::Run, false) => "run",
        (Origin::Run, true) => "lasting",
        (Origin::Job, _) => "job",
    }
}

/// The origin, and whether the family is persistent.
fn parse_origin(word: &str) -> Option<(Origin, bool)> {
    match word {
        "run" => Some((Origin::Run, false)),
        "lasting" => Some((Origin::Run, true)),
        "job" => Some((Origin::Job, false)),
        _ => None,
    }
}

fn delivery_word(delivery: DeliveryState) -> &'static str {
    match delivery {
        DeliveryState::Waiting => "waiting",
        DeliveryState::Sent => "sent",
    }
}

fn parse_delivery(word: &str) -> Option<DeliveryState> {
    match word {
        "waiting" => Some(DeliveryState::Waiting),
        "sent" => Some(DeliveryState::Sent),
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

    fn state_of(family: Option<MetricFamily>, origin: Origin, is_persistent: bool) -> FamilyState {
        FamilyState {
            at: "3d97-1:42".parse().unwrap(),
            origin,
            is_persistent,
            delivery: if family.is_some() {
                DeliveryState::Waiting
            } else {
                DeliveryState::Sent
            },
            family,
        }
    }

    fn entry() -> SpoolEntry {
        let mut state = GroupState {
            reset: Some(ResetMarker {
                at: ":0".parse().unwrap(),
                method: Method::Delete,
                delivery: DeliveryState::Sent,
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
        state.before = Some(Box::new(GroupState {
            backlog: state.backlog,
            before: Some(Box::new(state.clone())),
            ..GroupState::default()
        }));
        for (name, family) in [
            ("a", state_of(Some(gauge("a")), Origin::Run, false)),
            ("b", state_of(Some(gauge("b")), Origin::Run, true)),
            (
                "c d\n\"",
                state_of(Some(gauge("c d\n\"")), Origin::Job, false),
            ),
            ("e f\n\"", state_of(None, Origin::Job, false)),
        ] {
            state.families.insert(name.to_owned(), family);
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
                before: None,
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
    fn no_flipped_bit_goes_unnoticed() {
        let text = entry().to_text().into_bytes();
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = String::from_utf8(flipped).map(|text| SpoolEntry::of_text(&text));
            assert!(!matches!(read, Ok(Ok(_))), "bit {bit}");
        }
    }

    #[test]
    fn an_entry_without_a_checksum_is_read() {
        let text = entry().to_text().replace(FIRST, FIRST_WITHOUT_CHECKSUM);
        let (body, _) = text.rsplit_once("# end ").unwrap();
        let text = format!("{body}{}", end_of(body, false));
        assert_eq!(SpoolEntry::of_text(&text), Ok(entry()));
    }

    #[test]
    fn what_is_no_entry_says_why() {
        let wrong = |text: &str| SpoolEntry::of_text(text).unwrap_err();
        assert_eq!(
            wrong(""),
            "it begins with \"\" instead of \"# pushjob spool 2\""
        );
        assert_eq!(
            wrong("# pushjob spool 3\n# end 18\n"),
            "another version of pushjob has written it: \"# pushjob spool 3\""
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
