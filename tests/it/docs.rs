//! What the documentation for contributors says: paths exist, and the glossary is complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const DOCUMENTS: [&str; 2] = ["CONTRIBUTING.md", "docs/ARCHITECTURE.md"];

/// Words in a glossary.
const GLOSSARY_WORDS: usize = 25;

fn read(document: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap()
}

/// The paths that a text names in code or as the target of a link.
fn paths(text: &str) -> BTreeSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    code.chain(links)
        .map(|path| path.split_whitespace().next().unwrap_or_default())
        .filter(|path| {
            let directories = ["src/", "tests/", "docs/", "fixtures/", "examples/"];
            let extension = Path::new(path).extension();
            directories
                .iter()
                .any(|directory| path.starts_with(directory))
                || extension.is_some_and(|extension| extension == "md" || extension == "toml")
        })
        .collect()
}

/// Rows of the table under a heading, by their first cell.
fn rows<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let section = text.split(heading).nth(1).unwrap();
    section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split(" | ").next())
        .skip(1)
        .filter(|cell| !cell.starts_with("---"))
        .collect()
}

#[test]
fn named_paths_exist() {
    for document in DOCUMENTS {
        let text = read(document);
        let paths = paths(&text);
        assert!(paths.len() > 5, "{document}: {paths:?}");
        for path in paths {
            let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists();
            assert!(exists, "{document}: {path} does not exist");
        }
    }
}

#[test]
fn the_glossary_has_its_words_in_order() {
    let text = read("docs/ARCHITECTURE.md");
    let words = rows(&text, "## Glossary");
    assert_eq!(words.len(), GLOSSARY_WORDS, "{words:?}");
    assert!(words.is_sorted(), "{words:?}");
}

#[test]
fn every_room_is_on_the_map() {
    let text = read("docs/ARCHITECTURE.md");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_on_the_map = text.contains(&format!("| `src/{name}"));
        assert!(is_on_the_map || name == "lib.rs", "{name}");
    }
}

#[test]
fn paths_and_rows_are_found() {
    let text = "Run `tests/run --quick`, see [this](docs/X.md) and `Cargo.toml`, not `job/etl`.\n\
                ## Words\n\n| Word | Meaning |\n| --- | --- |\n| a | b |\n| c d | e |\n\n## End\n| f | g |\n";
    let expected = BTreeSet::from(["tests/run", "docs/X.md", "Cargo.toml"]);
    assert_eq!(paths(text), expected);
    assert_eq!(rows(text, "## Words"), ["a", "c d"]);
}
