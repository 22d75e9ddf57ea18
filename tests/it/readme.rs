//! The README tells what is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_quick_start_has_exactly_two_commands() {
    let readme = readme();
    let section = readme
        .split("\n## ")
        .find(|section| section.starts_with("Quick start\n"));
    let commands: Vec<&str> = section
        .unwrap()
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap().trim())
        .collect();
    assert_eq!(
        commands,
        [
            "cargo run --release -- run --job hello -- echo hello",
            "tests/run"
        ]
    );
}

#[test]
fn every_metric_and_exit_code_stands_in_it() {
    let readme = readme();
    let source = include_str!("../../src/report/names.rs");
    let names: Vec<&str> = source
        .split('"')
        .filter(|text| {
            !text.contains(' ')
                && !text.starts_with("batch_job_")
                && (text.ends_with("_seconds") || text.ends_with("_bytes"))
        })
        .chain(["success", "exit_code", "exit_signal", "timed_out"])
        .collect();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
    for code in ["123", "124", "125", "126, 127", "128+n", "137"] {
        assert!(readme.contains(&format!("| {code} |")), "{code}");
    }
}

#[test]
fn every_crate_that_the_library_brings_along_stands_in_it_with_its_reason() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--no-default-features"])
        .args(["--edges", "normal", "--depth", "1", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates = tree.lines().skip(1).map(|line| line.split(' ').next());
    let crates: BTreeSet<&str> = crates.flatten().collect();
    let readme = readme();
    let section = readme
        .split("\n### ")
        .find(|section| section.starts_with("What it brings along\n"));
    let rows = section.unwrap().lines().filter_map(|line| {
        let (name, reason) = line.strip_prefix("| `")?.split_once("` | ")?;
        (reason.len() > 10).then_some(name)
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), crates);
    assert!(crates.contains("ureq"), "{tree}");
}
