//! TCP connections on which every wait has an end.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};

use super::deadline::{Deadline, is_timeout, time_left};
use super::dial::connect_first;
use super::error::TransportError;
use crate::push::proxy::ProxyServer;

/// The most that is read of a proxy's answer, in bytes.
const PROXY_RESPONSE_LIMIT: usize = 16 * 1024;

/// Connects to a gateway, or to the proxy before it.
#[derive(Debug)]
pub(super) struct TcpConnector {
    /// The proxy that has to make a tunnel, for TLS.
    pub(super) tunnel: Option<ProxyServer>,
    /// Number of requests that were not sent whole.
    pub(super) cut_off: Arc<AtomicUsize>,
}

impl Connector<()> for TcpConnector {
    type Out = TcpTransport;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<TcpTransport>, Error> {
        let timeout = time_left(details);
        let deadline = Deadline::new(timeout);
        let stream = match connect_first(&details.addrs, deadline.at) {
            Ok(stream) => Arc::new(stream),
            Err(error) if is_timeout(&error) => return Err(deadline.missed()),
            Err(error) => return Err(error.into()),
        };
        stream.set_nodelay(true)?;
        let handle: Weak<TcpStream> = Arc::downgrade(&stream);
        (details.register_shutdown)(handle as Weak<dyn ShutdownHandle>)?;
        let config = details.config;
        let mut transport = TcpTransport {
            stream,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            unsent: None,
            cut_off: Arc::clone(&self.cut_off),
        };
        if let Some(proxy) = &self.tunnel {
            let host = details.uri.host().unwrap_or_default();
            let port = details.uri.port_u16().unwrap_or(443);
            open_tunnel(&mut transport, proxy, &format!("{host}:{port}"), &deadline)?;
        }
        Ok(Some(transport))
    }
}

/// Asks a proxy for a tunnel. <https://www.rfc-editor.org/rfc/rfc9110#CONNECT>
fn open_tunnel(
    transport: &mut TcpTransport,
    proxy: &ProxyServer,
    target: &str,
    deadline: &Deadline,
) -> Result<(), Error> {
    let authorization = match &proxy.authorization {
        Some(login) => format!("Proxy-Authorization: {}\r\n", login.header),
        None => String::new(),
    };
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
    transport.write(request.as_bytes(), deadline)?;
    loop {
        let line = read_proxy_response(transport, deadline)?;
        let status: Option<u16> = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        let refusal = format!("the proxy refuses to connect to {target}: \"{line}\"");
        match status {
            // Not an answer yet.
            Some(100..200) => {}
            Some(200..300) => return Ok(()),
            Some(408 | 429 | 500..600) => return Err(TransportError::Transient(refusal).into()),
            Some(_) => return Err(TransportError::Permanent(refusal).into()),
            None => {
                return Err(
                    TransportError::Permanent(format!("not a proxy's answer: \"{line}\"")).into(),
                );
            }
        }
    }
}

/// Reads the head of an answer and returns its first line.
fn read_proxy_response(transport: &TcpTransport, deadline: &Deadline) -> Result<String, Error> {
    let mut head = Vec::new();
    let mut byte = [0];
    // Byte by byte: what follows the head is no longer the proxy's.
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if transport.read(&mut byte, deadline)? == 0 || head.len() == PROXY_RESPONSE_LIMIT {
            return Err(TransportError::Transient("the proxy gave no answer".to_owned()).into());
        }
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    Ok(head.lines().next().unwrap_or_default().to_owned())
}

/// A TCP connection.
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// Why the rest of a request could not be sent. A server that refuses a long body may answer
    /// and close before it has read it; that answer says more.
    unsent: Option<io::Error>,
    cut_off: Arc<AtomicUsize>,
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport").finish_non_exhaustive()
    }
}

impl TcpTransport {
    fn write(&self, bytes: &[u8], deadline: &Deadline) -> Result<(), Error> {
        write(&self.stream, bytes, deadline)
    }

    fn read(&self, into: &mut [u8], deadline: &Deadline) -> Result<usize, Error> {
        read(&self.stream, into, deadline)
    }
}

/// Writes all of it. Each system call has the time that is left, and not as long as the first had.
fn write(mut stream: &TcpStream, bytes: &[u8], deadline: &Deadline) -> Result<(), Error> {
    let mut rest = bytes;
    while !rest.is_empty() {
        stream.set_write_timeout(Some(deadline.left()?))?;
        match stream.write(rest) {
            Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(deadline.missed()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn read(mut stream: &TcpStream, into: &mut [u8], deadline: &Deadline) -> Result<usize, Error> {
    loop {
        stream.set_read_timeout(Some(deadline.left()?))?;
        match stream.read(into) {
            Ok(amount) => return Ok(amount),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(deadline.missed()),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.unsent.is_some() {
            return Ok(());
        }
        let output = &self.buffers.output()[..amount];
        match write(&self.stream, output, &Deadline::new(timeout)) {
            Err(Error::Io(error)) => {
                self.cut_off.fetch_add(1, Ordering::Relaxed);
                self.unsent = Some(error);
                Ok(())
            }
            other => other,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let input = self.buffers.input_append_buf();
        let result = read(&self.stream, input, &Deadline::new(timeout));
        match (result, self.unsent.take()) {
            (Ok(0) | Err(_), Some(unsent)) => Err(unsent.into()),
            (Ok(amount), unsent) => {
                self.unsent = unsent;
                self.buffers.input_appended(amount);
                Ok(amount > 0)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Nothing is to be read from a connection that nobody has asked anything.
    fn is_open(&mut self) -> bool {
        let quiet = || -> io::Result<bool> {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            Ok(peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock))
        };
        self.unsent.is_none() && quiet().unwrap_or(false)
    }
}
