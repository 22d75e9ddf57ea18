//! The endpoint of the library, scraped by a real Prometheus and by clients that mean no good.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use pushjob::exposition::{MetricFamily, MetricName};
use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::sink::scrape::{
    CLOSE_LIMIT, CONNECTION_LIMIT, CONNECTIONS, HEAD_LIMIT, ListenAddress, PAGE_LIFE, PAGE_REST,
    ScrapeEndpoint, ScrapeError, Serving,
};

use crate::support::{Answered, Prometheus, ask, connect, get, within};

/// What the registry of most tests has on its page.
const PAGE: &str = "# HELP rows Rows.\n# TYPE rows gauge\nrows 42\n";

const LONG: Duration = Duration::from_secs(60);

fn registry() -> Registry {
    let registry = Registry::new();
    registry.gauge("rows", "Rows.").unwrap().set(42.0);
    registry
}

fn serve(registry: Registry) -> Serving {
    let endpoint = ScrapeEndpoint::bind("127.0.0.1:0").unwrap();
    endpoint.serve(registry).unwrap()
}

fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// Whether the other side has ended a connection, which is waited for.
fn is_cut_off(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// A registry with a page of some megabytes, which no socket takes in whole.
fn long_registry() -> Registry {
    let registry = Registry::new();
    let gauges = registry.gauge_vec("g", "", &["n"]).unwrap();
    let filler = "x".repeat(1000);
    for number in 0..16_000 {
        let label = format!("{number}{filler}");
        gauges.with_label_values(&[&label]).unwrap().set(1.0);
    }
    registry
}

#[test]
fn prometheus_scrapes_a_registry_with_the_labels_of_its_group() {
    let registry = registry();
    let times = registry.summary("request_seconds", "Time.").unwrap();
    times.observe(0.5);
    let key = GroupingKey::new("etl").unwrap();
    let key = key.with_label("zone", "eu").unwrap();
    let endpoint = ScrapeEndpoint::bind("127.0.0.1:0").unwrap().labels(key);
    let serving = endpoint.serve(registry.clone()).unwrap();
    let address = serving.local_addr().to_string();
    let prometheus = Prometheus::scraping(&address);
    let (labels, value) = prometheus.waits_for("rows == 42");
    assert_eq!(
        (labels, value.as_str()),
        (
            serde_json::json!({
                "__name__": "rows",
                "instance": address,
                "job": "batch",
                "job_name": "etl",
                "zone": "eu",
            }),
            "42"
        )
    );
    let (labels, _) = prometheus.waits_for("request_seconds_sum == 0.5");
    assert_eq!(labels["job_name"], "etl");
    registry.gauge("later", "").unwrap().set(7.0);
    prometheus.waits_for("later == 7");
    prometheus.waits_for("up == 1");
    serving.close();
    prometheus.waits_for("up == 0");
}

#[test]
fn each_request_gets_the_answer_that_it_should() {
    let serving = serve(registry());
    let address = serving.local_addr();
    let text = "text/plain; version=0.0.4; charset=utf-8";
    let page = get(address, "/metrics", "");
    assert_eq!(page.status, "200 OK");
    assert_eq!(page.text(), PAGE);
    for (name, value) in [
        ("content-type", text),
        ("content-length", "44"),
        ("vary", "Accept, Accept-Encoding"),
        ("connection", "close"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert_eq!(page.header("content-encoding"), None);
    assert!(page.header("date").unwrap().ends_with(" GMT"));

    let head = ask(address, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(head.text(), "");
    assert_eq!(head.header("content-length"), Some("44"));

    let zipped = get(address, "/metrics", "Accept-Encoding: gzip\r\n");
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    let mut unzipped = String::new();
    let mut decoder = GzDecoder::new(&zipped.body[..]);
    decoder.read_to_string(&mut unzipped).unwrap();
    assert_eq!(unzipped, PAGE);
    let length = zipped.body.len().to_string();
    assert_eq!(zipped.header("content-length"), Some(&length[..]));

    for (request, status, body) in [
        (
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "200 OK",
            "the metrics are at /metrics\n",
        ),
        ("GET /metrics HTTP/1.0\r\n\r\n", "200 OK", PAGE),
        (
            "GET http://x/metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
            "200 OK",
            PAGE,
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n",
            "200 OK",
            PAGE,
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n",
            "406 Not Acceptable",
            "only text/plain is served\n",
        ),
        (
            "GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n",
            "404 Not Found",
            "only /metrics is served\n",
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "200 OK",
            PAGE,
        ),
        (
            "\x16\x03\x01 hello",
            "400 Bad Request",
            "this is not a valid HTTP request\n",
        ),
        (
            "GET /metrics HTTP/1.1\r\n\r\n",
            "400 Bad Request",
            "this is not a valid HTTP request\n",
        ),
    ] {
        let answered = ask(address, request);
        assert_eq!(answered.status, status, "{request}");
        assert_eq!(answered.text(), body, "{request}");
    }
    let refused = ask(address, "PUT / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(2 * HEAD_LIMIT));
    let status = ask(address, &long).status;
    assert_eq!(status, "431 Request Header Fields Too Large");
}

#[test]
fn who_goes_on_sending_when_it_has_been_answered_is_not_reset() {
    let serving = serve(registry());
    let mut stream = connect(serving.local_addr());
    stream
        .write_all(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
        .unwrap();
    let answered = Answered::read(&mut stream);
    assert_eq!(answered.status, "405 Method Not Allowed");
    assert_eq!(answered.text(), "only GET and HEAD are allowed\n");
    for _ in 0..9 {
        stream.write_all(&[b'a'; 1000]).unwrap();
    }
}

#[test]
fn a_request_may_come_byte_by_byte_and_its_sender_end_after_it() {
    let serving = serve(registry());
    let mut slow = connect(serving.local_addr());
    slow.set_nodelay(true).unwrap();
    for byte in b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" {
        slow.write_all(&[*byte]).unwrap();
    }
    assert_eq!(Answered::read(&mut slow).text(), PAGE);
    let mut half = connect(serving.local_addr());
    half.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Answered::read(&mut half).text(), PAGE);
    let mut nothing = connect(serving.local_addr());
    nothing.shutdown(Shutdown::Write).unwrap();
    assert!(is_cut_off(&mut nothing));
}

/// A registry with a collector that counts how often it is asked.
fn counting(asked: &Arc<AtomicUsize>) -> Registry {
    let registry = Registry::new();
    let counter = Arc::clone(asked);
    let collector = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(vec![MetricFamily::gauge(
            MetricName::new("a").unwrap(),
            1.0,
        )])
    };
    registry.register(collector).unwrap();
    asked.store(0, Ordering::Relaxed);
    registry
}

#[test]
fn metrics_are_gathered_once_a_second_however_many_ask() {
    let asked = Arc::new(AtomicUsize::new(0));
    let serving = serve(counting(&asked));
    let address = serving.local_addr();
    let begin = Instant::now();
    for _ in 0..100 {
        for headers in ["", "Accept-Encoding: gzip\r\n"] {
            assert_eq!(get(address, "/metrics", headers).status, "200 OK");
        }
    }
    let lives = begin.elapsed().as_millis() / PAGE_LIFE.as_millis();
    let gathered = asked.load(Ordering::Relaxed);
    assert!(
        gathered >= 1 && gathered as u128 <= lives + 1,
        "{gathered} times in {lives} lives"
    );
    // And for who comes later, again.
    within(LONG, "it is not gathered again", || {
        get(address, "/metrics", "");
        asked.load(Ordering::Relaxed) > gathered
    });
}

#[test]
fn metrics_that_take_long_are_gathered_more_seldom() {
    let effort = PAGE_LIFE / 2;
    let ends = Arc::new(Mutex::new(Vec::new()));
    let registry = Registry::new();
    let collector = Arc::clone(&ends);
    registry
        .register(move || {
            // As if it were work.
            std::thread::sleep(effort);
            collector.lock().unwrap().push(Instant::now());
            let name = MetricName::new("a").unwrap();
            Ok(vec![MetricFamily::gauge(name, 1.0)])
        })
        .unwrap();
    ends.lock().unwrap().clear();
    let serving = serve(registry);
    within(LONG, "it is not gathered again", || {
        assert_eq!(get(serving.local_addr(), "/metrics", "").status, "200 OK");
        ends.lock().unwrap().len() == 2
    });
    let ends = ends.lock().unwrap();
    let between = ends[1] - ends[0];
    assert!(between >= effort * (PAGE_REST + 1), "{between:?}");
}

#[test]
fn what_cannot_be_gathered_is_an_answer_and_ends_nothing() {
    let registry = registry();
    let how = Arc::new(Mutex::new("well"));
    let collector = Arc::clone(&how);
    let collector = move || match *collector.lock().unwrap() {
        "badly" => Err(std::io::Error::other("the disk\nis gone").into()),
        _ => Ok(vec![MetricFamily::gauge(
            MetricName::new("b").unwrap(),
            1.0,
        )]),
    };
    registry.register(collector).unwrap();
    let serving = serve(registry);
    let waits_for = |goes: &'static str, status: &str, text: &str| {
        *how.lock().unwrap() = goes;
        within(LONG, goes, || {
            let answered = get(serving.local_addr(), "/metrics", "");
            answered.status == status && answered.text().contains(text)
        });
    };
    waits_for("well", "200 OK", "b 1\n");
    let failed = "500 Internal Server Error";
    waits_for(
        "badly",
        failed,
        "cannot gather the metrics: the collector of b failed: the disk is gone\n",
    );
    waits_for("well", "200 OK", "b 1\n");
}

#[test]
fn a_collector_that_panics_is_an_answer_and_ends_nothing() {
    let asked = Arc::new(AtomicUsize::new(0));
    let registry = registry();
    let counter = Arc::clone(&asked);
    registry
        .register(move || {
            // The second time, which is the first for a client.
            assert_ne!(counter.fetch_add(1, Ordering::Relaxed), 1, "in a collector");
            Ok(vec![MetricFamily::gauge(
                MetricName::new("b").unwrap(),
                1.0,
            )])
        })
        .unwrap();
    let serving = serve(registry);
    let answered = get(serving.local_addr(), "/metrics", "");
    assert_eq!(answered.status, "500 Internal Server Error");
    assert_eq!(
        answered.text(),
        "cannot gather the metrics: a collector panicked\n"
    );
    within(LONG, "it does not go on", || {
        get(serving.local_addr(), "/metrics", "").status == "200 OK"
    });
}

#[test]
fn clients_that_say_nothing_keep_nobody_out() {
    let serving = serve(registry());
    let address = serving.local_addr();
    let mut idle: Vec<TcpStream> = (0..100).map(|_| connect(address)).collect();
    let begin = Instant::now();
    assert_eq!(get(address, "/metrics", "").text(), PAGE);
    assert!(begin.elapsed() < CONNECTION_LIMIT / 2);
    // The oldest have been cut off, and the youngest have not.
    let last = idle.split_off(100 - (CONNECTIONS - 1));
    for stream in &mut idle {
        assert!(is_cut_off(stream));
    }
    for stream in last {
        stream.set_nonblocking(true).unwrap();
        let error = (&stream).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn clients_that_do_not_read_keep_nobody_out() {
    let registry = long_registry();
    registry.gauge("rows", "Rows.").unwrap().set(42.0);
    let serving = serve(registry);
    let address = serving.local_addr();
    let deaf: Vec<TcpStream> = (0..3 * CONNECTIONS)
        .map(|_| {
            let mut stream = connect(address);
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    let page = get(address, "/metrics", "");
    assert!(page.text().contains("rows 42\n"));
    assert!(page.body.len() > 16_000_000, "{}", page.body.len());
    assert!(begin.elapsed() < CONNECTION_LIMIT / 2);
    drop(deaf);
}

#[test]
fn a_connection_has_ten_seconds_whatever_it_does_with_them() {
    let serving = serve(long_registry());
    let address = serving.local_addr();
    let lasts = |begin: Instant| {
        let lasted = begin.elapsed();
        let limit = CONNECTION_LIMIT.as_secs_f64();
        let fits = (limit - 0.5..limit + 3.0).contains(&lasted.as_secs_f64());
        assert!(fits, "{lasted:?}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begin = Instant::now();
            assert!(is_cut_off(&mut connect(address)));
            lasts(begin);
        });
        scope.spawn(|| {
            let begin = Instant::now();
            let mut stream = connect(address);
            let pace = Duration::from_millis(50);
            stream.set_read_timeout(Some(pace)).unwrap();
            // A line that goes on.
            stream.write_all(b"GET /").unwrap();
            while stream.write_all(b"a").is_ok() {
                match stream.read(&mut [0]) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => break,
                }
            }
            lasts(begin);
        });
        scope.spawn(|| {
            let begin = Instant::now();
            let mut stream = connect(address);
            let pace = Duration::from_millis(50);
            stream
                .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            // One that takes little at a time. What the system holds for it comes after the end, too.
            let mut buffer = [0; 1024];
            let mut taken = 0;
            while begin.elapsed() < CONNECTION_LIMIT {
                taken += stream.read(&mut buffer).unwrap();
                std::thread::sleep(pace);
            }
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            assert!(taken + rest.len() < 16_000_000, "{}", rest.len());
            lasts(begin);
        });
    });
}

#[test]
fn nothing_is_left_when_it_is_closed() {
    let held = Arc::new(());
    let registry = registry();
    let collector = Arc::clone(&held);
    registry
        .register(move || {
            let _ = &collector;
            Ok(vec![MetricFamily::gauge(
                MetricName::new("b").unwrap(),
                1.0,
            )])
        })
        .unwrap();
    let serving = serve(registry);
    let address = serving.local_addr();
    let mut idle = connect(address);
    // When this has been answered, nobody waits to be let in.
    assert_eq!(get(address, "/metrics", "").status, "200 OK");
    let begin = Instant::now();
    serving.close();
    assert!(begin.elapsed() < CLOSE_LIMIT / 2);
    assert!(is_refused(address));
    assert!(is_cut_off(&mut idle));
    assert_eq!(Arc::strong_count(&held), 1);
    // The port is free for the next.
    let again = ScrapeEndpoint::bind(&address.to_string()).unwrap();
    drop(again.serve(Registry::new()).unwrap());
    assert!(is_refused(address));
}

#[test]
fn a_collector_that_hangs_holds_up_neither_clients_nor_the_end() {
    let registry = Registry::new();
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let is_first = AtomicUsize::new(0);
    registry
        .register(move || {
            if is_first.fetch_add(1, Ordering::Relaxed) > 0 {
                let _ = receiver.lock().unwrap().recv();
            }
            Ok(vec![MetricFamily::gauge(
                MetricName::new("b").unwrap(),
                1.0,
            )])
        })
        .unwrap();
    let serving = serve(registry);
    let address = serving.local_addr();
    let answered = get(address, "/metrics", "");
    assert_eq!(answered.status, "503 Service Unavailable");
    assert_eq!(answered.text(), "the metrics were not gathered in time\n");
    // Others are answered meanwhile.
    assert_eq!(get(address, "/", "").status, "200 OK");
    let mut waiting = connect(address);
    waiting
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let begin = Instant::now();
    serving.close();
    let took = begin.elapsed();
    assert!(
        (CLOSE_LIMIT..2 * CLOSE_LIMIT).contains(&took),
        "it took {took:?}"
    );
    assert!(is_refused(address));
    assert!(is_cut_off(&mut waiting));
    drop(sender);
}

/// The threads of this process that were started by one of this name, itself counted: how many there are, and how often
/// the system has changed between them and others.
fn threads_of(name: &str) -> (usize, u64) {
    let folders = fs::read_dir("/proc/self/task").unwrap();
    // One may have ended meanwhile.
    let statuses = folders.filter_map(|folder| {
        let status = fs::read_to_string(folder.unwrap().path().join("status")).ok()?;
        let first = status.lines().next()?.strip_prefix("Name:")?.trim();
        (first == name).then_some(status)
    });
    statuses.fold((0, 0), |(threads, switches), status| {
        let lines = status
            .lines()
            .filter_map(|line| line.split_once("_switches:"));
        let more: u64 = lines
            .map(|(_, number)| number.trim().parse::<u64>().unwrap())
            .sum();
        (threads + 1, switches + more)
    })
}

/// Runs a test in a thread of this name, which those that it starts inherit.
fn in_thread(name: &str, test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn_scoped(scope, test).unwrap().join().unwrap();
    });
}

#[test]
fn clients_that_wait_for_a_page_do_not_keep_each_other_awake() {
    let name = "patient";
    in_thread(name, || {
        let registry = Registry::new();
        let (sender, receiver) = mpsc::channel::<()>();
        let receiver = Mutex::new(receiver);
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        registry
            .register(move || {
                if counter.fetch_add(1, Ordering::Relaxed) > 0 {
                    let _ = receiver.lock().unwrap().recv();
                }
                let name = MetricName::new("b").unwrap();
                Ok(vec![MetricFamily::gauge(name, 1.0)])
            })
            .unwrap();
        let serving = serve(registry);
        let mut clients: Vec<TcpStream> = (0..4).map(|_| connect(serving.local_addr())).collect();
        for (client, encoding) in clients.iter_mut().zip(["gzip", "identity"].iter().cycle()) {
            let request =
                format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encoding}\r\n\r\n");
            client.write_all(request.as_bytes()).unwrap();
        }
        // This one, the two of the endpoint, and one for each client.
        within(LONG, "they are not all there", || {
            asked.load(Ordering::Relaxed) == 2 && threads_of(name).0 == 3 + clients.len()
        });
        let (_, before) = threads_of(name);
        // For so long nothing happens, which nobody can tell of.
        std::thread::sleep(Duration::from_millis(200));
        let (_, after) = threads_of(name);
        assert!(after - before < 100, "{} times", after - before);
        drop(sender);
        for client in &mut clients {
            assert_eq!(Answered::read(client).status, "200 OK");
        }
    });
}

#[test]
fn what_is_to_be_done_when_nobody_comes_is_done_and_may_panic() {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let idle = move || {
        let _ = sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(());
        panic!("when idle");
    };
    let endpoint = ScrapeEndpoint::bind("127.0.0.1:0").unwrap().when_idle(idle);
    let serving = endpoint.serve(registry()).unwrap();
    for _ in 0..2 {
        for path in ["/metrics", "/"] {
            assert_eq!(get(serving.local_addr(), path, "").status, "200 OK");
        }
        receiver.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    serving.close();
    assert!(receiver.recv().is_err(), "there is nobody left to do it");
}

#[test]
fn who_came_early_and_asks_late_gets_no_old_page() {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let idle = move || sender.lock().unwrap().send(()).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let endpoint = ScrapeEndpoint::bind("127.0.0.1:0").unwrap().when_idle(idle);
    let serving = endpoint.serve(counting(&asked)).unwrap();
    let mut early = connect(serving.local_addr());
    assert_eq!(get(serving.local_addr(), "/metrics", "").status, "200 OK");
    // That is when the page has grown old.
    receiver.recv_timeout(LONG).unwrap();
    early
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(Answered::read(&mut early).status, "200 OK");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn an_address_is_an_ip_address_and_a_port_or_a_port_alone() {
    for address in ["127.0.0.1:0", "[::1]:0", ":0", "0.0.0.0:0"] {
        let serving = ScrapeEndpoint::bind(address).and_then(|endpoint| endpoint.serve(registry()));
        let port = serving.as_ref().unwrap().local_addr().port();
        let host = if address.starts_with("[::1]") {
            "[::1]"
        } else {
            "127.0.0.1"
        };
        let at = format!("{host}:{port}").parse().unwrap();
        assert_eq!(get(at, "/metrics", "").text(), PAGE, "{address}");
    }
    // All that there is to an address, with its interface.
    for text in ["127.0.0.1:1", "[::1]:1", ":1", "[fe80::1%2]:1"] {
        let address: ListenAddress = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
    }
    for address in [
        "",
        ":",
        "9750",
        ":+9750",
        ":65536",
        "localhost:9750",
        "127.0.0.1",
        "::1:9750",
        "http://127.0.0.1:9750",
        " 127.0.0.1:9750",
    ] {
        assert_eq!(
            ScrapeEndpoint::bind(address).unwrap_err().to_string(),
            format!(
                "{address:?} is not an address to listen on, such as 127.0.0.1:9750, [::1]:9750 or :9750"
            )
        );
    }
}

#[test]
fn an_address_that_cannot_be_had_is_named() {
    let first = ScrapeEndpoint::bind(":0").unwrap();
    let port = first.local_addr().port();
    for address in [format!("127.0.0.1:{port}"), format!(":{port}")] {
        let error = ScrapeEndpoint::bind(&address).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("in use"), "{source}");
    }
    // Not an address of this machine.
    let error = ScrapeEndpoint::bind("192.0.2.1:9750").unwrap_err();
    assert_eq!(error.to_string(), "cannot listen on 192.0.2.1:9750");
    let error = ScrapeError::Thread {
        address: "127.0.0.1:9750".parse().unwrap(),
        source: ErrorKind::WouldBlock.into(),
    };
    assert_eq!(
        error.to_string(),
        "cannot start a thread to serve 127.0.0.1:9750"
    );
}
