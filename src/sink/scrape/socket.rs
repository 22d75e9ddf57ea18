//! What the system keeps of a response that a client does not read, even after the connection is closed.

use std::net::TcpStream;

#[cfg(target_os = "linux")]
use rustix::net::sockopt::{set_socket_linger, set_socket_send_buffer_size, set_tcp_user_timeout};

#[cfg(target_os = "linux")]
use super::limits::{CONNECTION_LIMIT, SEND_BUFFER};

/// Limits how much is kept, and for how long. Otherwise the system keeps megabytes for minutes, also
/// when this process has ended. Systems other than Linux keep their own limits.
pub(super) fn limit_unread(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let limit = u32::try_from(CONNECTION_LIMIT.as_millis()).unwrap_or(u32::MAX);
        let _ = set_socket_send_buffer_size(stream, SEND_BUFFER);
        let _ = set_tcp_user_timeout(stream, limit);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// Makes closing the connection reset it, and drop what has not been read.
pub(super) fn close_with_reset(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = set_socket_linger(stream, Some(std::time::Duration::ZERO));
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
