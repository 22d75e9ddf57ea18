//! `run` ends as the job did, and the gateway hears of it.

use crate::support::{Pushgateway, pushjob, script};

/// The command to run, the code that `run` exits with, the code and the signal that the gateway shows.
const ENDINGS: [(&[&str], i32, &str); 16] = [
    (&["true"], 0, "0"),
    (&["false"], 1, "0"),
    (&["sh", "-c", "exit 7"], 7, "0"),
    (&["sh", "-c", "exit 125"], 125, "0"),
    (&["sh", "-c", "exit 126"], 126, "0"),
    (&["sh", "-c", "exit 127"], 127, "0"),
    (&["sh", "-c", "exit 137"], 137, "0"),
    (&["sh", "-c", "exit 143"], 143, "0"),
    (&["sh", "-c", "exit 255"], 255, "0"),
    (&["sh", "-c", "kill -TERM $$"], 143, "15"),
    (&["sh", "-c", "kill -KILL $$"], 137, "9"),
    (&["sh", "-c", "kill -SEGV $$"], 139, "11"),
    (&["/nonexistent/command"], 127, "0"),
    (&["pushjob-no-such-command"], 127, "0"),
    (&["/"], 126, "0"),
    (&["/dev/null/command"], 126, "0"),
];

#[test]
fn every_ending_has_its_code_and_is_pushed() {
    let gateway = Pushgateway::start();
    let run = |job: &str, command: &[&str]| {
        pushjob(["run", "--gateway", gateway.address(), "--job", job, "--"])
            .args(command)
            .run()
    };
    for (index, (command, code, signal)) in ENDINGS.iter().enumerate() {
        let job = format!("ending-{index}");
        run(&job, command).exits(*code);
        let value = |name: &str| gateway.reported(&job, name);
        assert_eq!(value("exit_code"), code.to_string(), "{command:?}");
        assert_eq!(value("exit_signal"), *signal, "{command:?}");
        let success = if *code == 0 { "1" } else { "0" };
        assert_eq!(value("success"), success, "{command:?}");
        assert_eq!(value("timed_out"), "0", "{command:?}");
    }
}

#[test]
fn files_that_cannot_be_executed_end_with_126_and_say_why() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, "exit 3\n").unwrap();
    let path = path.to_str().unwrap();
    pushjob([
        "run",
        "--gateway",
        gateway.address(),
        "--job",
        "data",
        "--",
        path,
    ])
    .run()
    .exits(126)
    .says(&format!(
        "pushjob: data: cannot run \"{path}\": Permission denied (os error 13)\n"
    ));
    assert_eq!(gateway.reported("data", "exit_code"), "126");
}

#[test]
fn a_script_without_interpreter_line_runs_as_it_does_from_a_shell() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    script(&path, "echo \"$1\"; exit 5\n");
    pushjob([
        "run",
        "--gateway",
        gateway.address(),
        "--job",
        "script",
        "--",
    ])
    .arg(&path)
    .arg("an argument")
    .run()
    .exits(5)
    .prints("an argument\n")
    .says("");
    assert_eq!(gateway.reported("script", "exit_code"), "5");
}

#[test]
fn a_wrong_command_line_exits_125_and_runs_and_pushes_nothing() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("witness");
    let touch = ["--", "touch", witness.to_str().unwrap()];
    let run = ["run", "--gateway", gateway.address()];
    for (args, message) in [
        (
            &["--job", "x", "--no-such-flag"][..],
            "unexpected argument '--no-such-flag' found",
        ),
        (
            &[],
            "--job is missing: the name under which the metrics are kept",
        ),
        (&["--job", ""], "--job: the job name is empty"),
        (
            &["--job", "x", "--label", "a"],
            "--label: \"a\" is not of the form NAME=VALUE",
        ),
        (
            &["--job", "x", "--label", "job=y"],
            "--label: `job` is the job name already and cannot be a further grouping label",
        ),
        (
            &["--job", "x", "--label", "a=1", "--label", "a=2"],
            "--label: grouping label `a` is given twice",
        ),
        (
            &["--job", "x", "--label", "a-b=1"],
            "--label: grouping label: \"a-b\" is not a label name: letters, digits and `_`, \
             not beginning with a digit",
        ),
        (
            &["--job", "x", "--instance", ""],
            "--instance: grouping label `instance` is empty: leave it out instead",
        ),
        (
            &["--job", "x", "--instance", "i", "--label", "instance=j"],
            "--label: grouping label `instance` is given twice",
        ),
        (
            &["--job", "x", "--push-timeout", "10"],
            "--push-timeout: \"10\" is not a duration: time unit needed, for example 10sec or 10ms",
        ),
        (
            &["--job", "x", "--push-timeout", "0s"],
            "--push-timeout: \"0s\" is not a duration: it must be longer than 0",
        ),
        (
            &["--job", "x", "--push-retries", "-1"],
            "--push-retries: \"-1\" is not a whole number from 0",
        ),
        (
            &["--job", "x", "--timeout", "soon"],
            "invalid value 'soon' for '--timeout <DURATION>': expected number at 0",
        ),
        (
            &["--job", "x", "--timeout", "0s"],
            "invalid value '0s' for '--timeout <DURATION>': it must be longer than 0",
        ),
        (
            &["--job", "x", "--stop-signal", "HUGO"],
            "invalid value 'HUGO' for '--stop-signal <NAME>': \"HUGO\" is not a signal: a name such as \
             TERM, INT or RTMIN+3, or a number from 1 to 64",
        ),
        (
            &["--job", "x", "--method", "put"],
            "invalid value 'put' for '--method <METHOD>'; [possible values: pushadd, push, delete, none]",
        ),
        (
            &["--job", "x", "--start-after", "later"],
            "invalid value 'later' for '--start-after <DURATION>': expected number at 0; give a duration such as 90s, or `never`",
        ),
        (
            &["--job", "x", "--metric-prefix", "9-"],
            "--metric-prefix: \"9-\" is not a metric name: letters, digits, `_` and `:`, \
             not beginning with a digit",
        ),
        (
            &["--job", "x", "--shell"],
            "--shell takes one argument after `--`, the script; there are 2",
        ),
        (
            &["--job", "x", "--username", "a:b"],
            "--username: the user name holds a colon or a control character, which Basic auth cannot carry",
        ),
    ] {
        pushjob(run)
            .args(args)
            .args(touch)
            .run()
            .exits(125)
            .prints("")
            .starts_by_saying(&format!("pushjob: {message}"));
        assert!(!witness.exists(), "{args:?}");
    }
    pushjob(["run", "--job", "x", "--gateway", "ftp://h"])
        .args(touch)
        .run()
        .exits(125)
        .says("pushjob: --gateway: \"ftp://h\" is not the URL of a gateway: the scheme is neither http nor https\n");
    pushjob(run)
        .args(["--job", "x"])
        .run()
        .exits(125)
        .starts_by_saying(
            "pushjob: there is no command to run; the command to run goes after `--`\n",
        );
    assert!(!witness.exists());
    assert_eq!(gateway.groups(), []);
}

#[test]
fn a_command_without_dashes_and_flags_before_run_are_wrong_command_lines_too() {
    pushjob(["run", "--job", "x", "echo", "hello"])
        .run()
        .exits(125)
        .starts_by_saying(
            "pushjob: unexpected argument 'echo' found; the command to run goes after `--`\n",
        );
    pushjob(["-v", "run", "--job", "x", "--", "echo", "hello"])
        .run()
        .exits(125)
        .prints("")
        .starts_by_saying("pushjob: unexpected argument '-v' found\n");
}

#[test]
fn a_script_whose_interpreter_is_missing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    script(&path, "#!/nonexistent/interpreter\n");
    let path = path.to_str().unwrap();
    pushjob(["run", "-q", "--dry-run", "--job", "x", "--", path])
        .run()
        .exits(127)
        .starts_by_saying(&format!(
            "pushjob: x: cannot run \"{path}\": the interpreter in its first line was not found\n"
        ));
}

#[test]
fn a_value_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let value = std::ffi::OsStr::from_bytes(b"a\xff");
    pushjob(["run", "--job"])
        .arg(value)
        .job(["true"])
        .run()
        .exits(125)
        .starts_by_saying("pushjob: --job: \"a\u{fffd}\" is not valid UTF-8\n");
}

#[test]
fn a_shell_script_runs_in_sh() {
    pushjob([
        "run",
        "-qq",
        "--job",
        "x",
        "--shell",
        "--",
        "echo a | tr a b; exit 9",
    ])
    .run()
    .exits(9)
    .prints("b\n")
    .starts_by_saying("");
}
