use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::answer::{Kind, Refusal, head};
use super::limits::{CONNECTION_LIMIT, HEAD_LIMIT, LINGER, LINGER_BYTES};
use super::pages::Pages;
use super::request::{Content, Wish, understand};
use super::socket::{bound, forsake};

/// What `/` says.
const POINTER: &str = "the metrics are at /metrics\n";

/// A connection, which ends when its time is up or somebody else cuts it off.
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

    /// The time that is left to it.
    pub(super) fn left(&self) -> Duration {
        CONNECTION_LIMIT.saturating_sub(self.began.elapsed())
    }

    /// Ends what is read or written in another thread, too.
    pub(super) fn cut_off(&self) {
        self.is_cut_off.store(true, Ordering::Relaxed);
        forsake(&self.stream);
        // One that has ended by itself needs it no more.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::Relaxed)
    }

    /// Answers one request. Of a client that does not send one, or does not take the answer, nothing is left.
    pub(super) fn serve(&self, pages: &Pages) {
        if self.attend(pages).is_err() {
            forsake(&self.stream);
        }
    }

    fn attend(&self, pages: &Pages) -> io::Result<()> {
        bound(&self.stream);
        // Head and body are written one after the other.
        self.stream.set_nodelay(true)?;
        let Some(wish) = self.receive()? else {
            return Ok(());
        };
        self.answer(wish, pages)?;
        self.stream.shutdown(Shutdown::Write)?;
        // It has been answered; what has not arrived yet is on the way.
        let _ = self.linger();
        Ok(())
    }

    /// Reads a request, as far as it matters. None when it ends before that.
    fn receive(&self) -> io::Result<Option<Wish>> {
        let mut buffer = [0; HEAD_LIMIT];
        let mut length = 0;
        loop {
            length += match self.read(&mut buffer[length..], self.left())? {
                0 => return Ok(None),
                read => read,
            };
            if let Some(wish) = understand(&buffer[..length]) {
                return Ok(Some(wish));
            }
        }
    }

    fn answer(&self, Wish { content, only_head }: Wish, pages: &Pages) -> io::Result<()> {
        let send = |kind, body: &[u8]| {
            let head = head(kind, body.len(), SystemTime::now());
            self.write_all(head.as_bytes())?;
            self.write_all(if only_head { &[] } else { body })
        };
        let refuse = |refusal: Refusal| send(Kind::Refusal(refusal), refusal.text().as_bytes());
        match content {
            Content::Pointer => send(Kind::Pointer, POINTER.as_bytes()),
            Content::Nothing(refusal) => refuse(refusal),
            Content::Metrics(compression) => {
                let page = pages.get(compression, self);
                match page.as_ref().and_then(|page| page.body(compression)) {
                    Some(Ok(body)) => send(Kind::Metrics(compression), body),
                    Some(Err(reason)) => send(Kind::Refusal(Refusal::Failed), reason.as_bytes()),
                    None => refuse(Refusal::Overdue),
                }
            }
        }
    }

    /// Takes what the client still sends, for a while, until it has gone.
    fn linger(&self) -> io::Result<()> {
        let begin = Instant::now();
        let mut buffer = [0; HEAD_LIMIT];
        let mut taken = 0;
        while taken < LINGER_BYTES {
            let left = LINGER.saturating_sub(begin.elapsed()).min(self.left());
            match self.read(&mut buffer, left)? {
                0 => break,
                read => taken += read,
            }
        }
        Ok(())
    }

    fn read(&self, buffer: &mut [u8], left: Duration) -> io::Result<usize> {
        loop {
            // No time at all is refused.
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
