use std::io::Read;

use pushjob::exposition::{Check, CheckReport, Text};

/// The text as a gateway gets it, after a check that found no error. Its length is the one that was announced.
#[must_use]
pub fn output(check: &Check, text: &dyn Text, checked: &CheckReport) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = check.output(text, checked).read_to_end(&mut bytes) {
        panic!("the output of a good text cannot be read: {error}");
    }
    assert_eq!(bytes.len() as u64, checked.length);
    bytes
}

/// The sample lines of a text and of what was made of it, side by side.
///
/// It is told by bare eye what is a sample line and where its value ends, so that the scanner is not its own judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLines {
    /// How many have lost a timestamp.
    pub timestamps: u64,
    /// How many have lost an exemplar.
    pub exemplars: u64,
}

impl OutputLines {
    /// Compares the lines. Nothing but timestamps, exemplars and blanks may be missing, and none of these may be left.
    #[must_use]
    pub fn compare(input: &[u8], output: &[u8]) -> Self {
        let mut lost = Self::default();
        let mut made = lines(output).filter(|line| is_sample_line(line));
        let bare = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        for line in lines(bare).filter(|line| is_sample_line(line)) {
            let Some(made) = made.next() else {
                panic!("missing in the output: {:?}", String::from_utf8_lossy(line));
            };
            let (line, made) = (line.trim_ascii_start(), made.trim_ascii_start());
            let Some(rest) = line.strip_prefix(made) else {
                let (line, made) = (String::from_utf8_lossy(line), String::from_utf8_lossy(made));
                panic!("{made:?} is not the beginning of {line:?}");
            };
            let words = behind_series(made).split(|byte| matches!(byte, b' ' | b'\t'));
            assert_eq!(words.filter(|word| !word.is_empty()).count(), 1);
            let rest = rest.trim_ascii();
            let exemplar = rest.iter().position(|byte| *byte == b'#');
            lost.exemplars += u64::from(exemplar.is_some());
            let before = &rest[..exemplar.unwrap_or(rest.len())];
            lost.timestamps += u64::from(!before.trim_ascii().is_empty());
        }
        assert_eq!(made.next(), None);
        lost
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

/// Whether a line is neither blank nor a comment.
#[must_use]
pub fn is_sample_line(line: &[u8]) -> bool {
    let first = line.trim_ascii_start().first();
    first.is_some_and(|byte| *byte != b'#')
}

/// What follows the name and the labels of a sample line.
fn behind_series(line: &[u8]) -> &[u8] {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    let name = line.iter().take_while(|byte| is_name(byte)).count();
    let rest = line[name..].trim_ascii_start();
    if rest.first() != Some(&b'{') {
        return rest;
    }
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.iter().position(|byte| {
        let is_end = !quoted && *byte == b'}';
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        is_end
    });
    end.map_or(rest, |end| &rest[end + 1..])
}
