//! What the system keeps for a connection, which goes on when it is closed: what has not been taken of an answer.

use std::net::TcpStream;

#[cfg(target_os = "linux")]
use rustix::net::sockopt::{set_socket_linger, set_socket_send_buffer_size, set_tcp_user_timeout};

#[cfg(target_os = "linux")]
use super::limits::{CONNECTION_LIMIT, SEND_BUFFER};

/// Bounds what is kept, and for how long. Without that the system keeps megabytes for minutes, also when this process has ended.
/// Where it cannot be said, on other systems than Linux, their own limits hold.
pub(super) fn bound(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let limit = u32::try_from(CONNECTION_LIMIT.as_millis()).unwrap_or(u32::MAX);
        let _ = set_socket_send_buffer_size(stream, SEND_BUFFER);
        let _ = set_tcp_user_timeout(stream, limit);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

/// Has nothing kept when it is closed.
pub(super) fn forsake(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = set_socket_linger(stream, Some(std::time::Duration::ZERO));
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
