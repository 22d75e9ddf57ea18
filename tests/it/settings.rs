//! Flags and their environment variables, and what a mistake in each means.

use crate::support::{Answer, FakeGateway, Pushgateway, pushjob, run_to};

#[test]
fn every_shared_flag_has_a_variable_and_the_flag_wins() {
    let gateway = Pushgateway::start();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let start = pushjob(["run"]).args(args).job(["true"]);
        variables
            .iter()
            .fold(start, |run, (name, value)| run.env(name, value))
            .run()
            .exits(0)
            .says("");
    };
    let address = gateway.address();
    run(
        &[],
        &[
            ("PUSHJOB_GATEWAY", address),
            ("PUSHJOB_JOB", "all-env"),
            ("PUSHJOB_LABEL", "a=b,c=d=e"),
            ("PUSHJOB_INSTANCE", "i"),
            ("PUSHJOB_PUSH_TIMEOUT", "5s"),
            ("PUSHJOB_PUSH_RETRIES", "1"),
        ],
    );
    let labels = gateway.group("all-env").labels;
    for (name, value) in [("a", "b"), ("c", "d=e"), ("instance", "i")] {
        assert_eq!(labels[name], value);
    }
    run(
        &[
            "--gateway",
            address,
            "--job",
            "flags",
            "--label",
            "f=1",
            "--instance",
            "flag",
        ],
        &[
            ("PUSHJOB_GATEWAY", "127.0.0.1:1"),
            ("PUSHJOB_JOB", "env"),
            ("PUSHJOB_LABEL", "a=b"),
            ("PUSHJOB_INSTANCE", "env"),
            ("PUSHJOB_INSTANCE_HOSTNAME", "true"),
        ],
    );
    let labels = gateway.group("flags").labels;
    assert_eq!(labels.len(), 3);
    assert_eq!(
        (labels["f"].as_str(), labels["instance"].as_str()),
        ("1", "flag")
    );
    run(
        &["--gateway", address, "--job", "host", "--instance-hostname"],
        &[],
    );
    assert_eq!(gateway.group("host").labels["instance"], host.trim_end());
    run(
        &["--gateway", address, "--job", "host-env"],
        &[
            ("PUSHJOB_INSTANCE_HOSTNAME", "true"),
            ("PUSHJOB_INSTANCE", ""),
        ],
    );
    assert_eq!(
        gateway.group("host-env").labels["instance"],
        host.trim_end()
    );
}

#[test]
fn a_wrong_environment_costs_one_warning_and_not_the_job() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let not_utf8 = OsStr::from_bytes(b"\xff");
    let gateway = Pushgateway::start();
    for (name, value, message) in [
        (
            "PUSHJOB_GATEWAY",
            OsStr::new("ftp://u:secret@h"),
            "\"ftp://…@h\" is not the URL of a gateway: the scheme is neither http nor https; \
             the run is not recorded",
        ),
        (
            "PUSHJOB_GATEWAY",
            not_utf8,
            "it is not valid UTF-8; the run is not recorded",
        ),
        (
            "PUSHJOB_LABEL",
            OsStr::new("a=b,c"),
            "\"c\" is not of the form NAME=VALUE; the run is not recorded",
        ),
        (
            "PUSHJOB_LABEL",
            OsStr::new("__a=b"),
            "grouping label: label name \"__a\" is reserved: names beginning with `__` belong to \
             Prometheus; the run is not recorded",
        ),
        (
            "PUSHJOB_INSTANCE_HOSTNAME",
            OsStr::new("maybe"),
            "\"maybe\" is neither true nor false; the run is not recorded",
        ),
        (
            "PUSHJOB_PUSH_TIMEOUT",
            OsStr::new("soon"),
            "\"soon\" is not a duration: expected number at 0; the default is used",
        ),
        (
            "PUSHJOB_PUSH_RETRIES",
            OsStr::new("many"),
            "\"many\" is not a whole number from 0; the default is used",
        ),
        (
            "PUSHJOB_PASSWORD",
            OsStr::new("secret"),
            "there is no user name to go with the password: set --username; the run is not recorded",
        ),
        (
            "PUSHJOB_PASSWORD_FILE",
            OsStr::new("/nonexistent"),
            "there is no user name to go with the password: set --username; the run is not recorded",
        ),
    ] {
        let run = |more: &[&str]| {
            let command = pushjob(["run", "--job", "j"]).env("PUSHJOB_GATEWAY", gateway.address());
            command
                .env(name, value)
                .args(more)
                .script("echo ran; exit 4")
                .run()
        };
        run(&[])
            .exits(4)
            .prints("ran\n")
            .says(&format!("pushjob: {name}: {message}\n"));
        let recorded = message.ends_with("default is used");
        assert_eq!(!gateway.groups().is_empty(), recorded, "{name}");
        run(&["--strict"])
            .exits(125)
            .prints("")
            .says_one_line_with("; nothing was run, as --strict asks");
        pushjob(["delete", "--job", "j", "--gateway", gateway.address()])
            .run()
            .exits(0);
    }
}

#[test]
fn an_unreadable_password_file_is_trouble_with_monitoring() {
    let run = |more: &[&str]| {
        run_to("u@127.0.0.1:1")
            .args(["--password-file", "/nonexistent"])
            .args(more)
            .job(["echo", "ran"])
            .run()
    };
    run(&[]).exits(0).prints("ran\n").says(
        "pushjob: --password-file: cannot read password file /nonexistent: \
         No such file or directory (os error 2); the run is not recorded\n",
    );
    run(&["--strict"]).exits(125).prints("");
}

#[test]
fn a_wrong_flag_counts_more_than_a_wrong_environment() {
    pushjob([
        "run",
        "--job",
        "j",
        "--push-retries",
        "x",
        "--",
        "echo",
        "ran",
    ])
    .env("PUSHJOB_GATEWAY", "ftp://h")
    .run()
    .exits(125)
    .prints("")
    .says("pushjob: --push-retries: \"x\" is not a whole number from 0\n");
}

#[test]
fn basic_auth_comes_from_url_flags_environment_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "s3:cret\n").unwrap();
    let file = file.to_str().unwrap();
    let with_user =
        |gateway: &FakeGateway, user: &str| gateway.url().replace("//", &format!("//{user}@"));
    for (user, args, variables, header) in [
        ("u:p%40ss", &[][..], &[][..], "Basic dTpwQHNz"),
        (
            "u",
            &[],
            &[("PUSHJOB_PASSWORD", "s3:cret")],
            "Basic dTpzMzpjcmV0",
        ),
        (
            "u",
            &["--password-file", file],
            &[("PUSHJOB_PASSWORD", "other")],
            "Basic dTpzMzpjcmV0",
        ),
        (
            "x:y",
            &["--username", "u", "--password-file", file],
            &[],
            "Basic dTpzMzpjcmV0",
        ),
        (
            "x",
            &[],
            &[("PUSHJOB_USERNAME", "u"), ("PUSHJOB_PASSWORD_FILE", file)],
            "Basic dTpzMzpjcmV0",
        ),
        ("u", &[], &[], "Basic dTo="),
        (
            "u",
            &[],
            &[("PUSHJOB_PASSWORD", "pässwörd")],
            "Basic dTpww6Rzc3fDtnJk",
        ),
    ] {
        let gateway = FakeGateway::answering([Answer::Respond("200 OK", "", "")]);
        let start = run_to(with_user(&gateway, user)).args(args);
        variables
            .iter()
            .fold(start, |run, (name, value)| run.env(name, value))
            .job(["true"])
            .run()
            .exits(0)
            .says("");
        assert_eq!(
            gateway.requests()[0].headers["authorization"],
            header,
            "{user} {args:?}"
        );
    }
}

#[test]
fn a_real_gateway_with_basic_auth_takes_the_right_password_only() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("web.yml");
    // bcrypt of "s3:cret", cost 4.
    let hash = "$2b$04$abcdefghijklmnopqrstuuqZjxwjM8vs9/rKGjateZ0zqhyOGcuKe";
    std::fs::write(&config, format!("basic_auth_users:\n  u: {hash}\n")).unwrap();
    let gateway = Pushgateway::start_with(&[&format!("--web.config.file={}", config.display())]);
    let run = |password: &str| {
        pushjob([
            "run",
            "--job",
            "j",
            "--username",
            "u",
            "--gateway",
            gateway.address(),
        ])
        .env("PUSHJOB_PASSWORD", password)
        .job(["true"])
        .run()
    };
    run("s3:cret").exits(0).says("");
    run("wrong")
        .exits(0)
        .says_one_line_with("/metrics/job/j answered 401: Unauthorized\n");
}
