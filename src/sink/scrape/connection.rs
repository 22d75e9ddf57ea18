//! One connection: a request, its response, and the end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::limits::{
    CONNECTION_LIMIT, DRAIN_BYTES, DRAIN_TIME, ERROR_RESPONSE_RESERVE, HEAD_LIMIT,
};
use super::page_cache::PageCache;
use super::request::{ScrapeRequest, parse};
use super::response::{Refusal, ResponseKind, head};
use super::socket::{close_with_reset, limit_unread};

/// Body of the response to `/`.
const POINTER: &str = "the metrics are at /metrics\n";

/// A connection, which ends when its time is up or another thread cuts it off.
pub(super) struct Connection {
    stream: TcpStream,
    began: Instant,
    is_cut_off: AtomicBool,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            began: Instant::now(),
            is_cut_off: AtomicBool::new(false),
        }
    }

    /// The time that is left.
    fn left(&self) -> Duration {
        CONNECTION_LIMIT.saturating_sub(self.began.elapsed())
    }

    /// Ends reads and writes, also those of another thread.
    pub(super) fn cut_off(&self) {
        self.is_cut_off.store(true, Ordering::Relaxed);
        close_with_reset(&self.stream);
        // A connection that has ended by itself does not need it.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Time to wait for a page. None when there is none left, or the connection has been cut off.
    fn time_for_page(&self) -> Option<Duration> {
        let is_open = !self.is_cut_off.load(Ordering::Relaxed);
        let left = self.left().checked_sub(ERROR_RESPONSE_RESERVE);
        left.filter(|_| is_open)
    }

    /// Answers one request. Resets the connection of a client that sends none, or does not read the
    /// response.
    pub(super) fn serve(&self, pages: &PageCache) {
        if self.handle(pages).is_err() {
            close_with_reset(&self.stream);
        }
    }

    fn handle(&self, pages: &PageCache) -> io::Result<()> {
        limit_unread(&self.stream);
        // Head and body are written one after the other.
        self.stream.set_nodelay(true)?;
        let Some(request) = self.receive()? else {
            return Ok(());
        };
        self.respond(request, pages)?;
        self.stream.shutdown(Shutdown::Write)?;
        // The response is sent, and a failure after that is of no matter.
        let _ = self.drain_before_close();
        Ok(())
    }

    /// Reads the head of a request. None when the client ends before that.
    fn receive(&self) -> io::Result<Option<ScrapeRequest>> {
        let mut buffer = [0; HEAD_LIMIT];
        let mut length = 0;
        loop {
            length += match self.read(&mut buffer[length..], self.left())? {
                0 => return Ok(None),
                read => read,
            };
            if let Some(request) = parse(&buffer[..length]) {
                return Ok(Some(request));
            }
        }
    }

    fn respond(&self, request: ScrapeRequest, pages: &PageCache) -> io::Result<()> {
        let send = |kind, body: &[u8]| {
            let head = head(kind, body.len(), SystemTime::now());
            self.write_all(head.as_bytes())?;
            self.write_all(if request.only_head { &[] } else { body })
        };
        let refuse =
            |refusal: Refusal| send(ResponseKind::Refusal(refusal), refusal.text().as_bytes());
        match request.response {
            ResponseKind::Pointer => send(ResponseKind::Pointer, POINTER.as_bytes()),
            ResponseKind::Refusal(refusal) => refuse(refusal),
            ResponseKind::Metrics(compression) => {
                let page = pages.get(compression, || self.time_for_page());
                match page.as_ref().and_then(|page| page.body(compression)) {
                    Some(Ok(body)) => send(request.response, body),
                    Some(Err(reason)) => {
                        send(ResponseKind::Refusal(Refusal::Failed), reason.as_bytes())
                    }
                    None => refuse(Refusal::Overdue),
                }
            }
        }
    }

    /// Reads what the client still sends, for a limited time, until it closes the connection.
    fn drain_before_close(&self) -> io::Result<()> {
        let begin = Instant::now();
        let mut buffer = [0; HEAD_LIMIT];
        let mut drained = 0;
        while drained < DRAIN_BYTES {
            let left = DRAIN_TIME.saturating_sub(begin.elapsed()).min(self.left());
            match self.read(&mut buffer, left)? {
                0 => break,
                read => drained += read,
            }
        }
        Ok(())
    }

    fn read(&self, buffer: &mut [u8], left: Duration) -> io::Result<usize> {
        loop {
            // A time of zero is an error.
            self.stream.set_read_timeout(Some(left))?;
            match (&self.stream).read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(Some(self.left()))?;
            match (&self.stream).write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
