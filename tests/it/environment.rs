//! Mistakes in the environment: what is kept all the same, and what is said before the job.

use crate::support::{Pushgateway, pushjob};

#[test]
fn a_mistake_in_the_environment_leaves_the_result_in_the_spool() {
    let gateway = Pushgateway::start();
    for (name, value, message) in [
        (
            "PUSHJOB_BEARER_TOKEN",
            "abc def",
            "PUSHJOB_BEARER_TOKEN: the bearer token",
        ),
        (
            "PUSHJOB_BEARER_TOKEN",
            "abc\ndef",
            "PUSHJOB_BEARER_TOKEN: the bearer token",
        ),
        (
            "PUSHJOB_PROXY",
            "socks5h://x",
            "PUSHJOB_PROXY: \"socks5h://x\" is not the URL of a proxy",
        ),
        ("PUSHJOB_HEADER", "bad", "PUSHJOB_HEADER: there is a header"),
        ("PUSHJOB_HEADER", "a b: c", "PUSHJOB_HEADER: header \"a b\""),
        (
            "PUSHJOB_PASSWORD",
            "x",
            "PUSHJOB_PASSWORD: there is no user name",
        ),
        (
            "PUSHJOB_TLS_CERT_FILE",
            "/x",
            "PUSHJOB_TLS_CERT_FILE: there is no key",
        ),
        (
            "PUSHJOB_TLS_INSECURE_SKIP_VERIFY",
            "maybe",
            "PUSHJOB_TLS_INSECURE_SKIP_VERIFY: \"maybe\" is neither",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool");
        let run = pushjob(["run", "--job", "kept", "--start-after", "0s", "--spool"])
            .arg(&spool)
            .env("PUSHJOB_GATEWAY", gateway.address())
            .env(name, value)
            .script("exit 4")
            .run();
        run.exits(4)
            .starts_by_saying(&format!("pushjob: kept: {message}"))
            .says_one_line_with(&format!(
                "; nothing is delivered, the result is kept in {}\n",
                spool.display()
            ));
        assert_eq!(gateway.groups(), []);
        pushjob(["flush", "--spool"]).arg(&spool).run().exits(0);
        assert_eq!(gateway.reported("kept", "exit_code"), "4");
        pushjob(["delete", "--job", "kept", "--gateway", gateway.address()])
            .run()
            .exits(0);
        gateway.waits_for_groups(0);
    }
}

#[test]
fn a_mistake_for_which_nothing_can_be_kept_either_is_an_error_that_names_it() {
    pushjob(["run", "--job", "j", "--spool", "/dev/null/x"])
        .env("PUSHJOB_GATEWAY", "127.0.0.1:1")
        .env("PUSHJOB_BEARER_TOKEN", "a b")
        .job(["true"])
        .run()
        .exits(0)
        .says_somewhere("cannot push: PUSHJOB_BEARER_TOKEN: the bearer token");
}

#[test]
fn a_proxy_of_the_environment_that_is_not_supported_leaves_the_result_in_the_spool() {
    let spool = tempfile::tempdir().unwrap();
    pushjob([
        "run",
        "--job",
        "j",
        "--gateway",
        "gateway.example",
        "--spool",
    ])
    .arg(spool.path())
    .env("all_proxy", "socks5h://x")
    .job(["true"])
    .run()
    .exits(0)
    .says_one_line_with("pushjob: j: all_proxy: \"socks5h://x\" is not the URL of a proxy");
    let listed = pushjob(["flush", "--list", "--spool"])
        .arg(spool.path())
        .run();
    let listed = String::from_utf8_lossy(&listed.exits(0).stdout).into_owned();
    assert!(listed.starts_with("http://gateway.example "), "{listed}");
}

#[test]
fn a_value_that_is_probably_not_meant_as_it_stands_is_reported_before_the_job() {
    for (name, value, message) in [
        (
            "PUSHJOB_GATEWAY",
            "\"http://h:9091\"",
            "PUSHJOB_GATEWAY: the value is in quotes, which are taken as part of it: remove the quotes",
        ),
        (
            "PUSHJOB_SPOOL",
            "'/dev/null/x'",
            "PUSHJOB_SPOOL: the value is in quotes, which are taken as part of it: remove the quotes",
        ),
        (
            "PUSHJOB_GATEWAY",
            "${GW}",
            "PUSHJOB_GATEWAY: `${GW}` was not replaced by its value",
        ),
        (
            "PUSHJOB_GATEWAY",
            "http://$GW_HOST:9091",
            "PUSHJOB_GATEWAY: `$GW_HOST` was not replaced by its value",
        ),
        (
            "PUSHJOB_LABEL",
            "a=b,env=$(ENV)",
            "PUSHJOB_LABEL: `$(ENV)` was not replaced by its value",
        ),
        (
            "PUSHJOB_BEARER_TOKEN",
            "${TOKEN}",
            "PUSHJOB_BEARER_TOKEN: the value is the name of a variable, which was not replaced by its value",
        ),
        (
            "PUSHJOB_GATWAY",
            "h",
            "PUSHJOB_GATWAY is not a setting; did you mean PUSHJOB_GATEWAY?",
        ),
        (
            "PUSHJOB_TIMEOUT",
            "5m",
            "PUSHJOB_TIMEOUT has no effect: give --timeout on the command line",
        ),
        (
            "PUSHJOB_FROBNICATION",
            "1",
            "PUSHJOB_FROBNICATION is not a setting: it has no effect",
        ),
    ] {
        pushjob(["run", "--job", "j"])
            .env(name, value)
            .job(["true"])
            .run()
            .exits(0)
            .starts_by_saying(&format!("pushjob: {message}\n"));
    }
    for (name, value) in [
        ("PUSHJOB_PASSWORD", "pa$word"),
        ("PUSHJOB_METRICS_FILE", "x"),
        ("PUSHJOB_PORT", "tcp://10.0.0.1:80"),
        ("PUSHJOB_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("PUSHJOB_GATEWAY_PORT_9091_TCP_ADDR", "10.0.0.1"),
    ] {
        let gateway = Pushgateway::start();
        pushjob(["run", "--job", "j", "--username", "u", "--gateway"])
            .arg(gateway.address())
            .env(name, value)
            .job(["true"])
            .run()
            .exits(0)
            .says("");
    }
}

#[test]
fn a_flag_with_several_labels_is_reported() {
    let gateway = Pushgateway::start();
    pushjob(["run", "--job", "j", "--label", "a=1,b=2", "--gateway"])
        .arg(gateway.address())
        .job(["true"])
        .run()
        .exits(0)
        .says("pushjob: --label: \"a=1,b=2\" is one label: repeat --label for each\n");
}

#[test]
fn months_and_years_are_refused_in_every_duration() {
    for flag in [
        "--timeout",
        "--kill-after",
        "--start-after",
        "--heartbeat",
        "--max-age",
        "--max-duration",
        "--push-timeout",
    ] {
        for (value, advice) in [("5M", "write `5m`"), ("1y", "write days, as in `365d`")] {
            pushjob(["run", "--job", "j", flag, value])
                .job(["true"])
                .run()
                .exits(125)
                .starts_by_saying("pushjob: ")
                .says_somewhere(advice);
        }
    }
    pushjob(["flush", "--spool", "/nonexistent", "--wait", "1month"])
        .run()
        .exits(2)
        .says_somewhere("`month` stands for months");
}

#[test]
fn an_empty_gateway_counts_as_none_and_is_an_error_with_strict() {
    let folder = tempfile::tempdir().unwrap();
    let textfile = folder.path().join("j.prom");
    let run = |more: &[&str]| {
        pushjob(["run", "--job", "j", "--textfile"])
            .arg(&textfile)
            .args(more)
            .env("PUSHJOB_GATEWAY", "")
            .job(["true"])
            .run()
    };
    run(&["--strict"])
        .exits(125)
        .says("pushjob: j: PUSHJOB_GATEWAY: it is empty; nothing was run, as --strict asks\n");
    assert!(!textfile.exists());
    run(&[]).exits(0).says("");
}
