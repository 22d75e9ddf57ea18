//! The limits of the endpoint: sizes, counts and times.

use std::time::Duration;

/// Maximum number of connections at once.
pub const CONNECTIONS: usize = 8;

/// Maximum time of a connection: to send the request, to wait for the page and to read it.
pub const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// Maximum size of the head of a request, in bytes.
pub const HEAD_LIMIT: usize = 8 << 10;

/// Time for which a page is served, from when its metrics were gathered; [longer](PAGE_REST) where
/// that took long.
pub const PAGE_LIFE: Duration = Duration::from_secs(1);

/// A page is served for this many times as long as gathering and compressing it took, so that
/// constant requests do not keep a processor busy that the job could use. But never for longer than
/// [`CONNECTION_LIMIT`].
pub const PAGE_REST: u32 = 4;

/// Maximum time that closing takes. It takes none unless a collector is at work just then.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Maximum number of header lines in a request.
pub(super) const HEADERS: usize = 64;

/// Part of the time of a connection that is reserved for saying that the page is late.
pub(super) const ERROR_RESPONSE_RESERVE: Duration = Duration::from_secs(1);

/// Maximum time and bytes to read from a client that goes on sending after its response. Closed at
/// once, the connection would be reset, and the response lost on the way.
pub(super) const DRAIN_TIME: Duration = Duration::from_secs(1);
pub(super) const DRAIN_BYTES: usize = 64 << 10;

/// Bytes of a response that the system keeps until the client reads them; Linux takes twice that for
/// its own use. A distant client gets as much in each round trip.
#[cfg(target_os = "linux")]
pub(super) const SEND_BUFFER: usize = 64 << 10;

/// Pause when the system gives no connection, for want of descriptors for example.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
