//! A delivery goes on until its time is over, or as many attempts have been made as were asked for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use pushjob::push::Pushgateway as Client;

use crate::support::{Answer, FakeGateway, gauge, key, ok, run_to};

/// An address at which nothing listens.
fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Comes up at this address after a while, and takes one push.
fn gateway_after(pause: Duration, address: &str) -> thread::JoinHandle<()> {
    let address = address.to_owned();
    thread::spawn(move || {
        thread::sleep(pause);
        let listener = TcpListener::bind(address).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(ok).unwrap();
    })
}

#[test]
fn a_gateway_that_comes_back_within_the_time_gets_the_result() {
    let address = unused_address();
    let gateway = gateway_after(Duration::from_secs(2), &address);
    let run = run_to(&address).args(["--push-timeout", "8s", "--start-after", "never"]);
    run.job(["true"]).run().exits(0).says("");
    gateway.join().unwrap();
}

#[test]
fn as_many_attempts_are_made_as_were_asked_for() {
    let address = unused_address();
    let run = run_to(&address).args(["--push-timeout", "8s", "--push-retries", "1"]);
    let finished = run.job(["true"]).run();
    finished.exits(0).took_at_most(Duration::from_secs(4));
    finished.says_one_line_with(" (2 tries in 0.");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn every_transient_status_is_tried_again_as_often_as_the_time_allows() {
    let statuses = [
        "408 Request Timeout",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ];
    let answers = statuses.map(|status| Answer::Respond(status, "", ""));
    let gateway = FakeGateway::answering(answers.into_iter().chain([ok()]));
    let client = Client::new(&gateway.url()).unwrap();
    let delivered = client.push(&key(), &gauge("a")).unwrap();
    assert_eq!(delivered.attempts, 7);
}

#[test]
fn a_time_that_a_gateway_asks_for_is_given_to_it() {
    let busy = Answer::Respond("503 Service Unavailable", "Retry-After: 1\r\n", "");
    let gateway = FakeGateway::answering([busy, ok()]);
    let begin = Instant::now();
    let client = Client::new(&gateway.url()).unwrap();
    client.push(&key(), &gauge("a")).unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
}
