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
            .starts_by_saying(&format!("pushjob: {message}"))
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
    let finished = pushjob(["run", "--job", "j", "--spool", "/dev/null/x"])
        .env("PUSHJOB_GATEWAY", "127.0.0.1:1")
        .env("PUSHJOB_BEARER_TOKEN", "a b")
        .job(["true"])
        .run();
    let error = "cannot push: PUSHJOB_BEARER_TOKEN: the bearer token";
    assert!(finished.exits(0).stderr.contains(error), "{finished}");
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
    .says_one_line_with("pushjob: all_proxy: \"socks5h://x\" is not the URL of a proxy");
    let listed = pushjob(["flush", "--list", "--spool"])
        .arg(spool.path())
        .run();
    let listed = String::from_utf8_lossy(&listed.exits(0).stdout).into_owned();
    assert!(listed.starts_with("http://gateway.example "), "{listed}");
}
