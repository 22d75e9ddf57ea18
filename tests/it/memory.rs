//! What a run holds in memory while the job runs.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::support::{Pushgateway, get, pushjob, run_to, within};

/// More program text than waiting for a job takes, also of a program that is not optimised, and less than a push or a
/// scrape takes of that.
const TEXT_KB: u64 = 6 * 1024;

/// More than waiting for a job takes of memory that is no program text, and less than a page of the length below.
const OWN_KB: u64 = 4 * 1024;

/// How many series the page of a scrape has, each some 100 bytes long.
const SERIES: usize = 50_000;

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
    let job = running.listener_is_ready().own;
    let environment = fs::read(format!("/proc/{job}/environ")).unwrap();
    let mut variables = environment.split(|byte| *byte == 0);
    let file = variables.find_map(|variable| variable.strip_prefix(b"PUSHJOB_METRICS_FILE="));
    let part = "a part of the whole ".repeat(4);
    let series = (0..SERIES).map(|number| format!("rows{{part=\"{part}{number}\"}} 1\n"));
    let mut file = OpenOptions::new()
        .append(true)
        .open(OsStr::from_bytes(file.unwrap()))
        .unwrap();
    file.write_all(series.collect::<String>().as_bytes())
        .unwrap();
    let address = message.split(['/', ' ']).find_map(|word| word.parse().ok());
    let address: SocketAddr = address.unwrap();
    let answered = get(address, "/metrics", "");
    assert_eq!(answered.status, "200 OK");
    assert!(answered.body.len() > SERIES * 100);
    let own = || running.status_kb("RssAnon:") < OWN_KB;
    within(LONG, "the page stays in memory", own);
    let text = || running.status_kb("RssFile:") < TEXT_KB;
    within(LONG, "the text stays in memory", text);
    running.signal("64");
    running.wait().exits(5);
}
