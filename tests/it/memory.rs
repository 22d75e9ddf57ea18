//! What a run holds in memory while the job runs.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{Pushgateway, get, pushjob, run_to, within};

/// More program text than waiting for a job takes, also of a program that is not optimised, and less than a push or a
/// scrape takes of that.
const TEXT_KB: u64 = 6 * 1024;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn what_a_heartbeat_takes_is_given_back() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let mut running = run_to(gateway.address())
        .args(["--heartbeat", "100ms", "--textfile"])
        .arg(folder.path())
        .listener()
        .start();
    running.listener_is_ready();
    gateway.waits_for_groups(1);
    let text = || running.status_kb("RssFile:") < TEXT_KB;
    within(LONG, "the text stays in memory", text);
    running.signal("64");
    running.wait().exits(5).says("");
}

#[test]
fn what_a_scrape_takes_is_given_back() {
    let mut running = pushjob(["run", "-v", "--job", "j", "--listen", "127.0.0.1:0"])
        .listener()
        .start();
    let message = running.next_message();
    running.listener_is_ready();
    let address = message.split(['/', ' ']).find_map(|word| word.parse().ok());
    let address: SocketAddr = address.unwrap();
    assert_eq!(get(address, "/metrics", "").status, "200 OK");
    let text = || running.status_kb("RssFile:") < TEXT_KB;
    within(LONG, "the text stays in memory", text);
    running.signal("64");
    running.wait().exits(5);
}
