//! Addresses of hosts, within the time that is left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::dial::interleave;
use super::error::TransportError;
use super::look_up::LookUp;

/// Maximum number of addresses that the library has room for.
const RESOLVED_LIMIT: usize = 16;

/// Finds addresses within the time that is left. Addresses in the URL itself and `localhost`, which
/// is always [loopback](https://www.rfc-editor.org/rfc/rfc6761#section-6.3), need no look-up and no
/// thread.
#[derive(Debug)]
pub(super) struct BoundedResolver {
    /// The host and port to connect to instead of those in the URL: a proxy.
    pub(super) instead: Option<(String, u16)>,
    pub(super) look_up: LookUp,
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
            None => self.look_up(host, port, timeout)?,
        };
        let mut resolved = self.empty();
        for address in interleave(addresses).into_iter().take(RESOLVED_LIMIT) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}

impl BoundedResolver {
    fn look_up(
        &self,
        host: &str,
        port: u16,
        timeout: NextTimeout,
    ) -> Result<Vec<SocketAddr>, Error> {
        let reason = match self.look_up.addresses(host, port, *timeout.after) {
            None => return Err(Error::Timeout(timeout.reason)),
            Some(Ok(addresses)) if addresses.is_empty() => format!("{host} has no address"),
            Some(Ok(addresses)) => return Ok(addresses),
            Some(Err(error)) => format!("cannot resolve {host}: {error}"),
        };
        Err(TransportError::Transient(reason).into())
    }
}

fn known_addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    Some(vec![literal.parse().ok()?])
}
