//! The house: which module may know which, and what stays where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which other modules a module may import.
const MAY_IMPORT: [(&str, &[&str]); 11] = [
    ("adapter", &["exposition"]),
    (
        "batch",
        &[
            "chain",
            "exposition",
            "grouping",
            "metrics",
            "push",
            "report",
            "sink",
        ],
    ),
    ("exposition", &[]),
    ("metrics", &["exposition"]),
    ("metrics_file", &["exposition"]),
    ("grouping", &["exposition"]),
    ("push", &["exposition", "grouping"]),
    ("job", &[]),
    ("report", &["exposition", "job"]),
    ("sink", &["exposition", "push", "grouping"]),
    ("spool", &["exposition", "push", "grouping"]),
];

/// Which files may know a crate; folders stand for all in them.
const CRATES: [(&str, &[&str]); 24] = [
    ("ureq", &["push/transport/"]),
    ("rustls", &["push/tls/", "push/transport/tls.rs"]),
    ("rustls_native_certs", &["push/tls/"]),
    ("webpki_roots", &["push/tls/"]),
    ("flate2", &["push/compression.rs"]),
    ("httparse", &["sink/scrape/request.rs"]),
    ("httpdate", &["push/response.rs", "sink/scrape/answer.rs"]),
    ("ipnet", &["push/proxy.rs"]),
    ("base64", &["push/auth.rs", "push/redact.rs", "grouping.rs"]),
    ("libc", &["job/sys.rs"]),
    (
        "rustix",
        &[
            "metrics_file/file.rs",
            "sink/scrape/socket.rs",
            "sink/textfile/",
            "spool/",
        ],
    ),
    ("tempfile", &["metrics_file/file.rs", "bin/"]),
    ("foldhash", &["exposition/check/", "metrics/vector.rs"]),
    ("hashbrown", &["metrics/vector.rs"]),
    ("memchr", &["exposition/text.rs"]),
    ("zmij", &["exposition/encode.rs"]),
    ("procfs", &["metrics/process.rs"]),
    ("log", &["batch/trouble.rs"]),
    ("prometheus", &["adapter/prometheus_registry.rs"]),
    ("prometheus_client", &["adapter/client_registry.rs"]),
    ("clap", &["bin/"]),
    ("humantime", &["bin/"]),
    ("url", &["push/"]),
    ("percent_encoding", &["push/", "sink/textfile/"]),
];

/// A source file: its path below `src`, and its code without comments and unit tests.
struct Source {
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    fn visit(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    visit(&root, &mut files);
    files
        .iter()
        .map(|path| Source {
            path: path.strip_prefix(&root).unwrap().display().to_string(),
            code: code(&fs::read_to_string(path).unwrap()),
        })
        .collect()
}

/// Without comments, and without the unit tests, which stand last.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    text.lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paths that follow a root such as `crate::`, up to the first segment; of groups in braces, each.
fn first_segments<'a>(code: &'a str, root: &str) -> BTreeSet<&'a str> {
    let mut segments = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + root.len()..];
        let group = rest.strip_prefix('{').map(|rest| {
            let end = rest.find('}').unwrap();
            &rest[..end]
        });
        for item in group.unwrap_or(rest).split(',') {
            let item = item.trim_start();
            let end = item
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(item.len());
            segments.insert(&item[..end]);
            if group.is_none() {
                break;
            }
        }
    }
    segments
}

/// What breaks the rules in one file.
fn violations(source: &Source) -> Vec<String> {
    let Source { path, code } = source;
    let mut found = Vec::new();
    let room = path.split(['/', '.']).next().unwrap();
    if let Some((_, allowed)) = MAY_IMPORT.iter().find(|(module, _)| *module == room) {
        for segment in first_segments(code, "crate::") {
            if segment != room && !allowed.contains(&segment) {
                found.push(format!("{path}: {room} must not import {segment}"));
            }
        }
    }
    for (name, places) in CRATES {
        let used = code.contains(&format!("{name}::"));
        if used && !places.iter().any(|place| path.starts_with(place)) {
            found.push(format!("{path}: {name} belongs to {places:?}"));
        }
    }
    if code.contains("unsafe ") && path != "job/sys.rs" {
        found.push(format!("{path}: unsafe belongs to job/sys.rs"));
    }
    if code.contains("::*") {
        found.push(format!("{path}: imports are by name"));
    }
    let library = !path.starts_with("bin/");
    for outside in ["std::process::exit", "ExitCode", "stderr()", "stdout()"] {
        if library && code.contains(outside) {
            found.push(format!("{path}: {outside} belongs to the binary"));
        }
    }
    found
}

#[test]
fn no_module_imports_what_it_must_not_know() {
    let sources = sources();
    assert!(sources.len() > 20, "{}", sources.len());
    let found: Vec<String> = sources.iter().flat_map(violations).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_module_of_the_library_has_its_rule() {
    let lib = sources().into_iter().find(|source| source.path == "lib.rs");
    for line in lib.unwrap().code.lines() {
        if let Some(module) = line.strip_prefix("pub mod ") {
            let module = module.trim_end_matches(';');
            assert!(
                MAY_IMPORT.iter().any(|(known, _)| *known == module),
                "{module}"
            );
        }
    }
}

#[test]
fn forbidden_imports_are_found() {
    for (path, text, finding) in [
        (
            "exposition/x.rs",
            "use crate::push::PushError;",
            "exposition must not import push",
        ),
        (
            "push/x.rs",
            "use crate::{exposition::X, job::Job};",
            "push must not import job",
        ),
        (
            "job/x.rs",
            "fn f() { crate::report::x() }",
            "job must not import report",
        ),
        ("push/x.rs", "use ureq::Agent;", "ureq belongs to"),
        ("sink/x.rs", "use libc::c_int;", "libc belongs to"),
        ("report.rs", "use clap::Parser;", "clap belongs to"),
        ("job/x.rs", "fn f() { unsafe { g() } }", "unsafe belongs to"),
        ("sink/x.rs", "use super::*;", "imports are by name"),
        ("job/x.rs", "std::process::exit(1)", "belongs to the binary"),
    ] {
        let source = Source {
            path: path.to_owned(),
            code: code(text),
        };
        let found = violations(&source);
        assert!(
            found.len() == 1 && found[0].contains(finding),
            "{path}: {text}: {found:?}"
        );
    }
    let allowed = Source {
        path: "push/x.rs".to_owned(),
        code: code("use crate::grouping::GroupingKey; // crate::job::Job\nuse super::error::X;"),
    };
    assert_eq!(violations(&allowed), Vec::<String>::new());
}
