//! Destinations that keep samples instead of groups: nothing is claimed that they do not do.

use pushjob::push::{GatewayKind, Pushgateway as Client};

use crate::support::{Answer, FakeGateway, Pushgateway, gauge, key, pushjob};

const PATH: &str = "/api/v1/import/prometheus";

fn ok() -> Answer {
    Answer::Respond("204 No Content", "", "")
}

#[test]
fn what_cannot_be_done_there_is_an_error_and_not_sent() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let key = key();
    let families = gauge("a");
    for (path, kind) in [
        (PATH.to_owned(), GatewayKind::VictoriaMetrics),
        (
            format!("/insert/0/prometheus{PATH}/"),
            GatewayKind::VictoriaMetrics,
        ),
        (
            "/api/v1//import%2Fprometheus".to_owned(),
            GatewayKind::VictoriaMetrics,
        ),
        (format!("{PATH}/other"), GatewayKind::Pushgateway),
        ("/pushgateway".to_owned(), GatewayKind::Pushgateway),
    ] {
        let client = Client::new(&format!("{}{path}", gateway.url())).unwrap();
        assert_eq!(client.kind(), kind, "{path}");
    }
    let url = format!("{}{PATH}", gateway.url());
    let client = Client::new(&url).unwrap();
    client.push_add(&key, &families).unwrap();
    let reason = |what| {
        format!(
            "{url}/metrics/job/j: VictoriaMetrics cannot {what}; only what is added with POST is kept there"
        )
    };
    let error = client.push(&key, &families).unwrap_err();
    assert_eq!(error.to_string(), reason("replace a group (PUT)"));
    let error = client.delete(&key).unwrap_err();
    assert_eq!(error.to_string(), reason("delete a group (DELETE)"));
    let requests = gateway.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, format!("{PATH}/metrics/job/j"));
    // Who knows better says so.
    let client = Client::builder(&url)
        .kind(GatewayKind::Pushgateway)
        .build()
        .unwrap();
    client.delete(&key).unwrap();
}

#[test]
fn names_in_utf8_stand_in_the_path_as_they_are() {
    let gateway = FakeGateway::answering([ok()]);
    pushjob(["pushadd", "--job", "j", "--gauge", "a=1", "--utf8-names"])
        .args(["--label", "k8s.pod=p/1", "--label", "a_b=c"])
        .args(["--gateway", &format!("{}{PATH}", gateway.url())])
        .run()
        .exits(0)
        .says("");
    let expected = format!("{PATH}/metrics/job/j/a_b/c/k8s%2Epod@base64/cC8x");
    assert_eq!(gateway.requests()[0].path, expected);
}

#[test]
fn commands_say_what_they_cannot_do() {
    let gateway = FakeGateway::answering([ok(), ok()]);
    let url = format!("{}{PATH}", gateway.url());
    let push = |command: &str, args: &[&str]| {
        pushjob([command, "--job", "j", "--gateway", &url])
            .args(args)
            .run()
    };
    push("pushadd", &["--gauge", "a=1"]).exits(0).says("");
    push("push", &["--gauge", "a=1"])
        .exits(1)
        .says_one_line_with("cannot push: ")
        .says_one_line_with("VictoriaMetrics cannot replace a group (PUT)");
    push("delete", &[])
        .exits(1)
        .says_one_line_with("cannot delete: ")
        .says_one_line_with("VictoriaMetrics cannot delete a group (DELETE)");
    push("delete", &["--gateway-kind", "pushgateway"])
        .exits(0)
        .says("");
    push("delete", &["--gateway-kind", "influx"]).exits(2).says(
        "pushjob: --gateway-kind: \"influx\" is neither `pushgateway` nor `victoriametrics`\n",
    );
    assert_eq!(gateway.requests().len(), 2);
}

#[test]
fn a_run_that_is_to_replace_or_delete_says_so_before_it_begins() {
    let run = |args: &[&str], variable: &str| {
        pushjob(["run", "--job", "j"])
            .args(args)
            .env("PUSHJOB_GATEWAY", variable)
            .job(["echo", "ran"])
            .run()
    };
    let gateway = FakeGateway::answering([ok()]);
    let url = format!("{}{PATH}", gateway.url());
    for (method, what) in [("push", "replace"), ("delete", "delete")] {
        run(&["--gateway", &url, "--on-success", method], "")
            .exits(125)
            .prints("")
            .says(&format!(
                "pushjob: --gateway: VictoriaMetrics has no groups to {what}: use pushadd\n"
            ));
    }
    run(&["--method", "delete"], &url).exits(0).prints("ran\n").says(
        "pushjob: j: PUSHJOB_GATEWAY: VictoriaMetrics has no groups to delete: use pushadd; nothing is \
         deleted there, nor recorded in its place\n",
    );
    assert_eq!(gateway.requests().len(), 0);
    run(&["--method", "push", "--strict"], &url)
        .exits(125)
        .prints("");
    run(&["--method", "push"], &url).exits(0).prints("ran\n").says(
        "pushjob: j: PUSHJOB_GATEWAY: VictoriaMetrics has no groups to replace: use pushadd; the metrics are \
         added there\n",
    );
    let requests = gateway.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "POST");
    // Either of the two ends counts, and the kind that a flag says.
    run(&["--gateway", &url, "--on-failure", "delete"], "")
        .exits(125)
        .prints("");
    run(
        &[
            "--gateway",
            "h",
            "--gateway-kind",
            "victoriametrics",
            "--method",
            "push",
        ],
        "",
    )
    .exits(125)
    .says("pushjob: --gateway-kind: VictoriaMetrics has no groups to replace: use pushadd\n");
    let dry = run(&["--dry-run", "--gateway", &url, "--method", "push"], "");
    dry.exits(0)
        .prints("ran\n")
        .starts_by_saying("pushjob: j: --gateway: VictoriaMetrics has no groups");
    // A Pushgateway beside it still has its group replaced.
    let real = Pushgateway::start();
    let stale = ["push", "--job", "j", "--gauge", "stale=1", "--gateway"];
    pushjob(stale).arg(real.address()).run().exits(0);
    let gateway = FakeGateway::answering([ok()]);
    let both = format!("{},{}{PATH}", real.address(), gateway.url());
    run(&["--method", "push"], &both)
        .exits(0)
        .says_one_line_with("has no groups to replace");
    assert!(!real.group("j").metrics.contains(&"stale".to_owned()));
    assert_eq!(gateway.requests()[0].method, "POST");
}
