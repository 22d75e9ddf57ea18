//! Addresses to listen on.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use super::error::ScrapeError;

/// An address to listen on: an IP address and a port, as in `127.0.0.1:9750` or `[::1]:9750`, or `:9750`
/// for all addresses of this machine (those of IPv6 alone where the system keeps the two apart,
/// `net.ipv6.bindv6only`). Port 0 lets the system choose one.
///
/// Host names are not accepted: a name server may take any time to answer.
///
/// ```
/// use pushjob::sink::scrape::ListenAddress;
///
/// let address: ListenAddress = ":9750".parse()?;
/// assert_eq!(address.to_string(), ":9750");
/// assert_eq!(
///     "localhost:9750".parse::<ListenAddress>().unwrap_err().to_string(),
///     "\"localhost:9750\" is not an address to listen on, such as 127.0.0.1:9750, [::1]:9750 or :9750"
/// );
/// # Ok::<(), pushjob::sink::scrape::ScrapeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(Interfaces);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interfaces {
    /// All addresses, with this port.
    All(u16),
    /// With the scope of a link-local address, which it needs.
    One(SocketAddr),
}

impl ListenAddress {
    pub(super) fn listen(self) -> io::Result<TcpListener> {
        match self.0 {
            Interfaces::One(address) => TcpListener::bind(address),
            // IPv6 accepts IPv4 too; without IPv6 the fallback is IPv4 alone.
            Interfaces::All(port) => {
                TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| {
                    match error.kind() {
                        ErrorKind::AddrInUse | ErrorKind::PermissionDenied => Err(error),
                        _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
                    }
                })
            }
        }
    }
}

impl FromStr for ListenAddress {
    type Err = ScrapeError;

    fn from_str(text: &str) -> Result<Self, ScrapeError> {
        let all = |text: &str| {
            let port = text.strip_prefix(':')?;
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|_| digits)?;
            Some(Interfaces::All(port))
        };
        let one = |text: &str| text.parse().ok().map(Interfaces::One);
        all(text)
            .or_else(|| one(text))
            .map(Self)
            .ok_or_else(|| ScrapeError::Address {
                address: text.to_owned(),
            })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Interfaces::All(port) => write!(f, ":{port}"),
            Interfaces::One(address) => address.fmt(f),
        }
    }
}
