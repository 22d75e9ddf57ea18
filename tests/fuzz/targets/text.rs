//! The text format: checked, read, written anew and mended, all of which have to agree.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use pushjob::exposition::{
    Check, Labels, Mended, MetricFamilies, MetricFamily, MetricValue, NameValidation, ParseError,
    Series, encode, parse_names,
};
use pushjob_fuzz::{Findings, NAMES, OutputLines, Pieces, Seen, check, output, ways};

fuzz_target!(|text: &[u8]| {
    let [legacy, utf8] = NAMES.map(|names| one_scheme(text, names));
    if legacy.checked.errors == 0 {
        assert_eq!(utf8, legacy, "what is good by legacy names is so by others");
    }
    if let Ok(text) = std::str::from_utf8(text) {
        a_series_at_its_beginning(text);
    }
});

/// All that has to hold under one scheme of names. Returns what a gateway would say to the text as it is.
fn one_scheme(text: &[u8], names: NameValidation) -> Findings {
    let plain = Check::new().names(names).lint();
    let found = ways(&plain).map(|way| {
        let whole = check(&way, &text, text);
        assert_eq!(check(&way, &Pieces::of(text), text), whole, "in pieces");
        if whole.checked.errors == 0 {
            mended(&way, &plain, text, &whole);
        }
        whole
    });
    let [as_it_is, rest @ ..] = found;
    if as_it_is.checked.errors == 0 {
        for way in rest {
            assert_eq!(way.checked.errors, 0, "what is good is so mended too");
        }
    }
    indented(text, names, &as_it_is);
    match parse_names(text, names) {
        Ok(families) => {
            read(&families, &as_it_is);
            written_anew(&families, names);
        }
        Err(error) => refused(&error, &as_it_is),
    }
    as_it_is
}

/// A blank before each line changes nothing but the columns, though it keeps lines from being read the short way.
fn indented(text: &[u8], names: NameValidation, findings: &Findings) {
    if text.starts_with(b"\xef\xbb\xbf") {
        return;
    }
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let other = lines.flat_map(|line| [b" ", line].concat());
    let other: Vec<u8> = other.collect();
    let plain = Check::new().names(names).lint();
    let again = check(&plain, &other.as_slice(), &other);
    assert_eq!(again.words(), findings.words());
    assert_eq!(again.samples, findings.samples);
    assert_eq!(again.checked.families, findings.checked.families);
    let again = parse_names(&other, names).map(|families| encode(&families));
    let before = parse_names(text, names).map(|families| encode(&families));
    assert_eq!(again.ok(), before.ok());
}

/// What comes out needs no mending, and the same is said about it as about the text itself.
fn mended(way: &Check, plain: &Check, text: &[u8], findings: &Findings) {
    let checked = &findings.checked;
    let made = output(way, &text, checked);
    assert_eq!(output(way, &Pieces::of(text), checked), made);
    let again = check(plain, &made.as_slice(), &made);
    assert_eq!(again.checked.mended, Mended::default());
    assert_eq!(again.problems, findings.problems);
    assert_eq!(again.samples, findings.samples);
    assert_eq!(again.checked.families, checked.families);
    assert_eq!(again.checked.length, checked.length);
    let is_changed = checked.mended != Mended::default();
    assert_eq!(made != text, is_changed);
    let lost = OutputLines::compare(text, &made);
    assert_eq!(
        (lost.timestamps, 0),
        (checked.mended.timestamps, lost.exemplars)
    );
}

/// How an error begins and ends that only a gateway makes: it puts a `job` of its own in the place of any other.
const SAME_IN_GROUP: (&str, &str) = (
    "series ",
    " is the same as another, once `job` is that of the group and `instance` is not empty",
);

/// The series that only a gateway takes for another, if this is such an error.
fn same_in_group(error: &ParseError) -> Option<String> {
    let reason = error.reason();
    let series = reason.strip_prefix(SAME_IN_GROUP.0)?;
    Some(series.strip_suffix(SAME_IN_GROUP.1)?.to_owned())
}

/// A reader refuses a text for the first error that a gateway finds too. Before it there may be series that only a gateway
/// takes for the same; and those that are the same to both may be called so by the gateway's reason.
fn refused(error: &ParseError, findings: &Findings) {
    let is_the_one = |found: &ParseError| {
        let twice = same_in_group(found).map(|series| format!("series {series} occurs twice"));
        let place = |error: &ParseError| (error.line(), error.column());
        found == error || place(found) == place(error) && twice == Some(error.reason())
    };
    let mut errors = findings.errors().map(pushjob::exposition::Problem::error);
    let first = errors.find(|found| is_the_one(found) || same_in_group(found).is_none());
    assert!(first.is_some_and(is_the_one), "{error} or {first:?}");
}

/// A reader takes a text in which a gateway finds no error but series that only it takes for the same; and those are there
/// where the labels say so.
fn read(families: &MetricFamilies, findings: &Findings) {
    let same: Vec<_> = findings
        .errors()
        .map(|problem| same_in_group(problem.error()))
        .collect();
    assert!(
        !same.contains(&None),
        "only one took: {:?}",
        findings.problems
    );
    let of_all = families.iter().map(same_on_page).sum::<usize>();
    assert_eq!(
        same.is_empty(),
        of_all == 0,
        "{of_all} are the same: {same:?}"
    );
    let are_plain = families
        .iter()
        .all(|family| same_on_page(family) == 0 || family.metric_type().reserved_label().is_none());
    if are_plain {
        assert_eq!(same.len(), of_all, "{same:?}");
    }
    let named = |name: &str, family: &MetricFamily| {
        (
            name.to_owned(),
            (family.metric_type(), family.help().is_some()),
        )
    };
    let read: BTreeMap<_, _> = families
        .iter()
        .map(|family| named(family.name().as_str(), family))
        .collect();
    let checked: BTreeMap<_, _> = findings
        .checked
        .families
        .iter()
        .map(|family| (family.name.clone(), (family.metric_type, family.has_help)))
        .collect();
    assert_eq!(read, checked);
    if same.is_empty() {
        samples_of_plain_families(families, &findings.samples);
    }
}

/// How many series of a family are those of others, once a gateway has put in its `job`.
fn same_on_page(family: &MetricFamily) -> usize {
    if is_of_gateway(family.name().as_str()) {
        return 0;
    }
    let pages: BTreeSet<Vec<(&str, &str)>> = family
        .metrics()
        .map(|(labels, _)| {
            let pairs = labels.iter().map(|(name, value)| (name.as_str(), value));
            pairs
                .filter(|(name, value)| {
                    *name != "job" && !(*name == "instance" && value.is_empty())
                })
                .collect()
        })
        .collect();
    family.metrics().count() - pages.len()
}

/// Whether it is a metric that a gateway has itself. What is pushed under its name is dropped, and may hold a series twice.
fn is_of_gateway(name: &str) -> bool {
    matches!(name, "push_time_seconds" | "push_failure_time_seconds")
}

/// An inspector is shown the samples that a reader keeps.
fn samples_of_plain_families(families: &MetricFamilies, samples: &[Seen]) {
    type Values = BTreeMap<(String, Vec<(String, String)>), u64>;
    let is_plain = |sample: &&Seen| sample.metric_type.reserved_label().is_none();
    let shown: Values = samples
        .iter()
        .filter(is_plain)
        .map(|sample| ((sample.metric.clone(), sample.labels.clone()), sample.value))
        .collect();
    let pairs = |labels: &Labels| {
        let pairs = labels.iter();
        pairs
            .map(|(name, value)| (name.as_str().to_owned(), value.to_owned()))
            .collect()
    };
    let mut kept = Values::new();
    for family in families.iter() {
        for (labels, value) in family.metrics() {
            if let MetricValue::Counter(value)
            | MetricValue::Gauge(value)
            | MetricValue::Untyped(value) = value
            {
                let name = family.name().as_str().to_owned();
                kept.insert((name, pairs(labels)), value.to_bits());
            }
        }
    }
    assert_eq!(shown, kept);
}

/// What is written anew says the same, and stays as it is.
fn written_anew(families: &MetricFamilies, names: NameValidation) {
    let canonical = encode(families);
    let again = match parse_names(canonical.as_bytes(), names) {
        Ok(again) => again,
        Err(error) => panic!("what was read cannot be read again: {error}\n{canonical}"),
    };
    assert_eq!(encode(&again), canonical);
    let plain = Check::new().names(names);
    let findings = check(&plain, &canonical.as_bytes(), canonical.as_bytes());
    read(&again, &findings);
    let as_before = families.iter().filter(|family| !family.is_empty());
    let (before, after) = (as_before.map(same_on_page), again.iter().map(same_on_page));
    assert!(before.eq(after));
    let wrong = findings
        .errors()
        .any(|problem| same_in_group(problem.error()).is_none());
    assert!(!wrong, "{:?}\n{canonical}", findings.problems);
}

/// A series at the beginning of any text is left as it was read.
fn a_series_at_its_beginning(text: &str) {
    for names in NAMES {
        let Ok((series, rest)) = Series::parse_prefix_names(text, names) else {
            continue;
        };
        assert!(text.ends_with(rest));
        if names == NameValidation::Legacy {
            let Series { name, labels } = &series;
            let canonical = format!("{name}{labels}");
            assert_eq!(Series::parse_prefix(&canonical), Ok((series, "")));
        }
    }
}
