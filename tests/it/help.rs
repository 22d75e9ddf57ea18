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

#[test]
fn the_help_of_each_command_is_grouped_by_subject() {
    for (command, headings) in [
        (
            "run",
            &[
                "Job:",
                "Report:",
                "Textfile:",
                "Spool:",
                "Scrape:",
                "Gateway:",
                "TLS:",
                "Group:",
                "Messages:",
            ][..],
        ),
        (
            "push",
            &[
                "Metrics:",
                "Spool:",
                "Gateway:",
                "TLS:",
                "Group:",
                "Messages:",
            ],
        ),
        (
            "pushadd",
            &[
                "Metrics:",
                "Spool:",
                "Gateway:",
                "TLS:",
                "Group:",
                "Messages:",
            ],
        ),
        (
            "delete",
            &["Spool:", "Gateway:", "TLS:", "Group:", "Messages:"],
        ),
        ("flush", &["Spool:", "Gateway:", "TLS:", "Messages:"]),
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

#[test]
fn shared_flags_name_their_variable_and_their_default() {
    for command in ["run", "push", "pushadd", "delete"] {
        let flags = flags(&help(command));
        for flag in [
            "--gateway",
            "--gateway-kind",
            "--bearer-token-file",
            "--header",
            "--proxy",
            "--compression",
            "--tls-ca-file",
            "--tls-cert-file",
            "--tls-key-file",
            "--tls-insecure-skip-verify",
            "--utf8-names",
            "--username",
            "--password-file",
            "--push-timeout",
            "--push-retries",
            "--spool",
            "--job",
            "--label",
            "--instance",
            "--instance-hostname",
        ] {
            let (_, text) = flags.iter().find(|(name, _)| name == flag).unwrap();
            let variable = format!("PUSHJOB_{}", flag[2..].to_uppercase().replace('-', "_"));
            assert!(text.contains(&variable), "{command} {flag}: {text}");
            let plain = [
                "--job",
                "--instance-hostname",
                "--utf8-names",
                "--tls-insecure-skip-verify",
            ]
            .contains(&flag);
            assert!(
                plain || text.contains("[default: "),
                "{command} {flag}: {text}"
            );
        }
    }
}

#[test]
fn every_flag_stands_in_the_readme() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for command in ["run", "push", "pushadd", "delete", "flush", "metric"] {
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
    pushjob(["frobnicate"])
        .run()
        .exits(2)
        .says("pushjob: unrecognized subcommand 'frobnicate'\n");
}
