//! The help says everything that there is to set, and the README too.

use crate::support::pushjob;

fn help(command: &str) -> String {
    let finished = pushjob([command, "--help"]).run();
    finished.exits(0).says("");
    String::from_utf8(finished.stdout).unwrap()
}

/// The flags that a help text lists, with the text of each on one line.
fn flags(help: &str) -> Vec<(String, String)> {
    let mut flags: Vec<(String, String)> = Vec::new();
    for line in help.lines() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        match trimmed.find("--") {
            Some(at) if trimmed.starts_with('-') && indent <= 6 => {
                let flag = trimmed[at..].split([' ', '.']).next().unwrap();
                flags.push((flag.to_owned(), trimmed.to_owned()));
            }
            _ if indent > 6 => {
                if let Some((_, text)) = flags.last_mut() {
                    text.push(' ');
                    text.push_str(trimmed);
                }
            }
            _ => {}
        }
    }
    flags
}

const TARGET_AND_INPUT: &[&str] = &[
    "Job:",
    "Destinations:",
    "Connection:",
    "TLS:",
    "Input:",
    "Metrics:",
    "Messages:",
];

#[test]
fn the_help_of_each_command_is_grouped_by_subject() {
    for (command, headings) in [
        (
            "run",
            &[
                "Job:",
                "Destinations:",
                "Report:",
                "Alerting:",
                "Connection:",
                "TLS:",
                "Messages:",
            ][..],
        ),
        ("push", TARGET_AND_INPUT),
        ("pushadd", TARGET_AND_INPUT),
        (
            "delete",
            &["Job:", "Destinations:", "Connection:", "TLS:", "Messages:"],
        ),
        (
            "flush",
            &[
                "Destinations:",
                "Connection:",
                "TLS:",
                "Flush:",
                "Messages:",
            ],
        ),
        ("metric", &["Arguments:", "Metric:", "Messages:"]),
    ] {
        let help = help(command);
        let found: Vec<&str> = help
            .lines()
            .filter(|line| headings.contains(line))
            .collect();
        assert_eq!(found, headings, "{command}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{command}"
        );
    }
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

/// The flags of the README's table for every command that talks to a gateway, each with its default.
fn shared_in_the_readme() -> Vec<(String, String)> {
    let readme = readme();
    let (_, section) = readme.split_once("\n## Flags\n").unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = table.skip(1).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let default = cells.last().unwrap().trim().to_owned();
        let words = cells[0].split([' ', '`', ',']);
        let flags = words.filter(|word| word.starts_with("--"));
        let flags: Vec<_> = flags
            .map(|flag| (flag.to_owned(), default.clone()))
            .collect();
        flags
    })
    .collect()
}

fn variable(flag: &str) -> String {
    format!("PUSHJOB_{}", flag[2..].to_uppercase().replace('-', "_"))
}

#[test]
fn shared_flags_name_their_variable_and_the_default_that_the_readme_has() {
    let shared = shared_in_the_readme();
    assert!(shared.len() > 20, "{shared:?}");
    for command in ["run", "push", "pushadd", "delete"] {
        let flags = flags(&help(command));
        for (flag, default) in &shared {
            let (_, text) = flags.iter().find(|(name, _)| name == flag).unwrap();
            if ["--quiet", "--verbose"].contains(&flag.as_str()) {
                continue;
            }
            let variable = format!("[env: {}", variable(flag));
            assert!(text.contains(&variable), "{command} {flag}: {text}");
            let shown = match default
                .strip_prefix('`')
                .and_then(|rest| rest.strip_suffix('`'))
            {
                Some(value) if !value.contains('`') => format!("[default: {value}]"),
                _ => String::new(),
            };
            let is_shown = text.contains("[default: ");
            assert_eq!(is_shown, !shown.is_empty(), "{command} {flag}: {text}");
            assert!(text.contains(&shown), "{command} {flag}: {text}");
        }
    }
    for (flag, _) in flags(&help("delete")) {
        let known = shared.iter().any(|(name, _)| *name == flag);
        assert!(known || flag == "--help", "{flag}");
    }
}

#[test]
fn a_variable_has_the_name_of_its_flag_in_every_help() {
    let mut found = 0;
    for command in [
        "run", "push", "pushadd", "delete", "check", "flush", "metric",
    ] {
        for (flag, text) in flags(&help(command)) {
            let Some((_, rest)) = text.split_once("[env: ") else {
                continue;
            };
            let name = rest.split(['=', ',', ']']).next().unwrap();
            assert_eq!(name, variable(&flag), "{command} {flag}");
            found += 1;
        }
    }
    assert!(found > 80, "{found}");
}

#[test]
fn every_flag_stands_in_the_readme() {
    let readme = readme();
    for command in [
        "run", "push", "pushadd", "delete", "check", "flush", "metric",
    ] {
        for (flag, _) in flags(&help(command)) {
            let known = readme.contains(&format!("`{flag}")) || flag == "--help";
            assert!(known, "{flag} of {command} is not in the README");
        }
    }
}

#[test]
fn without_a_command_the_help_is_shown_as_an_error() {
    let finished = pushjob::<&str>([]).run();
    finished.exits(2).prints("");
    assert!(finished.stderr.contains("Usage: pushjob <COMMAND>"));
    let shown = pushjob(["help"]).run();
    assert_eq!(
        String::from_utf8_lossy(&shown.exits(0).stdout),
        finished.stderr
    );
    pushjob(["--version"]).run().exits(0).prints(concat!(
        "pushjob ",
        env!("CARGO_PKG_VERSION"),
        "\n"
    ));
    pushjob(["frobnicate"]).run().exits(2).says(
        "pushjob: unrecognized subcommand 'frobnicate'\n\
             pushjob: usage: pushjob <COMMAND>; `pushjob --help` shows all\n",
    );
}

/// The help of every command, as it is shown. `UPDATE_FIXTURES=1` makes the files again.
#[test]
fn the_help_is_as_in_the_golden_files() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/help");
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    for command in [
        "", "run", "push", "pushadd", "delete", "check", "flush", "metric",
    ] {
        for (flag, length) in [("-h", "short"), ("--help", "full")] {
            let words = [command, flag];
            let words = words.iter().filter(|word| !word.is_empty());
            let shown = pushjob(words).env("COLUMNS", "100").run();
            let shown = String::from_utf8(shown.exits(0).stdout.clone()).unwrap();
            let name = if command.is_empty() {
                "pushjob"
            } else {
                command
            };
            let path = folder.join(format!("{name}.{length}.txt"));
            if update {
                std::fs::write(&path, &shown).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap();
            assert_eq!(shown, golden, "{}", path.display());
            if name == "run" && length == "short" {
                assert!(shown.lines().count() <= 40, "{shown}");
            }
            let words = [
                "sign of life",
                "authorities",
                "what may pass",
                "in memory",
                "Take ",
            ];
            let private = words.iter().find(|word| shown.contains(**word));
            assert_eq!(private, None, "{name} {flag}");
        }
    }
}
