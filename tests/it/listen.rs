//! `run --listen`: the page of a run, while it runs.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{
    Answer, FakeGateway, Prometheus, Pushgateway, Pushjob, Running, appending, connect, get, ok,
    pushjob, pushjob_by, within,
};

const LONG: Duration = Duration::from_secs(60);

/// A run that can be scraped at a port which the system chooses, and says where.
fn listening() -> Pushjob {
    pushjob(["run", "-v", "--job", "etl", "--listen", "127.0.0.1:0"])
}

/// A run whose job waits until its input is at its end, or until it is killed, when it has run this script and said so.
struct Scraped {
    run: Running,
    address: SocketAddr,
}

impl Scraped {
    #[track_caller]
    fn start(run: Pushjob, script: &str) -> Self {
        let script =
            format!("{script}\necho ready; trap 'exit 0' TERM; while :; do sleep 60 & wait; done");
        let mut run = run.script(script).start();
        let message = run.next_message();
        let address = message
            .strip_prefix("pushjob: etl: http://")
            .and_then(|rest| rest.strip_suffix("/metrics can be scraped while the job runs"));
        let address = address.unwrap_or_else(|| panic!("{message}"));
        let address = address.parse().unwrap();
        assert_eq!(run.next_line(), "ready");
        Self { run, address }
    }

    #[track_caller]
    fn page(&self) -> String {
        let answered = get(self.address, "/metrics", "");
        assert_eq!(answered.status, "200 OK");
        answered.text().to_owned()
    }
}

/// The value of a sample on a page.
#[track_caller]
fn sample(page: &str, series: &str) -> f64 {
    let value = page
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {series}: {page}"))
        .parse()
        .unwrap()
}

#[test]
fn prometheus_scrapes_a_run_and_what_the_job_has_left_so_far() {
    let scraped = Scraped::start(
        listening().args(["--label", "zone=eu", "--max-age", "1h"]),
        &appending("# TYPE rows gauge\\nrows{table=\"a\"} 42\\nrows{table=\"b"),
    );
    let prometheus = Prometheus::scraping(&scraped.address.to_string());
    let (labels, _) = prometheus.waits_for("batch_job_running_seconds > 0");
    assert_eq!(
        labels,
        serde_json::json!({
            "__name__": "batch_job_running_seconds",
            "instance": scraped.address.to_string(),
            "job": "batch",
            "job_name": "etl",
            "zone": "eu",
        })
    );
    let (labels, value) = prometheus.waits_for("rows");
    assert_eq!(
        (&labels["table"], &labels["job_name"]),
        (&"a".into(), &"etl".into())
    );
    assert_eq!(value, "42");
    let (_, value) = prometheus.waits_for("batch_job_max_age_seconds");
    assert_eq!(value, "3600");
    prometheus.waits_for("time() - batch_job_start_timestamp_seconds < 60");
    prometheus.waits_for("up == 1");
    scraped.run.signal("TERM");
    let finished = scraped.run.wait();
    finished.exits(0);
    prometheus.waits_for("up == 0");
}

#[test]
fn the_page_is_what_promtool_takes() {
    let scraped = Scraped::start(
        listening().args(["--max-duration", "2h"]),
        &appending(
            "# HELP rows Rows.\\n# TYPE rows gauge\\nrows 42\\nbatch_job_success 1\\nbad\\n",
        ),
    );
    let page = scraped.page();
    let running = sample(&page, "batch_job_running_seconds{job_name=\"etl\"}");
    let started = sample(&page, "batch_job_start_timestamp_seconds{job_name=\"etl\"}");
    assert!(running > 0.0 && running < 60.0, "{running}");
    let expected = format!(
        "# HELP batch_job_max_duration_seconds How long a run may take before it is time to worry.\n\
         # TYPE batch_job_max_duration_seconds gauge\n\
         batch_job_max_duration_seconds{{job_name=\"etl\"}} 7200\n\
         # HELP batch_job_running_seconds How long the job has been running.\n\
         # TYPE batch_job_running_seconds gauge\n\
         batch_job_running_seconds{{job_name=\"etl\"}} {running}\n\
         # HELP batch_job_start_timestamp_seconds When the job was last started, in Unix seconds.\n\
         # TYPE batch_job_start_timestamp_seconds gauge\n\
         batch_job_start_timestamp_seconds{{job_name=\"etl\"}} {started}\n\
         # HELP rows Rows.\n\
         # TYPE rows gauge\n\
         rows{{job_name=\"etl\"}} 42\n"
    );
    let exact = |page: &str| {
        let samples = page.lines().filter(|line| !line.contains("_seconds{"));
        samples.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(exact(&page), exact(&expected));
    crate::support::needs("promtool");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    // It goes on.
    within(LONG, "the time stands still", || {
        let page = scraped.page();
        sample(&page, "batch_job_running_seconds{job_name=\"etl\"}") > running
    });
    // What is wrong with the lines of the job is said at the end, as it is by a gateway.
    scraped.run.signal("TERM");
    let finished = scraped.run.wait();
    finished.exits(0);
    assert!(finished.stderr.contains("line 4, column 1: "), "{finished}");
    assert!(finished.stderr.contains("line 5, column 4: "), "{finished}");
}

#[test]
fn metrics_of_the_job_take_nothing_of_the_run_along() {
    // A label that the format uses itself, in what the job leaves.
    for (label, text) in [
        (
            "quantile=x",
            "# TYPE s summary\\ns_sum 1\\ns_count 1\\nrows 1\\n",
        ),
        (
            "zone=x",
            "rows{zone=\"y\"} 1\\nbatch_job_running_seconds 99\\nrows 1\\n",
        ),
    ] {
        let scraped = Scraped::start(listening().args(["--label", label]), &appending(text));
        let page = scraped.page();
        let (name, value) = label.split_once('=').unwrap();
        let ours = if name < "job_name" {
            format!("{{{name}=\"{value}\",job_name=\"etl\"}}")
        } else {
            format!("{{job_name=\"etl\",{name}=\"{value}\"}}")
        };
        assert!(sample(&page, &format!("batch_job_running_seconds{ours}")) < 60.0);
        assert_eq!(sample(&page, &format!("rows{ours}")), 1.0);
        assert!(!page.contains("s_sum"), "{page}");
    }
}

#[test]
fn it_is_there_before_the_job_and_gone_before_its_end_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("place");
    let gateway = FakeGateway::answering([ok()]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let finished = pushjob(["run", "--job", "etl", "--gateway"])
        .arg(gateway.url())
        .env("PUSHJOB_LISTEN", address.to_string())
        .script(format!(
            "curl -sS http://{address}/metrics >{} && exit 3",
            place.display()
        ))
        .run();
    finished.exits(3).says("");
    let page = fs::read_to_string(place).unwrap();
    assert!(sample(&page, "batch_job_running_seconds{job_name=\"etl\"}") < 60.0);
    // The same start, on the page and at the gateway.
    let start = sample(&page, "batch_job_start_timestamp_seconds{job_name=\"etl\"}");
    let pushed = &gateway.requests()[0].body;
    assert_eq!(sample(pushed, "batch_job_start_timestamp_seconds"), start);
    assert!(!pushed.contains("running_seconds"), "{pushed}");
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn it_answers_a_job_that_has_just_been_started() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' >&3; \
         while read -r line; do case $line in batch_job_running_seconds*) echo \"$line\"; exit;; esac; done <&3"
    );
    // A job takes some milliseconds to ask, more where the machine is busy, but not every time.
    within(LONG, "it answers late", || {
        let finished = pushjob(["run", "--job", "etl", "--listen"])
            .arg(format!("127.0.0.1:{port}"))
            .job(["bash", "-c", &script])
            .run();
        finished.exits(0).says("");
        let page = String::from_utf8(finished.stdout.clone()).unwrap();
        sample(&page, "batch_job_running_seconds{job_name=\"etl\"}") < 0.05
    });
}

#[test]
fn it_is_gone_while_the_end_is_delivered() {
    let gateway = FakeGateway::answering([Answer::Silence]);
    let mut scraped = Scraped::start(
        listening().args(["--start-after", "never", "--gateway", &gateway.url()]),
        "",
    );
    scraped.page();
    scraped.run.signal("TERM");
    within(LONG, "nothing is delivered", || {
        gateway.requests().len() == 1
    });
    let refused = TcpStream::connect(scraped.address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    scraped.run.kill();
}

#[test]
fn with_a_gateway_or_a_textfile_the_end_goes_there_and_without_them_nowhere() {
    let gateway = Pushgateway::start();
    let run = || pushjob(["run", "--job", "etl", "--listen", "127.0.0.1:0"]);
    run()
        .args(["--gateway", gateway.address()])
        .job(["sh", "-c", "exit 4"])
        .run()
        .exits(4)
        .says("");
    assert_eq!(gateway.reported("etl", "exit_code"), "4");
    let folder = tempfile::tempdir().unwrap();
    run()
        .arg("--textfile")
        .arg(folder.path())
        .job(["sh", "-c", "exit 4"])
        .run()
        .exits(4)
        .says("");
    let text = fs::read_to_string(folder.path().join("etl.prom")).unwrap();
    assert_eq!(sample(&text, "batch_job_exit_code{job_name=\"etl\"}"), 4.0);
    run().job(["sh", "-c", "exit 4"]).run().exits(4).says("");
    run().job(["true"]).run().exits(0).says("");
    run().arg("--strict").job(["true"]).run().exits(0).says("");
    run()
        .arg("--strict")
        .script(appending("bad\\n"))
        .run()
        .exits(123)
        .says_one_line_with("line 1, column 4: ");
    run()
        .job(["/nonexistent"])
        .run()
        .exits(127)
        .says_one_line_with("cannot run");
}

#[test]
fn an_address_that_is_none_is_a_mistake_in_a_flag_and_trouble_in_a_variable() {
    let wrong = "\"localhost:9750\" is not an address to listen on, such as 127.0.0.1:9750, [::1]:9750 or :9750";
    pushjob([
        "run",
        "--job",
        "etl",
        "--listen",
        "localhost:9750",
        "--",
        "false",
    ])
    .run()
    .exits(125)
    .says(&format!("pushjob: --listen: {wrong}\n"));
    pushjob([
        "run",
        "--job",
        "etl",
        "--dry-run",
        "--listen",
        "localhost:9750",
        "--",
        "false",
    ])
    .run()
    .exits(125);
    let run = |args: &[&str]| {
        pushjob(["run", "--job", "etl"])
            .args(args)
            .env("PUSHJOB_LISTEN", "localhost:9750")
            .job(["sh", "-c", "exit 4"])
            .run()
    };
    run(&[]).exits(4).says(&format!(
        "pushjob: etl: PUSHJOB_LISTEN: {wrong}; nothing is served\n"
    ));
    run(&["--strict"]).exits(125).says(&format!(
        "pushjob: etl: PUSHJOB_LISTEN: {wrong}; nothing was run, as --strict asks\n"
    ));
    // The flag wins.
    run(&["--listen", "127.0.0.1:0"]).exits(4).says("");
}

#[test]
fn an_address_that_is_taken_is_trouble_and_the_job_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let wrong =
        format!("--listen: cannot listen on {address}: Address already in use (os error 98)");
    let run = |args: &[&str]| {
        pushjob(["run", "--job", "etl", "--listen", &address])
            .args(args)
            .job(["sh", "-c", "exit 4"])
            .run()
    };
    run(&[])
        .exits(4)
        .says(&format!("pushjob: etl: {wrong}; nothing is served\n"));
    run(&["--strict"]).exits(125).says(&format!(
        "pushjob: etl: {wrong}; nothing was run, as --strict asks\n"
    ));
    // Which does not listen.
    run(&["--dry-run"])
        .exits(4)
        .starts_by_saying("pushjob: etl: dry run, nothing was sent; Prometheus would scrape:\n");
}

#[test]
fn what_cannot_be_served_when_the_job_has_been_started_is_undelivered() {
    // Enough to listen, and not to serve: the same socket is held a second time for that.
    let limited = ["sh", "-c", "ulimit -n 5; exec \"$@\"", "sh"];
    let run = |args: &[&str]| {
        pushjob_by(limited, ["run", "--job", "etl", "--listen", "127.0.0.1:0"])
            .args(args)
            .job(["sleep", "0.5"])
            .run()
    };
    run(&[])
        .exits(0)
        .says_one_line_with("pushjob: etl: --listen: cannot start a thread to serve 127.0.0.1:");
    run(&["--strict"])
        .exits(123)
        .says_one_line_with("; nothing is served");
}

#[test]
fn more_series_than_are_read_while_a_job_runs_are_left_out_of_the_page() {
    let script = "i=0; while [ $i -le 50000 ]; do echo \"m{i=\\\"$i\\\"} 1\"; i=$((i+1)); done >> $PUSHJOB_METRICS_FILE";
    let scraped = Scraped::start(listening(), script);
    let page = scraped.page();
    assert!(page.contains("batch_job_running_seconds"), "{page}");
    assert!(!page.contains("m{"), "{}", page.len());
}

#[test]
fn the_job_has_the_same_descriptors_signals_and_output() {
    let state = "for fd in /proc/self/fd/*; do [ -e \"$fd\" ] && echo \"${fd##*/}\"; done; \
                 exec grep -E '^Sig(Blk|Ign|Cgt):' /proc/self/status";
    let run = |args: &[&str]| {
        let run = pushjob_by(
            ["sh", "-c", "trap '' USR1; exec \"$@\"", "sh"],
            ["run", "-q"],
        );
        let finished = run.args(["--job", "etl"]).args(args).script(state).run();
        finished.exits(0);
        String::from_utf8(finished.stdout).unwrap()
    };
    let plain = run(&[]);
    assert_eq!(run(&["--listen", "127.0.0.1:0"]), plain);
    assert!(plain.contains("SigBlk:\t0000000000000000\n"), "{plain}");
}

#[test]
fn signals_reach_the_job_while_it_is_scraped() {
    let mut run = pushjob(["run", "-v", "--job", "etl", "--listen", "127.0.0.1:0"])
        .listener()
        .start();
    let message = run.next_message();
    let address = message.split('/').nth(2).unwrap().parse().unwrap();
    run.listener_is_ready();
    assert_eq!(get(address, "/metrics", "").status, "200 OK");
    let _idle: Vec<TcpStream> = (0..5).map(|_| connect(address)).collect();
    for (name, number) in [("USR1", "10"), ("HUP", "1"), ("USR2", "12")] {
        run.signal(name);
        assert_eq!(run.next_line().split(' ').next(), Some(number));
    }
    run.signal("KILL");
}

/// How much the system keeps, of the connections to a port of this machine, of what has been sent there, in bytes.
fn unsent(port: u16) -> u64 {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let lines = table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (queue, _) = fields[4].split_once(':').unwrap();
        (
            fields[1].to_owned(),
            u64::from_str_radix(queue, 16).unwrap(),
        )
    });
    let ours = lines.filter(|(address, _)| address.ends_with(&format!(":{port:04X}")));
    ours.map(|(_, queue)| queue).sum()
}

#[test]
fn clients_that_do_not_read_hold_no_memory_and_no_threads() {
    // Some 8 MB, of which each client gets a part.
    let script = "perl -e 'open F, \">>\", $ENV{PUSHJOB_METRICS_FILE}; \
                  print F \"m{n=\\\"$_\", \"x\" x 1000, \"\\\"} 1\\n\" for 1..8000; close F'";
    let scraped = Scraped::start(listening(), script);
    let length = scraped.page().len() as u64;
    assert!(length > 8_000_000, "{length}");
    // Its beginning says when it was made; the whole is 8 MB.
    let made = || {
        let mut stream = connect(scraped.address);
        let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut begin = vec![0; 2048];
        stream.read_exact(&mut begin).unwrap();
        let begin = String::from_utf8_lossy(&begin);
        sample(&begin, "batch_job_running_seconds{job_name=\"etl\"}")
    };
    let next_page = || {
        let known = made();
        within(LONG, "there is no other page", || made() > known);
    };
    let deaf_client = || {
        let mut stream = connect(scraped.address);
        // So that the other side has to keep what is not read.
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 4096).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        stream
    };
    // One page is kept while the next is made.
    let mut deaf = vec![deaf_client()];
    next_page();
    let before = scraped.run.status_kb("VmHWM:");
    for _ in 0..3 {
        deaf.push(deaf_client());
        next_page();
    }
    let after = scraped.run.status_kb("VmHWM:");
    assert!(
        after < before + length / 1024,
        "{before} kB became {after} kB, a page has {length} bytes"
    );
    deaf.extend((0..100).map(|_| deaf_client()));
    let most = 1 + 2 + pushjob::sink::scrape::CONNECTIONS as u64;
    within(LONG, "there are too many threads", || {
        scraped.run.status_kb("Threads:") <= most
    });
    // The system keeps a little of what nobody takes, and nothing of those who have given way.
    let kept = || unsent(scraped.address.port());
    within(LONG, "the system keeps what nobody takes", || {
        kept() <= pushjob::sink::scrape::CONNECTIONS as u64 * (256 << 10)
    });
    drop(deaf);
    within(LONG, "connections are left", || {
        scraped.run.status_kb("Threads:") == 3
    });
}

#[test]
fn without_descriptors_it_waits_for_some() {
    // Enough to start, and for some connections.
    let limited = ["sh", "-c", "ulimit -n 10; exec \"$@\"", "sh"];
    let run = pushjob_by(
        limited,
        ["run", "-v", "--job", "etl", "--listen", "127.0.0.1:0"],
    );
    let scraped = Scraped::start(run, "");
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", scraped.run.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split(' ').collect();
        let number = |at: usize| fields[at].parse::<u64>().unwrap();
        number(12) + number(13)
    };
    let files = || {
        let folder = format!("/proc/{}/fd", scraped.run.pid());
        fs::read_dir(folder).unwrap().count()
    };
    let before = ticks();
    let idle: Vec<TcpStream> = (0..20).map(|_| connect(scraped.address)).collect();
    // One comes free whenever one is wanted.
    within(LONG, "there are still descriptors", || files() >= 9);
    // Those who say nothing give way here, too, which takes a while for each, but no work.
    scraped.page();
    assert!(ticks() - before < 20, "it spins");
    drop(idle);
}
