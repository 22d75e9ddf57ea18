//! The endpoint: the threads that accept, gather and answer, from `serve` until it is closed.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::exposition::Gather;
use crate::grouping::GroupingKey;

use super::address::ListenAddress;
use super::connection::Connection;
use super::connection_limit::ConnectionLimit;
use super::error::ScrapeError;
use super::limits::{ACCEPT_PAUSE, CLOSE_LIMIT};
use super::page::{Idle, PageSource};

/// A listening socket that Prometheus can scrape once metrics are [served](Self::serve).
pub struct ScrapeEndpoint {
    listener: TcpListener,
    local_addr: SocketAddr,
    key: Option<GroupingKey>,
    idle: Option<Idle>,
}

impl ScrapeEndpoint {
    /// Listens on an address, as in `127.0.0.1:9750`, `[::1]:9750`, or `:9750` for all addresses of this
    /// machine. Clients that connect wait until metrics are served.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Address`] when the text is not an address, [`ScrapeError::Bind`] when the system does
    /// not let this program listen on it:
    ///
    /// ```
    /// use pushjob::sink::scrape::ScrapeEndpoint;
    ///
    /// let first = ScrapeEndpoint::bind("127.0.0.1:0")?;
    /// let taken = first.local_addr().to_string();
    /// let error = ScrapeEndpoint::bind(&taken).unwrap_err();
    /// assert_eq!(error.to_string(), format!("cannot listen on {taken}"));
    /// # Ok::<(), pushjob::sink::scrape::ScrapeError>(())
    /// ```
    pub fn bind(address: &str) -> Result<Self, ScrapeError> {
        Self::bind_to(address.parse()?)
    }

    /// Listens on an address that has been parsed.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Bind`] when the system does not let this program listen on it.
    pub fn bind_to(address: ListenAddress) -> Result<Self, ScrapeError> {
        let listening = address.listen().and_then(|listener| {
            let local_addr = listener.local_addr()?;
            Ok(Self {
                listener,
                local_addr,
                key: None,
                idle: None,
            })
        });
        listening.map_err(|source| ScrapeError::Bind {
            address: address.to_string(),
            source,
        })
    }

    /// Gives each series the labels of this group, with `job` as `job_name`: Prometheus gives a `job` of its
    /// own to what it scrapes. Defaults to none.
    ///
    /// ```
    /// use pushjob::grouping::GroupingKey;
    /// use pushjob::metrics::Registry;
    /// use pushjob::sink::scrape::ScrapeEndpoint;
    ///
    /// let key = GroupingKey::new("etl")?.with_label("zone", "eu")?;
    /// let endpoint = ScrapeEndpoint::bind("127.0.0.1:0")?.labels(key);
    /// let serving = endpoint.serve(Registry::new())?; // rows{job_name="etl",zone="eu"} 42
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn labels(self, key: GroupingKey) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Sets a function to call on the gathering thread when no client has connected for
    /// [a second](super::PAGE_LIFE) after some had, for example to release memory. Defaults to none.
    #[must_use]
    pub fn when_idle(self, idle: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            idle: Some(Box::new(idle)),
            ..self
        }
    }

    /// The address it listens on, with the port that the system has chosen for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves what `gather` has, for example a [`Registry`](crate::metrics::Registry), until the result is
    /// dropped. A thread of its own gathers it on request, once for all requests within
    /// [a second](super::PAGE_LIFE).
    ///
    /// The threads have the signal mask of the caller: a [supervisor](crate::supervise::Supervisor) has to be made
    /// before.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Thread`] when the system cannot start a thread.
    pub fn serve(
        self,
        gather: impl Gather + Send + Sync + 'static,
    ) -> Result<Serving, ScrapeError> {
        let Self {
            listener,
            local_addr,
            key,
            idle,
        } = self;
        let source = PageSource { gather, key, idle };
        serve(listener, source, local_addr).map_err(|source| ScrapeError::Thread {
            address: local_addr,
            source,
        })
    }
}

fn serve<G: Gather + Send + Sync + 'static>(
    listener: TcpListener,
    source: PageSource<G>,
    local_addr: SocketAddr,
) -> io::Result<Serving> {
    // The same socket again: the standard library shuts down connections only, the system listeners too.
    let socket = TcpStream::from(OwnedFd::from(listener.try_clone()?));
    let limit = Arc::new(ConnectionLimit::default());
    let (running, ended) = channel();
    // From here on dropping this ends the threads that have been started.
    let serving = Serving {
        local_addr,
        socket: Some(socket),
        limit: Arc::clone(&limit),
        ended,
        close_limit: CLOSE_LIMIT,
    };
    let making = Arc::clone(&limit);
    let made = running.clone();
    thread::Builder::new().spawn(move || {
        making.pages.run(&source);
        drop(source);
        drop(made);
    })?;
    thread::Builder::new().spawn(move || accept(&listener, &limit, &running))?;
    Ok(serving)
}

/// Accepts connections, each with a thread of its own, until the endpoint is closed.
fn accept(listener: &TcpListener, limit: &Arc<ConnectionLimit>, running: &Sender<()>) {
    while !limit.is_closing() {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // The client has gone.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(_) => {
                // There may be no descriptor left, and the oldest connection has one.
                limit.cut_off_oldest();
                limit.pause(ACCEPT_PAUSE);
                continue;
            }
        };
        let Some(slot) = ConnectionLimit::take(limit, Connection::new(stream)) else {
            break;
        };
        let running = running.clone();
        // Without a thread the connection is closed, and the client tries again.
        let _ = thread::Builder::new().spawn(move || {
            slot.serve();
            drop(slot);
            drop(running);
        });
    }
}

/// Metrics that are being served, until this is dropped.
#[must_use = "dropping it ends the serving"]
pub struct Serving {
    local_addr: SocketAddr,
    socket: Option<TcpStream>,
    limit: Arc<ConnectionLimit>,
    /// Disconnected when all threads have ended.
    ended: Receiver<()>,
    /// Maximum wait for that.
    close_limit: Duration,
}

impl Serving {
    /// The address that Prometheus can scrape.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops listening, cuts off all connections, and waits for the threads to end, for
    /// [a second](super::CLOSE_LIMIT) at most: a collector that takes longer is not waited for. Dropping does
    /// the same.
    pub fn close(self) {
        drop(self);
    }

    /// Stops listening and cuts off all connections without waiting: a collector that is at work goes on in
    /// the background. For a program that is about to end.
    pub fn leave(mut self) {
        self.close_limit = Duration::ZERO;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.limit.close();
        if let Some(socket) = self.socket.take() {
            let is_awake = socket.shutdown(Shutdown::Both).is_ok();
            drop(socket);
            if !is_awake {
                // On systems other than Linux only a connection wakes a listener.
                let _ = TcpStream::connect_timeout(&self.local_addr, CLOSE_LIMIT);
            }
        }
        // No thread ever sends: this ends with the last thread, or when the time is up.
        let _ = self.ended.recv_timeout(self.close_limit);
    }
}

impl fmt::Debug for ScrapeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScrapeEndpoint")
            .field("local_addr", &self.local_addr)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}
