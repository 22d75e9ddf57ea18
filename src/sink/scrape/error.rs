//! Why metrics cannot be served.

use std::io;
use std::net::SocketAddr;

/// A reason why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScrapeError {
    /// The text is not an address.
    #[error(
        "{address:?} is not an address to listen on, such as 127.0.0.1:9750, [::1]:9750 or :9750"
    )]
    Address {
        /// The text.
        address: String,
    },
    /// The address cannot be listened on: it is taken, or that of another machine.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: String,
        /// Why, in the words of the system.
        source: io::Error,
    },
    /// The system has no thread for it.
    #[error("cannot start a thread to serve {address}")]
    Thread {
        /// The address.
        address: SocketAddr,
        /// Why, in the words of the system.
        source: io::Error,
    },
}
