//! Addresses of hosts, within the time that is left.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::error::TransportError;

/// Maximum number of addresses of a host that are tried: as many as the library has room for.
const MOST_ADDRESSES: usize = 16;

/// Finds addresses within the time that is left. Addresses in the URL itself and `localhost`, which
/// is always [loopback](https://www.rfc-editor.org/rfc/rfc6761#section-6.3), need no look-up and no
/// thread.
#[derive(Debug)]
pub(super) struct BoundedResolver {
    /// The host and port to connect to instead of those in the URL: a proxy.
    pub(super) instead: Option<(String, u16)>,
}

impl Resolver for BoundedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let default_port = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let (host, port) = match &self.instead {
            Some((host, port)) => (host.as_str(), *port),
            None => (
                uri.host().unwrap_or_default(),
                uri.port_u16().unwrap_or(default_port),
            ),
        };
        let addresses = match known_addresses(host) {
            Some(known) => known.into_iter().map(|ip| (ip, port).into()).collect(),
            None => look_up(host.to_owned(), port, timeout)?,
        };
        let mut resolved = self.empty();
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}

fn known_addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    Some(vec![literal.parse().ok()?])
}

/// Looks a host up in a thread of its own, because the system's look-up knows no time limit.
fn look_up(host: String, port: u16, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let name = host.clone();
    let (sender, receiver) = sync_channel(1);
    let threaded = thread::Builder::new().spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs();
        sender.send(addresses.map(Iterator::collect))
    });
    let result: io::Result<Vec<SocketAddr>> = match threaded {
        Ok(_) => match receiver.recv_timeout(*timeout.after) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => return Err(Error::Timeout(timeout.reason)),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::Other.into()),
        },
        Err(error) => Err(error),
    };
    let reason = match result {
        Ok(addresses) if addresses.is_empty() => format!("{name} has no address"),
        Ok(addresses) => return Ok(addresses),
        Err(error) => format!("cannot resolve {name}: {error}"),
    };
    Err(TransportError::Transient(reason).into())
}
