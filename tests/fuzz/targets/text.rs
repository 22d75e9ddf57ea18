//! The text format: checked, read, written anew and mended, all of which have to agree.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use pushjob::exposition::{
    Check, Labels, Normalizations, MetricFamilies, MetricFamily, MetricValue, NameValidation, ParseError,
    Problem, Series, encode, parse_names,
};
use pushjob_fuzz::{
    DROPPED, Findings, NAMES, OnlyThere, OutputLines, Pieces, REFUSED, Seen, check, mentions,
    output, same_in_group, ways,
};

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
        Err(error) => refused(text, &error, &as_it_is),
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
    assert_eq!(again.checked.normalizations, Normalizations::default());
    assert_eq!(again.problems, findings.problems);
    assert_eq!(again.samples, findings.samples);
    assert_eq!(again.checked.families, checked.families);
    assert_eq!(again.checked.length, checked.length);
    let is_changed = checked.normalizations != Normalizations::default();
    assert_eq!(made != text, is_changed);
    let lost = OutputLines::compare(text, &made);
    assert_eq!(
        (lost.timestamps, 0),
        (checked.normalizations.timestamps, lost.exemplars)
    );
}

/// A reader refuses a text for the first error that a check finds too. Before it there may be those that only a gateway makes;
/// and series that are the same to both may be called so by the gateway's reason.
fn refused(text: &[u8], error: &ParseError, findings: &Findings) {
    let is_the_one = |found: &ParseError| {
        let same = matches!(OnlyThere::of(found), Some(OnlyThere::SameInGroup(series))
            if error.reason() == format!("series {series} occurs twice"));
        found == error || same && (found.line(), found.column()) == (error.line(), error.column())
    };
    let mut errors = findings.errors().map(Problem::error);
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.nth(error.line() - 1).unwrap_or_default();
    let is_right = if mentions(line, DROPPED) {
        true
    } else if mentions(line, REFUSED) {
        errors
            .any(|found| is_the_one(found) || OnlyThere::of(found) == Some(OnlyThere::FailureTime))
    } else if mentions(text, DROPPED) || mentions(text, REFUSED) {
        // A check does not follow their samples, so that it may find a series twice sooner.
        errors.any(is_the_one)
    } else {
        let first = errors.find(|found| is_the_one(found) || OnlyThere::of(found).is_none());
        first.is_some_and(is_the_one)
    };
    assert!(is_right, "{error} in {:?}", findings.problems);
}

/// A reader takes a text in which a check finds no error but those that only a gateway makes; and these are there where the
/// labels and names say so.
fn read(families: &MetricFamilies, findings: &Findings) {
    let (mut same, mut failure_times) = (0, 0);
    for problem in findings.errors() {
        match OnlyThere::of(problem.error()) {
            Some(OnlyThere::SameInGroup(_)) => same += 1,
            Some(OnlyThere::FailureTime) => failure_times += 1,
            None => panic!("a reader takes what a check does not: {problem:?}"),
        }
    }
    let refused = families.get(REFUSED);
    let is_there = refused.is_some_and(|family| !family.is_empty());
    assert_eq!(failure_times > 0, is_there);
    let of_all = families.iter().map(same_in_group).sum::<usize>();
    assert_eq!(same > 0, of_all > 0, "{:?}", findings.problems);
    let is_plain = |family: &MetricFamily| family.metric_type().reserved_label().is_none();
    // A histogram is refused line by line.
    if families
        .iter()
        .all(|family| is_plain(family) || same_in_group(family) == 0)
    {
        assert_eq!(same, of_all, "{:?}", findings.problems);
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
    if same == 0 {
        samples_of_plain_families(families, &findings.samples);
    }
}

/// An inspector is shown the samples that a reader keeps, but for those that are refused.
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
    for family in families
        .iter()
        .filter(|family| family.name().as_str() != REFUSED)
    {
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
    let before = families.iter().filter(|family| !family.is_empty());
    assert!(
        before
            .map(same_in_group)
            .eq(again.iter().map(same_in_group))
    );
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
