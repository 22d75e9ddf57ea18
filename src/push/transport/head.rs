//! Heads of requests that the HTTP library cannot send or must not log, and connections that turn
//! out to be stale.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::error::TransportError;

/// Start of the target that stands in for a stored one.
const PLACEHOLDER: &str = "/.kept-by-pushjob/";

/// Parts of requests that the library does not get to see, put into them where they are sent.
///
/// It cannot take every target: its type for them ends at 64 KiB and knows no absolute form. And it
/// logs what it sends, headers with secrets too, and has room for no more than a buffer of them.
#[derive(Default)]
pub(super) struct HeadStore {
    requests: Mutex<HashMap<u64, Arc<HeadParts>>>,
    count: AtomicU64,
}

/// Parts of the head of a request.
pub(super) struct HeadParts {
    pub(super) target: String,
    /// Lines, each with its end.
    pub(super) headers: String,
}

impl fmt::Debug for HeadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadStore").finish_non_exhaustive()
    }
}

impl HeadStore {
    /// Keeps parts until the slot for them is dropped.
    pub(super) fn insert(&self, parts: HeadParts) -> HeadSlot<'_> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, Arc::new(parts));
        HeadSlot {
            number,
            store: self,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<HeadParts>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head of a request with what is kept for it. None when it is whole already.
    fn complete(&self, head: &[u8]) -> Option<Vec<u8>> {
        let line_length = head.iter().position(|&byte| byte == b'\r')?;
        let line = std::str::from_utf8(&head[..line_length]).ok()?;
        let (method, rest) = line.split_once(' ')?;
        let number = rest.strip_prefix(PLACEHOLDER)?.strip_suffix(" HTTP/1.1")?;
        let parts = self.lock().get(&number.parse().ok()?).cloned()?;
        let HeadParts { target, headers } = &*parts;
        let mut whole = format!("{method} {target} HTTP/1.1\r\n{headers}").into_bytes();
        whole.extend(head[line_length..].strip_prefix(b"\r\n")?);
        Some(whole)
    }
}

/// The place of one request in the store; dropping it removes what is stored.
pub(super) struct HeadSlot<'a> {
    number: u64,
    store: &'a HeadStore,
}

impl HeadSlot<'_> {
    /// The path that stands for it.
    pub(super) fn path(&self) -> String {
        format!("{PLACEHOLDER}{}", self.number)
    }
}

impl Drop for HeadSlot<'_> {
    fn drop(&mut self) {
        self.store.lock().remove(&self.number);
    }
}

/// Puts a rewriter on a connection.
#[derive(Debug)]
pub(super) struct RewriterConnector(pub(super) Arc<HeadStore>);

impl<In: Transport> Connector<In> for RewriterConnector {
    type Out = HeadRewriter<In>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| HeadRewriter {
            inner,
            store: Arc::clone(&self.0),
            has_sent: false,
            has_received: false,
        }))
    }
}

/// A connection on which the heads of requests are completed.
#[derive(Debug)]
pub(super) struct HeadRewriter<In> {
    inner: In,
    store: Arc<HeadStore>,
    /// True when something has been sent since the last input.
    has_sent: bool,
    /// True when there has been a response before.
    has_received: bool,
}

impl<In: Transport> HeadRewriter<In> {
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

    /// A connection that was used before may have been closed while it was idle; that says nothing
    /// about the gateway.
    fn tell_stale(&self, result: Result<bool, Error>) -> Result<bool, Error> {
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
        if closed && self.has_sent && self.has_received {
            return Err(TransportError::Stale.into());
        }
        result
    }
}

impl<In: Transport> Transport for HeadRewriter<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let is_head = !self.has_sent;
        self.has_sent = true;
        let whole = if is_head {
            self.store
                .complete(&self.inner.buffers().output()[..amount])
        } else {
            None
        };
        let result = match whole {
            Some(whole) => self.transmit(&whole, timeout),
            None => self.inner.transmit_output(amount, timeout),
        };
        self.tell_stale(result.map(|()| true)).map(drop)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.inner.buffers().input_append_buf().is_empty() {
            let limit = self.inner.buffers().input().len();
            let reason = format!("the head of its answer is longer than {limit} bytes");
            return Err(TransportError::Permanent(reason).into());
        }
        let result = self.inner.await_input(timeout);
        let result = self.tell_stale(result);
        if let Ok(true) = result {
            self.has_sent = false;
            self.has_received = true;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_put_into_its_own_request_and_removed_with_the_slot() {
        let store = HeadStore::default();
        let parts = |target: &str| HeadParts {
            target: target.to_owned(),
            headers: "x: 1\r\n".to_owned(),
        };
        let (one, other) = (store.insert(parts("/one")), store.insert(parts("/other")));
        let head = |path: &str| format!("PUT {path} HTTP/1.1\r\nhost: h\r\n\r\nbody").into_bytes();
        let whole = |path: &str| {
            store
                .complete(&head(path))
                .map(|whole| String::from_utf8(whole).unwrap())
        };
        let expected = |path: &str| {
            Some(format!(
                "PUT {path} HTTP/1.1\r\nx: 1\r\nhost: h\r\n\r\nbody"
            ))
        };
        assert_eq!(whole(&one.path()), expected("/one"));
        assert_eq!(whole(&other.path()), expected("/other"));
        assert_eq!(whole("/metrics/job/j"), None);
        let path = one.path();
        drop(one);
        assert_eq!(whole(&path), None);
        drop(other);
        assert!(store.lock().is_empty());
    }
}
