//! A refused result takes no other along: what waited arrives, and only what is refused is set aside.

use std::fs;

use crate::support::{Answer, FakeGateway, Place, Pushgateway, Pushjob, nobody, ok, pushjob};

fn command(place: &Place, verb: &str, address: &str) -> Pushjob {
    pushjob([verb, "--push-retries", "0", "--job", "j", "--gateway"])
        .arg(address)
        .arg("--spool")
        .arg(&place.folder)
}

/// A night whose result waits, and a gateway on which another group has `rows` as a counter.
fn night(address: &str) -> (Place, Pushgateway) {
    let place = Place::new();
    place.run_to(address).script("exit 3").run().exits(3);
    let gateway = Pushgateway::start_at(address);
    let other = pushjob(["push", "--job", "other", "--counter", "rows=1", "--gateway"]);
    other.arg(address).run().exits(0);
    (place, gateway)
}

#[test]
fn a_refused_push_leaves_the_night_that_waited() {
    for verb in ["push", "pushadd"] {
        let address = nobody();
        let (place, gateway) = night(&address);
        let pushed = command(&place, verb, &address)
            .args(["--gauge", "rows=1"])
            .run();
        pushed.exits(1);
        assert!(pushed.stderr.contains("; set aside in "), "{pushed}");
        assert_eq!(gateway.reported("j", "exit_code"), "3");
        let aside = fs::read_to_string(&place.files("refused")[0]).unwrap();
        assert!(
            aside.contains("\nrows 1\n") && !aside.contains("batch_job"),
            "{aside}"
        );
        assert_eq!(place.files("waiting").len(), 0);
        // What the night had is remembered.
        let address = gateway.kill();
        let gateway = Pushgateway::start_at(&address);
        place.run_to(&address).job(["true"]).run().exits(0);
        gateway.reported("j", "last_failure_timestamp_seconds");
    }
}

#[test]
fn a_push_that_waits_and_is_refused_later_leaves_the_night_too() {
    for verb in ["push", "pushadd"] {
        let (place, address) = (Place::new(), nobody());
        place.run_to(&address).script("exit 3").run().exits(3);
        for value in ["rows=1", "files=2"] {
            let pushed = command(&place, verb, &address).args(["--gauge", value]);
            pushed.run().exits(1);
        }
        let gateway = Pushgateway::start_at(&address);
        let other = pushjob(["push", "--job", "other", "--counter", "rows=1", "--gateway"]);
        other.arg(&address).run().exits(0);
        place.flush().run().exits(1);
        let metrics = gateway.group("j").metrics;
        assert!(metrics.contains(&"files".to_owned()), "{metrics:?}");
        assert!(!metrics.contains(&"rows".to_owned()), "{metrics:?}");
        if verb == "pushadd" {
            assert_eq!(gateway.reported("j", "exit_code"), "3");
        }
    }
}

#[test]
fn results_that_are_refused_without_a_reason_are_sent_one_by_one() {
    let place = Place::new();
    let refused = || Answer::Respond("400 Bad Request", "", "no\n");
    let down = || Answer::Respond("503 Service Unavailable", "", "");
    let gateway = FakeGateway::answering([
        down(),
        down(),
        down(),
        // All that waited, then the first of it, the second and the third.
        refused(),
        ok(),
        refused(),
        ok(),
    ]);
    for value in ["a=1", "b=2", "c=3"] {
        let pushed = command(&place, "pushadd", &gateway.url()).args(["--gauge", value]);
        pushed.run().exits(1);
    }
    let flushed = place.flush().run();
    flushed.exits(1);
    let bodies: Vec<String> = gateway.requests().into_iter().map(|it| it.body).collect();
    assert!(bodies.last().unwrap().contains("\nc 3\n"), "{bodies:#?}");
    let aside = fs::read_to_string(&place.files("refused")[0]).unwrap();
    assert!(
        aside.contains("\nb 2\n") && !aside.contains("\na 1\n"),
        "{aside}"
    );
    assert_eq!(place.files("waiting").len(), 0);
}
