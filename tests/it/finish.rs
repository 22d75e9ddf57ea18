//! The delivery of the end: a signal does not lose it.

use crate::support::{Answer, FakeGateway, fifo, run_to};

#[test]
fn a_signal_during_the_final_push_loses_neither_the_push_nor_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let pushing = folder.path().join("pushing");
    fifo(&pushing);
    // The gateway says that it has the request, and answers when pushjob has been sent a signal.
    let go = folder.path().join("go");
    fifo(&go);
    let answer = Answer::Hearing(go.clone(), Box::new(Answer::Respond("200 OK", "", "")));
    let gateway = FakeGateway::answering([Answer::Telling(pushing.clone(), Box::new(answer))]);
    let running = run_to(gateway.url()).script("exit 3").start();
    std::fs::read(&pushing).unwrap();
    running.signal("TERM");
    std::fs::write(&go, "").unwrap();
    running.wait().exits(3).says("");
    assert_eq!(gateway.requests().len(), 1);
}
