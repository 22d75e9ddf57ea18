//! Flags and their environment variables, and what a mistake in each means.

use crate::support::{FakeGateway, Pushgateway, fifo, ok, pushjob, run_to};

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
            "\"soon\" is not a duration: expected number at 0; 10s is used",
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
            "PUSHJOB_USERNAME",
            OsStr::new("user:secret"),
            "the user name holds a colon or a control character, which Basic auth cannot carry; \
             the run is not recorded",
        ),
    ] {
        // A mistake in the group leaves open what its name is.
        let is_about_the_group = name.contains("LABEL") || name.contains("INSTANCE");
        let job = if is_about_the_group { "" } else { "j: " };
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
            .says(&format!("pushjob: {job}{name}: {message}\n"));
        let recorded = message.ends_with(" is used");
        assert_eq!(!gateway.groups().is_empty(), recorded, "{name}");
        run(&["--strict"])
            .exits(125)
            .prints("")
            .says_one_line_with("; nothing was run, as --strict asks");
        pushjob(["delete", "--job", "j", "--gateway", gateway.address()])
            .run()
            .exits(0);
        gateway.waits_for_groups(0);
    }
}

#[test]
fn a_job_name_that_is_empty_in_the_environment_does_not_keep_the_job_from_running() {
    pushjob(["run"])
        .env("PUSHJOB_JOB", "")
        .job(["echo", "ran"])
        .run()
        .exits(0)
        .prints("ran\n")
        .says("pushjob: PUSHJOB_JOB: it is empty; the run is not recorded\n");
}

#[test]
fn each_mistake_has_its_own_consequence() {
    pushjob(["run", "--job", "j"])
        .env("PUSHJOB_GATEWAY", "http://[")
        .env("PUSHJOB_PUSH_RETRIES", "x")
        .job(["true"])
        .run()
        .exits(0)
        .says(
            "pushjob: j: PUSHJOB_PUSH_RETRIES: \"x\" is not a whole number from 0; the default is used\n\
             pushjob: j: PUSHJOB_GATEWAY: \"http://[\" is not the URL of a gateway: invalid IPv6 address; \
             the run is not recorded\n",
        );
}

#[test]
fn a_dry_run_needs_no_gateway_that_works() {
    let finished = pushjob(["run", "--dry-run", "--job", "j"])
        .env("PUSHJOB_GATEWAY", "ftp://h")
        .job(["true"])
        .run();
    finished.exits(0);
    let mut lines = finished.stderr.lines();
    let warning = lines.next().unwrap();
    assert!(
        warning.starts_with("pushjob: j: PUSHJOB_GATEWAY: "),
        "{finished}"
    );
    let title = "pushjob: j: dry run, nothing was sent; Prometheus would scrape:";
    assert_eq!(lines.next(), Some(title));
    assert!(lines.count() > 20);
}

#[test]
fn labels_in_the_environment_may_have_blanks_and_a_flag_wins_over_the_instance() {
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .env("PUSHJOB_LABEL", "a=b, c=d,")
        .env("PUSHJOB_INSTANCE_HOSTNAME", "False")
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    let labels = gateway.group("j").labels;
    assert_eq!((labels["a"].as_str(), labels["c"].as_str()), ("b", "d"));
    run_to(gateway.address())
        .args(["--label", "instance=flag", "--label", "kind=second"])
        .env("PUSHJOB_INSTANCE", "variable")
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    let groups = gateway.groups();
    let second = groups
        .iter()
        .find(|group| group.labels.contains_key("kind"));
    assert_eq!(second.unwrap().labels["instance"], "flag");
}

#[test]
fn a_password_file_that_cannot_be_used_is_trouble_with_monitoring() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    let pipe = pipe.to_str().unwrap();
    let not_regular = |path: &str| format!("password file {path} is not a regular file");
    for (path, message) in [
        (
            "/nonexistent",
            "cannot read password file /nonexistent: No such file or directory (os error 2)"
                .to_owned(),
        ),
        (pipe, not_regular(pipe)),
        ("/dev/stdin", not_regular("/dev/stdin")),
        ("/", not_regular("/")),
    ] {
        let flag = ["--password-file", path];
        let run = |more: &[&str], variable: &str| {
            run_to("u@127.0.0.1:1")
                .args(more)
                .env("PUSHJOB_PASSWORD_FILE", variable)
                .input("in\n")
                .job(["cat"])
                .run()
        };
        let url = "http://127.0.0.1:1/metrics/job/j";
        let error = format!("pushjob: j: cannot push: no credentials for {url}: {message}\n");
        run(&flag, "").exits(0).prints("in\n").says(&error);
        run(&[], path).exits(0).prints("in\n").says(&error);
        let strictly = |source: &str| {
            format!("pushjob: j: {source}: {message}; nothing was run, as --strict asks\n")
        };
        run(&["--strict"], path)
            .exits(125)
            .prints("")
            .says(&strictly("PUSHJOB_PASSWORD_FILE"));
        run(&[&["--strict"], &flag[..]].concat(), "")
            .exits(125)
            .prints("")
            .says(&strictly("--password-file"));
    }
}

#[test]
fn a_file_that_a_flag_names_wins_over_the_one_of_a_variable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "p").unwrap();
    let path = file.path().to_str().unwrap();
    let gateway = FakeGateway::answering([ok()]);
    run_to(gateway.url())
        .args(["--username", "u", "--password-file", path])
        .env("PUSHJOB_PASSWORD_FILE", "/")
        .job(["true"])
        .run()
        .exits(0)
        .says("");
}

#[test]
fn a_label_that_begins_like_instance_is_another() {
    let gateway = Pushgateway::start();
    run_to(gateway.address())
        .args(["--label", "instance_type=x"])
        .env("PUSHJOB_INSTANCE_HOSTNAME", "true")
        .job(["true"])
        .run()
        .exits(0)
        .says("");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(gateway.group("j").labels["instance"], host.trim_end());
}

#[test]
fn a_file_counts_as_it_is_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password").display().to_string();
    let gateway = FakeGateway::answering([ok()]);
    run_to(gateway.url())
        .args(["--username", "u", "--password-file", &file])
        .script(format!("echo s3cret > {file}"))
        .run()
        .exits(0)
        .says("");
    assert_eq!(
        gateway.requests()[0].headers["authorization"],
        "Basic dTpzM2NyZXQ="
    );
}

#[test]
fn a_variable_that_contradicts_a_flag_does_not_keep_the_job_from_running() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "t").unwrap();
    let path = file.path().to_str().unwrap();
    for (args, variable, message) in [
        (
            &["--bearer-token-file", path][..],
            ("PUSHJOB_USERNAME", "u"),
            "PUSHJOB_USERNAME: both a bearer token and a user name or password are given",
        ),
        (
            &["--bearer-token-file", path],
            ("PUSHJOB_PASSWORD", "p"),
            "PUSHJOB_PASSWORD: both a bearer token and a user name or password are given",
        ),
        (
            &["--header", "Authorization: x"],
            ("PUSHJOB_BEARER_TOKEN", "t"),
            "PUSHJOB_BEARER_TOKEN: header \"Authorization\": the client sets it",
        ),
        (
            &["--method", "push"],
            ("PUSHJOB_GATEWAY_KIND", "VictoriaMetrics"),
            "PUSHJOB_GATEWAY_KIND: VictoriaMetrics has no groups to replace: use pushadd",
        ),
        (
            &["--label", "a.b=c"],
            ("PUSHJOB_UTF8_NAMES", "x"),
            "PUSHJOB_UTF8_NAMES: \"x\" is neither true nor false; UTF-8 names are taken",
        ),
        (
            &[],
            ("PUSHJOB_COMPRESSION", "zip"),
            "PUSHJOB_COMPRESSION: \"zip\" is neither `gzip` nor `none`; none is used",
        ),
        (
            &[],
            ("PUSHJOB_GATEWAY_KIND", "x"),
            "PUSHJOB_GATEWAY_KIND: \"x\" is neither `pushgateway` nor `victoriametrics`; the path of the URL decides",
        ),
    ] {
        let gateway = FakeGateway::answering([ok()]);
        run_to(gateway.url())
            .args(args)
            .env(variable.0, variable.1)
            .job(["echo", "ran"])
            .run()
            .exits(0)
            .prints("ran\n")
            .says_one_line_with(message);
        let recorded = !message.contains("both a bearer") && !message.contains("header");
        assert_eq!(gateway.requests().len(), usize::from(recorded), "{message}");
    }
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
        let gateway = FakeGateway::answering([ok()]);
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
    run("wrong").exits(0).says_one_line_with(
        "/metrics/job/j answered 401: Unauthorized; a user name and a password were sent\n",
    );
}
