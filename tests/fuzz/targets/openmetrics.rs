//! `OpenMetrics`: what is turned into the text format is what a gateway takes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pushjob::exposition::{Check, Format, NameValidation, parse_names};
use pushjob_fuzz::{Findings, NAMES, OutputLines, Pieces, check, output, ways};

fuzz_target!(|text: &[u8]| {
    for names in NAMES {
        let open = Check::new().format(Format::OpenMetrics).names(names).lint();
        let found = ways(&open).map(|open| {
            let findings = in_pieces(&open, text);
            if findings.checked.errors == 0 {
                converted(&open, names, text, &findings);
            }
            findings.checked.errors
        });
        let [as_it_is, rest @ ..] = found;
        if as_it_is == 0 {
            assert_eq!(rest, [0; 3], "what is good is so without a part too");
        }
    }
    by_its_end(text);
});

/// What is said is the same of the whole and of its pieces.
fn in_pieces(open: &Check, text: &[u8]) -> Findings {
    let whole = check(open, &text, text);
    let pieces = check(open, &Pieces::of(text), text);
    assert_eq!(pieces, whole);
    whole
}

/// What comes out is text without timestamps and exemplars, and nothing new is to be said about it.
fn converted(open: &Check, names: NameValidation, text: &[u8], findings: &Findings) {
    let checked = &findings.checked;
    let made = output(open, &text, checked);
    assert_eq!(output(open, &Pieces::of(text), checked), made);
    let again = check(&Check::new().names(names).lint(), &made.as_slice(), &made);
    assert_eq!(again.checked.errors, 0, "{:?}", again.problems);
    assert_eq!(again.words(), findings.words());
    assert_eq!(again.samples, findings.samples);
    assert_eq!(again.checked.families, checked.families);
    assert_eq!(again.checked.length, checked.length);
    if let Err(error) = parse_names(&made, names) {
        panic!("what is converted cannot be read: {error}");
    }
    let lost = OutputLines::compare(before_eof(text), &made);
    let mended = (checked.normalizations.timestamps, checked.normalizations.exemplars);
    assert_eq!((lost.timestamps, lost.exemplars), mended);
}

/// The lines before `# EOF`.
fn before_eof(text: &[u8]) -> &[u8] {
    let mut length = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if bare.trim_ascii_end() == b"# EOF" {
            break;
        }
        length += line.len();
    }
    &text[..length]
}

/// The format is told from the end, in pieces as in the whole.
fn by_its_end(text: &[u8]) {
    let format = |found: std::io::Result<Format>| match found {
        Ok(format) => format,
        Err(error) => panic!("what is in memory cannot be read: {error}"),
    };
    let whole = format(Format::of(&text));
    assert_eq!(format(Format::of(&Pieces::of(text))), whole);
    let end = text.trim_ascii_end();
    let is_open = end == b"# EOF" || end.ends_with(b"\n# EOF");
    if text.len() - end.len() < 50 {
        assert_eq!(whole == Format::OpenMetrics, is_open);
    }
}
