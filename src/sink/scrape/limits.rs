use std::time::Duration;

/// How many connections there are at once.
pub const CONNECTIONS: usize = 8;

/// How long a connection may last in all: to send the request, to wait for the page and to take it.
pub const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// How long the head of a request may be, in bytes.
pub const HEAD_LIMIT: usize = 8 << 10;

/// How long a page is good for, from when its metrics were gathered; [longer](PAGE_REST) where that took long.
pub const PAGE_LIFE: Duration = Duration::from_secs(1);

/// A page is good for as many times as long as gathering and compressing it took, so that who asks all the time does not keep a
/// processor busy that the job could use. But never for longer than [`CONNECTION_LIMIT`].
pub const PAGE_REST: u32 = 4;

/// How long it may take to end the serving. It is over at once unless a collector is at work just then.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How many header lines a request may have.
pub(super) const HEADERS: usize = 64;

/// What is kept of the time of a connection to say that the page has not come.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long, and for how many bytes, a client is listened to that goes on sending when it has been answered. Closed at once, the
/// connection would be reset, and the answer lost on the way.
pub(super) const LINGER: Duration = Duration::from_secs(1);
pub(super) const LINGER_BYTES: usize = 64 << 10;

/// How much of an answer the system keeps until the client takes it, in bytes; Linux takes twice that for its own use. A client that is far
/// away gets as much in each round trip.
#[cfg(target_os = "linux")]
pub(super) const SEND_BUFFER: usize = 64 << 10;

/// How long is waited when the system gives no connection, for want of descriptors for example.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
