//! What the HTTP library does not do on a connection: long and absolute request targets, and telling a connection that was
//! used before from a new one.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::Obstacle;

/// What stands in a request line for a target that is kept here.
const PLACEHOLDER: &str = "/.target-kept-by-pushjob/";

/// Request targets that the library cannot take: its type for them ends at 64 KiB and knows no absolute form. They are put
/// into the request line where it is sent.
#[derive(Debug, Default)]
pub(super) struct Targets {
    kept: Mutex<HashMap<u64, Arc<str>>>,
    count: AtomicU64,
}

impl Targets {
    /// Keeps a target until the ticket for it is dropped.
    pub(super) fn keep(&self, target: &str) -> Ticket<'_> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, target.into());
        Ticket {
            number,
            targets: self,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<str>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head of a request with the target that is kept for it in its place. None when it has one already.
    fn complete(&self, head: &[u8]) -> Option<Vec<u8>> {
        let line_length = head.iter().position(|&byte| byte == b'\r')?;
        let line = std::str::from_utf8(&head[..line_length]).ok()?;
        let (method, rest) = line.split_once(' ')?;
        let number = rest.strip_prefix(PLACEHOLDER)?.strip_suffix(" HTTP/1.1")?;
        let target = self.lock().get(&number.parse().ok()?).cloned()?;
        let mut whole = format!("{method} {target} HTTP/1.1").into_bytes();
        whole.extend(&head[line_length..]);
        Some(whole)
    }
}

/// The right to one of the targets.
pub(super) struct Ticket<'a> {
    number: u64,
    targets: &'a Targets,
}

impl Ticket<'_> {
    /// The path that stands for the target.
    pub(super) fn path(&self) -> String {
        format!("{PLACEHOLDER}{}", self.number)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.targets.lock().remove(&self.number);
    }
}

/// Makes a channel of a connection.
#[derive(Debug)]
pub(super) struct ChannelConnector(pub(super) Arc<Targets>);

impl<In: Transport> Connector<In> for ChannelConnector {
    type Out = Channel<In>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Channel {
            inner,
            targets: Arc::clone(&self.0),
            asked: false,
            answered: false,
        }))
    }
}

/// A connection for one request after the other.
#[derive(Debug)]
pub(super) struct Channel<In> {
    inner: In,
    targets: Arc<Targets>,
    /// Whether something has been sent since the last input.
    asked: bool,
    /// Whether there has been an answer before.
    answered: bool,
}

impl<In: Transport> Channel<In> {
    /// Sends bytes that may be more than a buffer holds.
    fn transmit(&mut self, bytes: &[u8], timeout: NextTimeout) -> Result<(), Error> {
        let begin = Instant::now();
        let mut rest = bytes;
        while !rest.is_empty() {
            let output = self.inner.buffers().output();
            let amount = output.len().min(rest.len());
            output[..amount].copy_from_slice(&rest[..amount]);
            let after = Duration::Exact(timeout.after.saturating_sub(begin.elapsed()));
            self.inner
                .transmit_output(amount, NextTimeout { after, ..timeout })?;
            rest = &rest[amount..];
        }
        Ok(())
    }

    /// A connection that was used before may have been closed while it was idle; that says nothing about the gateway.
    fn judge(&self, result: Result<bool, Error>) -> Result<bool, Error> {
        let closed = match &result {
            Ok(has_input) => !has_input,
            Err(Error::Io(error)) => matches!(
                error.kind(),
                ErrorKind::BrokenPipe
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::ConnectionReset
                    | ErrorKind::UnexpectedEof
            ),
            Err(_) => false,
        };
        if closed && self.asked && self.answered {
            return Err(Obstacle::Stale.into());
        }
        result
    }
}

impl<In: Transport> Transport for Channel<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let is_head = !self.asked;
        self.asked = true;
        let whole = if is_head {
            self.targets
                .complete(&self.inner.buffers().output()[..amount])
        } else {
            None
        };
        let result = match whole {
            Some(whole) => self.transmit(&whole, timeout),
            None => self.inner.transmit_output(amount, timeout),
        };
        self.judge(result.map(|()| true)).map(drop)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let result = self.inner.await_input(timeout);
        let result = self.judge(result);
        if let Ok(true) = result {
            self.asked = false;
            self.answered = true;
        }
        result
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
