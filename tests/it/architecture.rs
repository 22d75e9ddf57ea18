//! The house: which room may import which, and what every file has to be like.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::support::{Import, SourceFile, SourceTree, Target};

/// Which other rooms a room may import: the directories and files right below `src`.
const ROOMS: [(&str, &[&str]); 16] = [
    ("adapter", &["exposition"]),
    (
        "batch",
        &[
            "chain",
            "clock",
            "exposition",
            "grouping",
            "metrics",
            "push",
            "record",
            "report",
            "sink",
        ],
    ),
    // The binary is a crate of its own, which the compiler keeps to the public API of the library.
    ("bin", &[]),
    ("chain", &[]),
    ("clock", &[]),
    ("exposition", &[]),
    ("files", &[]),
    ("grouping", &["exposition"]),
    ("metrics", &["exposition"]),
    ("metrics_file", &["exposition", "grouping"]),
    ("push", &["exposition", "grouping"]),
    (
        "record",
        &[
            "chain",
            "exposition",
            "grouping",
            "metrics",
            "metrics_file",
            "push",
            "report",
            "sink",
            "spool",
            "supervise",
        ],
    ),
    ("report", &["exposition", "supervise"]),
    (
        "sink",
        &["chain", "exposition", "files", "grouping", "push"],
    ),
    (
        "spool",
        &["chain", "exposition", "files", "grouping", "push"],
    ),
    ("supervise", &["clock"]),
];

/// Which files may use a crate; directories stand for all in them.
const CRATES: [(&str, &[&str]); 24] = [
    ("ureq", &["push/transport/"]),
    ("rustls", &["push/tls/", "push/transport/tls.rs"]),
    ("rustls_native_certs", &["push/tls/"]),
    ("webpki_roots", &["push/tls/"]),
    ("flate2", &["push/compression.rs"]),
    ("httparse", &["sink/scrape/request.rs"]),
    ("httpdate", &["push/", "sink/scrape/response.rs"]),
    ("ipnet", &["push/proxy.rs"]),
    ("base64", &["push/auth.rs", "push/redact.rs", "grouping/"]),
    ("libc", &["supervise/sys/"]),
    (
        "rustix",
        &[
            "files/",
            "metrics_file/file.rs",
            "sink/scrape/socket.rs",
            "sink/textfile/",
            "spool/",
            "supervise/sys/",
        ],
    ),
    ("tempfile", &["files/", "metrics_file/file.rs", "bin/"]),
    ("foldhash", &["exposition/check/", "metrics/vector.rs"]),
    ("hashbrown", &["exposition/check/", "metrics/vector.rs"]),
    ("memchr", &["exposition/"]),
    ("zmij", &["exposition/"]),
    ("procfs", &["metrics/process.rs"]),
    ("log", &["batch/", "record/"]),
    ("prometheus", &["adapter/prometheus_registry.rs"]),
    ("prometheus_client", &["adapter/client_registry.rs"]),
    ("clap", &["bin/"]),
    ("humantime", &["bin/", "spool/notice.rs"]),
    ("url", &["push/"]),
    ("percent_encoding", &["push/", "sink/textfile/"]),
];

/// Dependencies on Linux alone.
const LINUX_CRATES: [&str; 4] = ["libc", "procfs", "rustix", "tempfile"];

/// Another system that the library is built for, by its compiler and by `cfg`.
const OTHER_TARGET: &str = "x86_64-apple-darwin";
const OTHER_OS: &str = "macos";

/// Where `unsafe` stands.
const UNSAFE: &str = "supervise/sys/";

/// What of the standard library is for some files alone.
const STD: [(&str, &str, &[&str]); 5] = [
    ("std::process::exit", "", &["bin/"]),
    ("std::process::ExitCode", "", &["bin/"]),
    ("std::io::stderr", "", &["bin/"]),
    ("std::io::stdout", "", &["bin/"]),
    // What a command does with files is the library's work.
    (
        "std::fs",
        "bin/",
        &["bin/pushjob/settings/", "bin/pushjob/input/"],
    ),
];

/// A function that does not fit on a screen is two.
const FUNCTION_LINES: usize = 60;

/// Functions that are longer for a reason: file, name, reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 0] = [];

/// Imports between rooms that the table does not have.
fn forbidden_imports(tree: &SourceTree) -> Vec<String> {
    let mut found = Vec::new();
    for Import { from, to, path, .. } in tree.imports() {
        let (room, other) = (room(&from), room(&to));
        let allowed = ROOMS.iter().find(|(known, _)| *known == room);
        // lib.rs shows what the rooms have.
        if room == other || room == "lib" {
            continue;
        }
        if !allowed.is_some_and(|(_, rooms)| rooms.contains(&other)) {
            found.push(format!("{from}: {room} must not import {other}: {path}"));
        }
    }
    found
}

/// Rooms without a row, and what the table has more than there is.
fn dead_rows(tree: &SourceTree) -> Vec<String> {
    let rooms: BTreeSet<&str> = tree.files.iter().map(|file| room(&file.path)).collect();
    let imports: BTreeSet<(String, String)> = tree
        .imports()
        .iter()
        .map(|import| (room(&import.from).to_owned(), room(&import.to).to_owned()))
        .collect();
    let mut found = Vec::new();
    for known in &rooms {
        if *known != "lib" && !ROOMS.iter().any(|(room, _)| room == known) {
            found.push(format!("{known} has no row in the table"));
        }
    }
    for (room, others) in ROOMS {
        if !rooms.contains(room) {
            found.push(format!("the table has {room}, which does not exist"));
        }
        for other in others {
            if !imports.contains(&(room.to_owned(), (*other).to_owned())) {
                found.push(format!(
                    "the table lets {room} import {other}, which it does not"
                ));
            }
        }
    }
    found
}

/// Files that import each other, by way of others too.
fn circles(tree: &SourceTree) -> Vec<String> {
    let imports = tree.imports();
    let mut edges = Edges::new();
    for Import { from, to, path, .. } in imports.iter().filter(|import| !import.is_module) {
        edges.entry(from).or_default().insert(to, path);
    }
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for begin in edges.keys() {
        let Some(circle) = shortest_circle(&edges, begin) else {
            continue;
        };
        if known.insert(circle.iter().copied().collect::<BTreeSet<_>>()) {
            let next = circle.iter().cycle().skip(1);
            let steps = circle.iter().zip(next);
            let steps = steps.map(|(from, to)| format!("{from} -> {to} ({})", edges[from][to]));
            let steps = steps.collect::<Vec<_>>().join(", ");
            found.push(format!("{begin}: circle {steps}"));
        }
    }
    found
}

/// By file, the files that it imports, and by which path.
type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// The files on the shortest way from a file back to itself.
fn shortest_circle<'a>(edges: &Edges<'a>, begin: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([begin]);
    while let Some(file) = next.pop_front() {
        for to in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if *to == begin {
                let back = std::iter::successors(Some(file), |file| before.get(file).copied());
                let mut circle: Vec<&str> = back.collect();
                circle.reverse();
                return Some(circle);
            }
            before.entry(to).or_insert_with(|| {
                next.push_back(to);
                file
            });
        }
    }
    None
}

/// What is wrong with single files.
fn wrong_files(tree: &SourceTree) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.files {
        let path = &file.path;
        if !file.text.starts_with("//! ") {
            found.push(format!(
                "{path}: the first line does not say what it is for"
            ));
        }
        if file.is_index() {
            for line in &file.definitions {
                found.push(format!(
                    "{path}: line {line} is neither a module nor an import"
                ));
            }
        }
        if !path.starts_with(UNSAFE) && file.words.contains("unsafe") {
            found.push(format!("{path}: unsafe belongs to {UNSAFE}"));
        }
        found.extend(misplaced(tree, file));
        for function in &file.functions {
            let name = &function.name;
            let has_reason = LONG_FUNCTIONS
                .iter()
                .any(|(file, known, _)| file == path && known == name);
            if function.lines > FUNCTION_LINES && !has_reason {
                found.push(format!("{path}: {name} has {} lines", function.lines));
            }
        }
    }
    found
}

/// Imports of a file from the standard library and other crates that are for other files.
fn misplaced(tree: &SourceTree, file: &SourceFile) -> BTreeSet<String> {
    let path = &file.path;
    let is_in = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    let mut found = BTreeSet::new();
    for segments in &file.paths {
        let used = segments.join("::");
        if used.ends_with("::*") {
            found.insert(format!("{path}: imports are by name: {used}"));
        }
        if tree.is_own(path, segments) {
            continue;
        }
        for (name, places) in CRATES {
            if segments[0] == name && !is_in(places) {
                found.insert(format!("{path}: {name} belongs to {places:?}"));
            }
        }
        for (name, within, places) in STD {
            let is_used = used == name || used.starts_with(&format!("{name}::"));
            if is_used && path.starts_with(within) && !is_in(places) {
                found.insert(format!("{path}: {name} belongs to {places:?}"));
            }
        }
    }
    found
}

/// Type names that mean several things.
fn ambiguous_types(tree: &SourceTree) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &tree.files {
        for name in &file.types {
            places.entry(name).or_default().push(&file.path);
        }
    }
    places
        .iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| format!("{}: {name} is also in {}", files[0], files[1..].join(", ")))
        .collect()
}

fn room(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

/// Paths that lead to nothing on a target, and crates that its dependencies do not include.
fn missing_on(tree: &SourceTree, os: &str) -> Vec<String> {
    let mut found = tree.unresolved();
    for file in &tree.files {
        for path in &file.paths {
            let is_linux_only = LINUX_CRATES.contains(&&path[0][..])
                || path.join("::").starts_with("std::os::linux");
            if is_linux_only && !tree.is_own(&file.path, path) {
                found.push(format!("{}: {}", file.path, path.join("::")));
            }
        }
    }
    found
        .iter()
        .map(|path| format!("not on {os}: {path}"))
        .collect()
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "{}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn rooms_import_what_the_table_allows() {
    let tree = SourceTree::get();
    assert!(tree.files.len() > 20, "{}", tree.files.len());
    assert_none(&[forbidden_imports(tree), dead_rows(tree)].concat());
}

#[test]
fn no_files_import_each_other() {
    let tree = SourceTree::get();
    // Without this a path that is not understood would count for nothing.
    assert_none(&tree.unresolved());
    assert_none(&circles(tree));
}

#[test]
fn files_are_as_they_should_be() {
    assert_none(&wrong_files(SourceTree::get()));
}

#[test]
fn a_type_name_means_one_thing() {
    assert_none(&ambiguous_types(SourceTree::get()));
}

#[test]
fn the_library_refers_to_nothing_of_linux_elsewhere() {
    for all_features in [false, true] {
        let target = Target {
            os: OTHER_OS,
            all_features,
        };
        let mut tree = SourceTree::of_crate(target);
        tree.files.retain(|file| !file.path.starts_with("bin/"));
        assert!(tree.files.len() > 20, "{}", tree.files.len());
        assert_none(&missing_on(&tree, OTHER_OS));
    }
}

#[test]
fn the_library_compiles_elsewhere_where_that_can_be_tried() {
    let rustc = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    let sysroot = String::from_utf8(rustc.stdout).unwrap();
    let standard_library = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(OTHER_TARGET);
    if !standard_library.exists() {
        // Past what the harness keeps back of a test that passes.
        let note = format!("not compiled for {OTHER_TARGET}: rustup target add {OTHER_TARGET}");
        writeln!(std::io::stderr(), "{note}").unwrap();
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let check = Command::new(env!("CARGO"))
        .args([
            "check",
            "--quiet",
            "--locked",
            "--offline",
            "--lib",
            "--no-default-features",
        ])
        .args(["--target", OTHER_TARGET, "--target-dir"])
        .arg(root.join("target").join(OTHER_TARGET))
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
}

/// What a check finds in made-up files.
#[track_caller]
fn assert_found(
    check: impl Fn(&SourceTree) -> Vec<String>,
    files: &[(&str, &str)],
    expected: &[&str],
) {
    let found = check(&SourceTree::new(files.iter().copied(), Target::LINUX));
    assert_eq!(found, expected);
}

#[test]
fn forbidden_imports_are_found() {
    let modules = "mod chain; mod exposition; mod push; mod sink; pub use push::Change;";
    let push = ("push.rs", "pub struct Change; pub fn push() {}");
    for (path, text, expected) in [
        (
            "exposition.rs",
            "use crate::push::Change;",
            Some("crate::push::Change"),
        ),
        ("exposition.rs", "use crate::Change;", None),
        ("exposition.rs", "use crate::{push};", Some("crate::push")),
        (
            "exposition.rs",
            "use crate::push as p; fn f() { p::push() }",
            Some("crate::push"),
        ),
        (
            "exposition.rs",
            "fn f() { super::push::push() }",
            Some("super::push::push"),
        ),
        (
            "exposition.rs",
            "fn f() { m!(crate::push::push()) }",
            Some("crate::push::push"),
        ),
        ("sink.rs", "use crate::{chain, push::Change};", None),
    ] {
        let other = if path == "sink.rs" {
            "exposition.rs"
        } else {
            "sink.rs"
        };
        let files = [
            ("lib.rs", modules),
            push,
            ("chain.rs", ""),
            (other, ""),
            (path, text),
        ];
        let tree = SourceTree::new(files, Target::LINUX);
        let found = forbidden_imports(&tree);
        match expected {
            Some(import) => {
                let finding = format!("{path}: exposition must not import push: {import}");
                assert!(found.contains(&finding), "{text}: {found:?}");
            }
            // A name that the crate itself shows is still the room's that defines it.
            None if text.contains("crate::Change") => assert_eq!(found.len(), 1, "{found:?}"),
            None => assert_eq!(found, Vec::<String>::new(), "{text}"),
        }
    }
}

#[test]
fn dead_rows_are_found() {
    let files = [("lib.rs", "mod other;"), ("other.rs", "")];
    let found = dead_rows(&SourceTree::new(files, Target::LINUX));
    for expected in [
        "other has no row in the table",
        "the table has push, which does not exist",
        "the table lets push import exposition, which it does not",
    ] {
        assert!(
            found.iter().any(|found| found == expected),
            "{expected}: {found:#?}"
        );
    }
}

#[test]
fn circles_are_found() {
    let found = [
        "a/one.rs: circle a/one.rs -> a/two.rs (super::Two), a/two.rs -> a/one.rs (crate::a::One)",
    ];
    for (a, expected) in [
        // Names are followed through the re-exports of their parent to the files that define them.
        (
            "mod one; mod two; pub use one::One; pub use two::Two;",
            &found[..],
        ),
        ("mod one; mod two; pub struct One; pub use two::Two;", &[]),
    ] {
        assert_found(
            circles,
            &[
                ("lib.rs", "mod a;"),
                ("a/mod.rs", a),
                ("a/one.rs", "use super::Two; pub struct One;"),
                ("a/two.rs", "use crate::a::One; pub struct Two;"),
            ],
            if a.contains("struct") {
                &[
                    "a/mod.rs: circle a/mod.rs -> a/two.rs (two::Two), a/two.rs -> a/mod.rs (crate::a::One)",
                ]
            } else {
                expected
            },
        );
    }
    assert_found(
        circles,
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::b; pub fn a() {}"),
            ("b.rs", "use crate::c; pub fn b() { c::c() }"),
            ("c.rs", "pub fn c() { crate::a::a() }"),
        ],
        &[
            "a.rs: circle a.rs -> b.rs (crate::b::b), b.rs -> c.rs (c::c), c.rs -> a.rs (crate::a::a)",
        ],
    );
    // Unit tests may use whatever is there.
    let test = "pub fn b() {} #[cfg(test)] mod tests { use crate::a::a; }";
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::b; pub fn a() {}"),
        ("b.rs", test),
    ];
    assert_found(circles, &files, &[]);
}

#[test]
fn wrong_files_are_found() {
    let long = format!(
        "//! X.\nfn long() {{\n{}}}\n",
        "g();\n".repeat(FUNCTION_LINES)
    );
    for (path, text, expected) in [
        (
            "push/x.rs",
            "// X.\n",
            "push/x.rs: the first line does not say what it is for",
        ),
        (
            "push/mod.rs",
            "//! X.\nmod x;\nfn f() {}",
            "push/mod.rs: line 3 is neither a module nor an import",
        ),
        ("push/x.rs", &long, "push/x.rs: long has 62 lines"),
        (
            "push/x.rs",
            "//! X.\nuse ureq::Agent;",
            r#"push/x.rs: ureq belongs to ["push/transport/"]"#,
        ),
        (
            "sink/x.rs",
            "//! X.\nuse libc::c_int;",
            r#"sink/x.rs: libc belongs to ["supervise/sys/"]"#,
        ),
        (
            "supervise/x.rs",
            "//! X.\nfn f() { unsafe { g() } }",
            "supervise/x.rs: unsafe belongs to supervise/sys/",
        ),
        (
            "sink/x.rs",
            "//! X.\nuse super::*;",
            "sink/x.rs: imports are by name: super::*",
        ),
        (
            "push/x.rs",
            "//! X.\nfn f() { std::process::exit(1) }",
            r#"push/x.rs: std::process::exit belongs to ["bin/"]"#,
        ),
        (
            "bin/pushjob/x.rs",
            "//! X.\nuse std::{fs::File, io};",
            r#"bin/pushjob/x.rs: std::fs belongs to ["bin/pushjob/settings/", "bin/pushjob/input/"]"#,
        ),
    ] {
        let directory = Path::new(path).parent().unwrap().to_str().unwrap();
        let (root, module) = match directory.strip_prefix("bin/") {
            Some(program) => (format!("bin/{program}/main.rs"), String::new()),
            None => ("lib.rs".to_owned(), format!("{directory}/mod.rs")),
        };
        let first = format!(
            "//! X.\nmod x; mod {directory};",
            directory = directory.replace('/', "_")
        );
        let mut files = vec![(&root[..], &first[..]), (path, text)];
        if !module.is_empty() && module != path {
            files.push((&module, "//! X.\nmod x;"));
        }
        assert_found(wrong_files, &files, &[expected]);
    }
}

#[test]
fn ambiguous_types_are_found() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "struct One; impl X for One { type Two = u8; }\n"),
        ("b.rs", "fn f() { enum One {} }\nstruct Two;\n"),
    ];
    assert_found(ambiguous_types, &files, &["a.rs: One is also in b.rs"]);
}

#[test]
fn what_exists_on_linux_alone_is_found() {
    let files = |gate: &str| {
        let parse = format!("#[cfg(target_os = \"linux\")] mod line; {gate} use line::labels;");
        let line = "use rustix::fd; pub fn labels() {}";
        [
            ("lib.rs", "mod parse;".to_owned()),
            ("parse/mod.rs", parse),
            ("parse/line.rs", line.to_owned()),
        ]
    };
    for (gate, expected) in [
        ("", &["not on macos: parse/mod.rs: line::labels"][..]),
        ("#[cfg(target_os = \"linux\")]", &[]),
        ("#[cfg(all(unix, not(feature = \"gzip\")))]", &[]),
        (
            "#[cfg(not(windows))] fn f() { rustix::f() }",
            &[
                "not on macos: parse/mod.rs: line::labels",
                "not on macos: parse/mod.rs: rustix::f",
            ],
        ),
    ] {
        let files = files(gate);
        let files = files.iter().map(|(path, text)| (*path, &text[..]));
        let target = Target {
            os: OTHER_OS,
            all_features: true,
        };
        assert_eq!(
            missing_on(&SourceTree::new(files, target), OTHER_OS),
            expected,
            "{gate}"
        );
    }
}
