use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use super::error::ScrapeError;

/// Where to listen: an IP address and a port, as in `127.0.0.1:9750` or `[::1]:9750`, or `:9750` for all addresses of this
/// machine (those of IPv6 alone where the system keeps the two apart, `net.ipv6.bindv6only`). Port 0 lets the system choose one.
///
/// Names are not looked up: that may take as long as it likes.
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
pub struct ListenAddress(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// All addresses, with this port.
    All(u16),
    /// With the interface, which a link-local address is nothing without.
    One(SocketAddr),
}

impl ListenAddress {
    pub(super) fn listen(self) -> io::Result<TcpListener> {
        match self.0 {
            Place::One(address) => TcpListener::bind(address),
            // Which takes IPv4 too; where there is no IPv6, that alone.
            Place::All(port) => TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| {
                match error.kind() {
                    ErrorKind::AddrInUse | ErrorKind::PermissionDenied => Err(error),
                    _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
                }
            }),
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
            Some(Place::All(port))
        };
        let one = |text: &str| text.parse().ok().map(Place::One);
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
            Place::All(port) => write!(f, ":{port}"),
            Place::One(address) => address.fmt(f),
        }
    }
}
