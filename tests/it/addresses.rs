//! Names of gateways with several addresses, or with none.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::support::{FakeGateway, Pushjob, is_root, ok, pushjob_by, script};

/// `pushjob push` where this is the file of hosts, and no name server is asked.
fn push_with_hosts(folder: &Path, hosts: &str, port: u16) -> Pushjob {
    let at = |name: &str| folder.join(name).display().to_string();
    std::fs::write(at("hosts"), hosts).unwrap();
    std::fs::write(at("nsswitch.conf"), "hosts: files\n").unwrap();
    // So that the addresses come in the order of the file, or nearly so.
    std::fs::write(at("host.conf"), "multi on\n").unwrap();
    script(
        &folder.join("inside"),
        &format!(
            "#!/bin/sh\nset -e\nmount --bind {} /etc/hosts\nmount --bind {} /etc/nsswitch.conf\n\
             mount --bind {} /etc/host.conf\nexec \"$@\"\n",
            at("hosts"),
            at("nsswitch.conf"),
            at("host.conf"),
        ),
    );
    let inside = at("inside");
    let user: &[&str] = if is_root() { &[] } else { &["--map-root-user"] };
    let caller = ["unshare", "--mount"];
    let caller = caller.into_iter().chain(user.iter().copied());
    let push = [
        "push",
        "--job",
        "j",
        "--gauge",
        "a=1",
        "--push-timeout",
        "5s",
        "-v",
    ];
    pushjob_by(caller.chain([inside.as_str()]), push)
        .arg("--gateway")
        .arg(format!("gateway.example:{port}"))
}

/// A listener that has no room for another connection, so that none is answered.
struct Silent {
    _listener: TcpListener,
    _connections: Vec<TcpStream>,
}

impl Silent {
    fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let mut connections = Vec::new();
        let short = Duration::from_millis(100);
        while let Ok(connection) = TcpStream::connect_timeout(&address, short) {
            connections.push(connection);
            assert!(connections.len() < 10_000);
        }
        Self {
            _listener: listener,
            _connections: connections,
        }
    }
}

#[test]
fn an_address_that_is_silent_costs_a_quarter_of_a_second() {
    let gateway = FakeGateway::at("127.0.0.2:0", [ok()]);
    let port: u16 = gateway.url().rsplit(':').next().unwrap().parse().unwrap();
    let _silent = Silent::at(([127, 0, 0, 1], port).into());
    let folder = tempfile::tempdir().unwrap();
    // The C library sorts the address that is most like our own to the front.
    let hosts = "127.0.0.1 gateway.example\n127.0.0.2 gateway.example\n";
    let finished = push_with_hosts(folder.path(), hosts, port).run();
    finished.exits(0).took_at_most(Duration::from_secs(2));
    assert_eq!(gateway.requests().len(), 1);
    assert!(finished.elapsed >= Duration::from_millis(250), "{finished}");
    assert!(finished.stderr.contains("try 1, "), "{finished}");
}

#[test]
fn a_name_without_an_address_may_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let finished = push_with_hosts(folder.path(), "", 9091).run();
    finished.exits(1).took_at_most(Duration::from_secs(7));
    // Also when the last attempt had too little time for a look-up.
    let reason = "cannot resolve gateway.example: failed to lookup address information: ";
    finished.says_one_line_with(reason);
    finished.says_one_line_with(" tries in ");
    assert!(
        finished.elapsed >= Duration::from_millis(4800),
        "{finished}"
    );
}
