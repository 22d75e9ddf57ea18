use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use super::error::ScrapeError;

/// Where to listen: an IP address and a port, as in `127.0.0.1:9750` or `[::1]:9750`, or `:9750` for all addresses of this
/// machine. Port 0 lets the system choose one.
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
pub struct ListenAddress {
    /// None for all.
    host: Option<IpAddr>,
    port: u16,
}

impl ListenAddress {
    pub(super) fn listen(self) -> io::Result<TcpListener> {
        let at = |host| TcpListener::bind(SocketAddr::new(host, self.port));
        match self.host {
            Some(host) => at(host),
            // Which takes IPv4 too; where there is no IPv6, that alone.
            None => at(Ipv6Addr::UNSPECIFIED.into()).or_else(|error| match error.kind() {
                ErrorKind::AddrInUse | ErrorKind::PermissionDenied => Err(error),
                _ => at(Ipv4Addr::UNSPECIFIED.into()),
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
            Some(Self { host: None, port })
        };
        let one = |text: &str| {
            let address: SocketAddr = text.parse().ok()?;
            Some(Self {
                host: Some(address.ip()),
                port: address.port(),
            })
        };
        all(text)
            .or_else(|| one(text))
            .ok_or_else(|| ScrapeError::Address {
                address: text.to_owned(),
            })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Some(host) => SocketAddr::new(host, self.port).fmt(f),
            None => write!(f, ":{}", self.port),
        }
    }
}
