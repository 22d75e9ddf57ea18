//! A delivery that fails costs the job nothing, ends in time and says why.

use std::time::Duration;

use crate::support::{Answer, FakeGateway, Finished, Pushgateway, pushjob, run_to};

/// A run of a job that exits with 3, with two seconds for the delivery.
fn run(url: &str, more: &[&str]) -> Finished {
    // The last of a flag given twice would be an error, so the default comes only where none is given.
    let timeout: &[&str] = if more.contains(&"--push-timeout") {
        &[]
    } else {
        &["--push-timeout", "2s"]
    };
    run_to(url)
        .args(timeout)
        .args(more)
        .script("echo out; exit 3")
        .run()
}

/// The time for a delivery, and a second for everything else.
const LIMIT: Duration = Duration::from_secs(3);

#[test]
fn a_gateway_that_refuses_connections_is_tried_again_and_named() {
    // Nothing listens on the port of tcpmux.
    let finished = run("127.0.0.1:1", &[]);
    finished.exits(3).prints("out\n").took_at_most(LIMIT);
    finished.says_one_line_with(
        "cannot push: http://127.0.0.1:1/metrics/job/j: Connection refused (os error 111) (",
    );
    // As long as there is time.
    assert!(
        finished.elapsed >= Duration::from_millis(1800),
        "{finished}"
    );
    let finished = run("127.0.0.1:1", &["--push-retries", "1"]);
    finished.says_one_line_with("Connection refused (os error 111) (2 tries in 0.");
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    // Time enough for a resolver that asks several servers in vain.
    let finished = run(
        "http://no-such-host.invalid:9091",
        &["--push-retries", "0", "--push-timeout", "30s"],
    );
    finished.exits(3).prints("out\n");
    finished.says_one_line_with(
        "cannot push: http://no-such-host.invalid:9091/metrics/job/j: cannot resolve no-such-host.invalid: ",
    );
}

#[test]
fn a_gateway_that_never_answers_is_given_up_in_time() {
    let gateway = FakeGateway::answering([Answer::Silence]);
    let finished = run(&gateway.url(), &[]);
    finished.exits(3).prints("out\n").took_at_most(LIMIT);
    finished.says_one_line_with("/metrics/job/j: no answer within 2 s\n");
    assert!(finished.elapsed >= Duration::from_secs(2));
}

#[test]
fn a_refusal_is_final_and_shows_the_reason_of_the_gateway() {
    let refusal = Answer::Respond(
        "400 Bad Request",
        "",
        "pushed metrics are wrong\u{1b}[1m\nmore\n",
    );
    let gateway = FakeGateway::answering([refusal, Answer::Silence]);
    let finished = run(&gateway.url(), &[]);
    finished.exits(3).prints("out\n").took_at_most(LIMIT);
    finished
        .says_one_line_with("/metrics/job/j answered 400: pushed metrics are wrong\u{fffd}[1m\n");
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn what_may_pass_is_tried_again_until_it_succeeds() {
    let gateway = FakeGateway::answering([
        Answer::Respond("500 Internal Server Error", "", ""),
        Answer::Respond("503 Service Unavailable", "", ""),
        Answer::Close,
        Answer::Respond("202 Accepted", "", ""),
    ]);
    run(&gateway.url(), &[])
        .exits(3)
        .says("")
        .took_at_most(LIMIT);
    let requests = gateway.requests();
    assert_eq!(requests.len(), 4);
    assert!(
        requests
            .iter()
            .all(|request| request.body == requests[0].body)
    );
}

#[test]
fn the_last_failure_is_told_with_the_number_of_tries() {
    let busy = || Answer::Respond("503 Service Unavailable", "", "busy\n");
    let gateway = FakeGateway::answering([busy(), busy()]);
    let finished = run(&gateway.url(), &["--push-retries", "1"]);
    finished.exits(3).took_at_most(LIMIT);
    finished.says_one_line_with("/metrics/job/j answered 503: busy (2 tries in ");
    assert_eq!(gateway.requests().len(), 2);
}

#[test]
fn a_redirect_is_not_followed_and_names_its_goal() {
    let moved = Answer::Respond(
        "301 Moved Permanently",
        "Location: /metrics/job/other\r\n",
        "",
    );
    let gateway = FakeGateway::answering([moved, Answer::Silence]);
    let finished = run(&gateway.url(), &[]);
    finished.exits(3).took_at_most(LIMIT);
    finished.says_one_line_with(
        "/metrics/job/j answered 301, a redirect to /metrics/job/other: name the gateway that it leads to\n",
    );
    assert_eq!(gateway.requests().len(), 1);
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_named() {
    let gateway = FakeGateway::answering([Answer::Close]);
    run(&gateway.url(), &["--push-retries", "0"])
        .exits(3)
        .says_one_line_with("/metrics/job/j: the connection was closed before an answer came\n");
}

#[test]
fn an_answer_that_is_not_http_is_named() {
    let gateway = FakeGateway::answering([Answer::Raw(b"220 mail.example.org ESMTP\r\n\r\n")]);
    let finished = run(&gateway.url(), &[]);
    finished.exits(3).took_at_most(LIMIT);
    finished.says_one_line_with("/metrics/job/j: not an HTTP answer: ");
}

#[test]
fn a_real_refusal_reaches_the_user() {
    let gateway = Pushgateway::start();
    pushjob(["push", "--job", "other", "--gateway", gateway.address()])
        .args(["--counter", "batch_job_success=1"])
        .run()
        .exits(0);
    let finished = run(gateway.address(), &[]);
    finished.exits(3).prints("out\n");
    finished.says_one_line_with("/metrics/job/j answered 400: ");
    finished.says_one_line_with("batch_job_success");
}

#[test]
fn strict_turns_an_undelivered_success_into_123() {
    let dead = ["--gateway", "127.0.0.1:1", "--push-retries", "0"];
    let run = |more: &[&str], command: &str| {
        pushjob(["run", "--job", "j"])
            .args(dead)
            .args(more)
            .script(command)
            .run()
    };
    run(&[], "true").exits(0);
    run(&["--strict"], "true").exits(123);
    run(&["--strict"], "exit 4").exits(4);
    run(&["--strict", "-qq"], "true").exits(123).says("");
}

#[test]
fn verbose_says_what_was_done_and_quiet_keeps_errors() {
    let gateway = Pushgateway::start();
    let finished = pushjob([
        "run",
        "-v",
        "--job",
        "j",
        "--gateway",
        gateway.address(),
        "--",
        "true",
    ])
    .run();
    finished.exits(0);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{finished}");
    assert!(lines[0].starts_with("pushjob: j: succeeded after "));
    let place = format!(
        "pushjob: j: delivered to {}/metrics/job/j, try 1, ",
        gateway.url()
    );
    assert!(lines[1].starts_with(&place), "{finished}");
    run("127.0.0.1:1", &["-q", "--push-retries", "0"]).says_one_line_with("cannot push: ");
    run("127.0.0.1:1", &["-qq", "--push-retries", "0"]).says("");
}

#[test]
fn a_proxy_from_the_environment_is_asked() {
    let proxy = FakeGateway::answering([Answer::Respond("403 Forbidden", "", "")]);
    run_to("gateway.invalid:9091")
        .args(["--push-retries", "0"])
        .job(["true"])
        .env("http_proxy", proxy.url())
        .run()
        .exits(0)
        .says_one_line_with("cannot push: ");
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", "http://gateway.invalid:9091/metrics/job/j")
    );
}
