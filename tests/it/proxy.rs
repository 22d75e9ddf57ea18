//! A real proxy on the way: used, passed by and refusing as it was asked to.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::support::{Proxy as Relay, Pushgateway, pki, push_to, pushjob, run_to};

/// A tinyproxy, behind a relay that counts.
struct Tinyproxy {
    process: Child,
    relay: Relay,
    _folder: tempfile::TempDir,
}

impl Tinyproxy {
    fn with(config: &str) -> Self {
        // It takes no port of the system's choice; another program may be faster to take one that was free.
        (0..10)
            .find_map(|_| Self::try_with(config))
            .expect("tinyproxy does not start")
    }

    fn try_with(config: &str) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tinyproxy.conf");
        let common = format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\n");
        std::fs::write(&file, format!("{common}{config}")).unwrap();
        crate::support::needs("tinyproxy");
        let mut process = Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tinyproxy is missing: tests/run installs it");
        let mut log = BufReader::new(process.stdout.take().unwrap());
        let mut seen = String::new();
        while !seen.contains("Accepting connections") {
            if log.read_line(&mut seen).unwrap() == 0 {
                process.wait().unwrap();
                return None;
            }
        }
        thread::spawn(move || log.lines().for_each(drop));
        Some(Self {
            process,
            relay: Relay::to(&format!("127.0.0.1:{port}")),
            _folder: folder,
        })
    }

    fn url(&self) -> String {
        format!("http://{}", self.relay.address())
    }

    /// How many connections it was asked on.
    fn connections(&self) -> usize {
        self.relay.connections()
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_proxy_is_used_that_a_flag_or_the_environment_names() {
    let gateway = Pushgateway::start();
    // A gateway on this machine is reached through a proxy only where a flag says so; this name is none for that rule.
    let address = gateway.address().replace("127.0.0.1", "0.0.0.0");
    let proxy = Tinyproxy::with("");
    let url = proxy.url();
    for (index, (args, variable)) in [
        (&["--proxy", url.as_str()][..], None),
        (&[], Some("PUSHJOB_PROXY")),
        (&[], Some("http_proxy")),
        (&[], Some("HTTP_PROXY")),
        (&[], Some("all_proxy")),
    ]
    .into_iter()
    .enumerate()
    {
        let run = run_to(&address).args(args);
        let run = match variable {
            Some(name) => run.env(name, &url),
            None => run,
        };
        let value = format!("a/b {index}");
        run.args(["--label", &format!("l={value}")])
            .job(["true"])
            .run()
            .exits(0)
            .says("");
        assert_eq!(proxy.connections(), index + 1, "{variable:?}");
        let groups = gateway.groups();
        assert!(groups.iter().any(|group| group.labels["l"] == value));
    }
}

#[test]
fn a_proxy_is_passed_by_where_the_flag_or_the_environment_says_so() {
    let gateway = Pushgateway::start();
    let address = gateway.address().replace("127.0.0.1", "0.0.0.0");
    let proxy = Tinyproxy::with("");
    let url = proxy.url();
    for (address, args, no_proxy) in [
        (address.as_str(), &["--proxy", "none"][..], ""),
        (&address, &[], "0.0.0.0"),
        (&address, &[], "10.0.0.0/8, 0.0.0.0/8"),
        (gateway.address(), &[], ""),
    ] {
        run_to(address)
            .args(args)
            .env("http_proxy", &url)
            .env("no_proxy", no_proxy)
            .job(["true"])
            .run()
            .exits(0)
            .says("");
        assert_eq!(gateway.groups().len(), 1, "{args:?} {no_proxy}");
        pushjob(["delete", "--job", "j", "--gateway", gateway.address()])
            .run()
            .exits(0);
        gateway.waits_for_groups(0);
    }
    assert_eq!(proxy.connections(), 0);
    // The flag names a proxy for every host.
    run_to(&address)
        .args(["--proxy", &url])
        .env("no_proxy", "*")
        .job(["true"])
        .run()
        .exits(0);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let gateway = Pushgateway::start();
    let proxy = Tinyproxy::with("BasicAuth u s3cret\nConnectPort 443\n");
    let push = |gateway: &str, proxy: &str| {
        pushjob([
            "push",
            "--job",
            "j",
            "--gauge",
            "a=1",
            "--push-retries",
            "0",
        ])
        .args(["--gateway", gateway, "--proxy", proxy])
        .run()
    };
    let login = proxy.url().replace("//", "//u:s3cret@");
    push(gateway.address(), &login).exits(0).says("");
    push(gateway.address(), &proxy.url())
        .exits(1)
        .says_one_line_with(&format!(
            "/metrics/job/j through proxy {} answered 407: ",
            proxy.url()
        ));
    let secure = format!("https://{}", gateway.address());
    push(&secure, &proxy.url())
        .exits(1)
        .says_one_line_with(&format!(
            "the proxy refuses to connect to {}: \"HTTP/1.0 407 ",
            gateway.address()
        ));
    // Its list of ports for tunnels.
    push(&secure, &login)
        .exits(1)
        .says_one_line_with(": \"HTTP/1.1 403 ");
    push("127.0.0.1:1", &login)
        .exits(1)
        .says_one_line_with("http://127.0.0.1:1/metrics/job/j through proxy http://");
    push(gateway.address(), "http://127.0.0.1:1")
        .exits(1)
        .says_one_line_with(
            "/metrics/job/j through proxy http://127.0.0.1:1: Connection refused (os error 111)\n",
        );
}

#[test]
fn tls_goes_through_a_tunnel() {
    let folder = tempfile::tempdir().unwrap();
    let config = pki().web_config(folder.path(), "good", "");
    let gateway = Pushgateway::start_with(&[&config]);
    let proxy = Tinyproxy::with("BasicAuth u s3cret\n");
    for (variable, value) in [
        ("PUSHJOB_PROXY", proxy.url().replace("//", "//u:s3cret@")),
        ("https_proxy", proxy.url().replace("//", "//u:s3cret@")),
    ] {
        let before = proxy.connections();
        let port = gateway.address().rsplit_once(':').unwrap().1;
        // Not the name in the certificate where it is the environment's: that one is reached directly.
        let (host, verify) = match variable {
            "https_proxy" => ("0.0.0.0", "true"),
            _ => ("localhost", "false"),
        };
        run_to(format!("https://{host}:{port}"))
            .args(["--tls-ca-file", &pki().file("ca.pem")])
            .env("PUSHJOB_TLS_INSECURE_SKIP_VERIFY", verify)
            .env(variable, &value)
            .job(["true"])
            .run()
            .exits(0)
            .says("");
        assert_eq!(proxy.connections(), before + 1, "{variable}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_said_before_anything_is_sent() {
    let socks = "\"socks5://p:1080\" is not the URL of a proxy: only http:// proxies are supported";
    push_to("h")
        .args(["--proxy", "socks5://u:s3cret@p:1080"])
        .run()
        .exits(2)
        .says(&format!(
            "pushjob: --proxy: {}\n",
            socks.replace("//p", "//…@p")
        ));
    run_to("gateway.example")
        .env("all_proxy", "socks5://p:1080")
        .job(["echo", "ran"])
        .run()
        .exits(0)
        .prints("ran\n")
        .says(&format!(
            "pushjob: j: all_proxy: {socks}; the run is not recorded\n"
        ));
}
