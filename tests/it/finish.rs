//! The delivery of the end: a signal does not lose it, a second one that insists ends it.

use std::time::Duration;

use crate::support::{Answer, FakeGateway, Running, Stage, fifo, run_to, write_pipe};

/// What is said at the first signal that asks for an end.
fn insisting(signal: &str) -> String {
    format!(
        "pushjob: j: {signal} came when the job had ended; its result is still being delivered, one more \
         TERM, INT or QUIT gives it up"
    )
}

/// A gateway that has the end of a run and says nothing until it is told to; and a run that waits for its answer.
struct Scene {
    stage: Stage,
    gateway: FakeGateway,
}

impl Scene {
    fn new() -> Self {
        let stage = Stage::new();
        let go = stage.folder.path().join("go");
        fifo(&go);
        let answer = Answer::Hearing(go, Box::new(Answer::Respond("200 OK", "", "")));
        let gateway = FakeGateway::answering([Answer::Telling(stage.ready(), Box::new(answer))]);
        Self { stage, gateway }
    }

    /// Returns when the end is being delivered.
    fn run(&self, args: &[&str], script: &str) -> Running {
        let running = run_to(self.gateway.url())
            .args(["--push-timeout", "1000s"])
            .args(args)
            .script(script)
            .start();
        self.stage.wait_until_ready();
        running
    }

    fn answer(&self) {
        write_pipe(&self.stage.folder.path().join("go"), "");
    }
}

#[test]
fn a_signal_during_the_delivery_loses_neither_it_nor_the_code() {
    for signal in ["TERM", "INT", "QUIT"] {
        let scene = Scene::new();
        let mut running = scene.run(&[], "exit 3");
        running.signal(signal);
        assert_eq!(running.next_message(), insisting(signal));
        scene.answer();
        running.wait().exits(3).says("");
        assert_eq!(scene.gateway.requests().len(), 1);
    }
}

#[test]
fn a_terminal_that_closes_during_the_delivery_is_no_reason_to_give_it_up() {
    let scene = Scene::new();
    let mut running = scene.run(&[], "exit 3");
    for signal in ["HUP", "CONT", "HUP", "USR1", "TSTP", "TERM"] {
        running.signal(signal);
    }
    // All but TERM came to nothing, and it was the first to ask for an end.
    assert_eq!(running.next_message(), insisting("TERM"));
    running.signal("HUP");
    scene.answer();
    running.wait().exits(3).says("");
}

#[test]
fn signals_that_come_together_count_once() {
    let scene = Scene::new();
    let mut running = scene.run(&[], "exit 3");
    // Stopped meanwhile, so that it sees them at once.
    for signal in ["STOP", "TERM", "INT", "CONT"] {
        running.signal(signal);
    }
    // INT, of the lower number, may be seen first.
    let message = running.next_message();
    let signals = ["TERM", "INT"];
    assert!(signals.map(insisting).contains(&message), "{message}");
    scene.answer();
    running.wait().exits(3).says("");
}

#[test]
fn a_second_signal_gives_the_delivery_up() {
    for (first, second) in [
        ("TERM", "TERM"),
        ("INT", "INT"),
        ("INT", "TERM"),
        ("TERM", "QUIT"),
    ] {
        let scene = Scene::new();
        let mut running = scene.run(&[], "exit 3");
        running.signal(first);
        assert_eq!(running.next_message(), insisting(first));
        running.signal(second);
        running
            .wait()
            .exits(3)
            .says(&format!(
                "pushjob: j: cannot deliver the result to {}/metrics/job/j: given up, as {second} was the second \
                 signal to ask for an end\n",
                scene.gateway.url()
            ))
            .took_at_most(Duration::from_secs(20));
    }
    let scene = Scene::new();
    let mut running = scene.run(&["--strict"], "exit 0");
    running.signal("INT");
    running.next_message();
    running.signal("INT");
    running.wait().exits(123);
}

#[test]
fn a_signal_during_a_pause_between_tries_loses_nothing_and_a_second_one_ends_it() {
    let later = || Answer::Respond("503 Service Unavailable", "Retry-After: 2\r\n", "");
    let stage = Stage::new();
    let ok = Answer::Respond("200 OK", "", "");
    let told = Answer::Telling(stage.ready(), Box::new(later()));
    let gateway = FakeGateway::answering([told, ok]);
    let mut running = run_to(gateway.url()).script("exit 3").start();
    stage.wait_until_ready();
    running.signal("TERM");
    assert_eq!(running.next_message(), insisting("TERM"));
    running.wait().exits(3).says("");
    assert_eq!(gateway.requests().len(), 2);

    let forever = Answer::Respond("503 Service Unavailable", "Retry-After: 1000\r\n", "");
    let told = Answer::Telling(stage.ready(), Box::new(forever));
    let gateway = FakeGateway::answering([told]);
    let mut running = run_to(gateway.url())
        .args(["--push-timeout", "1000s"])
        .script("exit 3")
        .start();
    stage.wait_until_ready();
    running.signal("TERM");
    assert_eq!(running.next_message(), insisting("TERM"));
    running.signal("TERM");
    running
        .wait()
        .exits(3)
        .took_at_most(Duration::from_secs(20));
}

#[test]
fn signals_for_the_job_do_not_count_against_its_delivery() {
    let scene = Scene::new();
    let mut running = run_to(scene.gateway.url()).listener().start();
    running.listener_is_ready();
    for number in ["15", "2", "15", "2", "64"] {
        running.signal(number);
        assert_eq!(running.next_line(), number);
    }
    scene.stage.wait_until_ready();
    scene.answer();
    running.wait().exits(5).says("");
}

#[test]
fn a_delivery_that_a_signal_does_not_end_is_bounded_all_the_same() {
    let stage = Stage::new();
    let silence = Answer::Telling(stage.ready(), Box::new(Answer::Silence));
    let gateway = FakeGateway::answering([silence]);
    let mut running = run_to(gateway.url())
        .args(["--push-timeout", "2s"])
        .script("exit 3")
        .start();
    stage.wait_until_ready();
    running.signal("TERM");
    assert_eq!(running.next_message(), insisting("TERM"));
    running
        .wait()
        .exits(3)
        .says_one_line_with("cannot push: ")
        .took_at_most(Duration::from_secs(10));
}
