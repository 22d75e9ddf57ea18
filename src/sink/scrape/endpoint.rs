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
use super::error::ScrapeError;
use super::limits::{ACCEPT_PAUSE, CLOSE_LIMIT};
use super::page::{Idle, Source};
use super::room::Room;

/// A place where Prometheus can come for metrics, from when they are [served](Self::serve).
pub struct ScrapeEndpoint {
    listener: TcpListener,
    local_addr: SocketAddr,
    key: Option<GroupingKey>,
    idle: Option<Idle>,
}

impl ScrapeEndpoint {
    /// Listens on an address, as in `127.0.0.1:9750`, `[::1]:9750`, or `:9750` for all addresses of this machine. Who
    /// connects waits until metrics are served.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Address`] when the text is no address, [`ScrapeError::Bind`] when it cannot be listened on:
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

    /// The same with an address that has been checked.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Bind`] when it cannot be listened on.
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
        listening.map_err(|source| ScrapeError::Bind { address, source })
    }

    /// Gives each series the labels of this group, with `job` as `job_name`: Prometheus gives a `job` of its own to what
    /// it scrapes. Defaults to none.
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

    /// Does something when nobody has come for [a second](super::PAGE_LIFE) after somebody had, on the thread that gathers:
    /// gives back memory that answering has taken, for one. Defaults to nothing.
    #[must_use]
    pub fn when_idle(self, idle: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            idle: Some(Box::new(idle)),
            ..self
        }
    }

    /// Where it listens, with the port that the system has chosen for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves what this gathers, a [`Registry`](crate::metrics::Registry) for one, until the result is dropped. It is
    /// gathered in a thread of its own when somebody asks, and once for all who ask within [a second](super::PAGE_LIFE).
    ///
    /// The threads have the signal mask of the one that calls this: where there is a
    /// [supervisor](crate::supervise::Supervisor), that has to be made before.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::Thread`] when the system has no thread for it.
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
        let source = Source { gather, key, idle };
        serve(listener, source, local_addr).map_err(|source| ScrapeError::Thread {
            address: local_addr,
            source,
        })
    }
}

fn serve<G: Gather + Send + Sync + 'static>(
    listener: TcpListener,
    source: Source<G>,
    local_addr: SocketAddr,
) -> io::Result<Serving> {
    // The same socket again. The standard library can shut down only a connection, but the system can a listener, too.
    let socket = TcpStream::from(OwnedFd::from(listener.try_clone()?));
    let room = Arc::new(Room::default());
    let (running, ended) = channel();
    // From here on what is dropped ends the threads that there are.
    let serving = Serving {
        local_addr,
        socket: Some(socket),
        room: Arc::clone(&room),
        ended,
        patience: CLOSE_LIMIT,
    };
    let making = Arc::clone(&room);
    let made = running.clone();
    thread::Builder::new().spawn(move || {
        making.pages.make(&source);
        drop(source);
        drop(made);
    })?;
    thread::Builder::new().spawn(move || receive(&listener, &room, &running))?;
    Ok(serving)
}

/// Takes connections in, each with a thread of its own, until the room is closed.
fn receive(listener: &TcpListener, room: &Arc<Room>, running: &Sender<()>) {
    while !room.is_closing() {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // The client has gone.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(_) => {
                // There may be no descriptor left, and who came long ago has one.
                room.cut_off_oldest();
                room.pause(ACCEPT_PAUSE);
                continue;
            }
        };
        let Some(place) = Room::enter(room, Connection::new(stream)) else {
            break;
        };
        let running = running.clone();
        // Without a thread the connection is closed, and the client comes again.
        let _ = thread::Builder::new().spawn(move || {
            place.serve();
            drop(place);
            drop(running);
        });
    }
}

/// Metrics that are being served, until this is dropped.
#[must_use = "nothing is served any more when it is dropped"]
pub struct Serving {
    local_addr: SocketAddr,
    socket: Option<TcpStream>,
    room: Arc<Room>,
    /// Disconnected when all threads have ended.
    ended: Receiver<()>,
    /// How long that is waited for.
    patience: Duration,
}

impl Serving {
    /// Where Prometheus can come.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops listening, cuts off who is connected, and waits for the threads to end, for [a second](super::CLOSE_LIMIT) at most: a
    /// collector that goes on for longer is left to itself. Dropping does the same.
    pub fn close(self) {
        drop(self);
    }

    /// Stops listening and cuts off who is connected, and waits for nobody: a collector that is at work just then goes on beside
    /// the program. For a program that is about to end.
    pub fn leave(mut self) {
        self.patience = Duration::ZERO;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.room.close();
        if let Some(socket) = self.socket.take() {
            let is_awake = socket.shutdown(Shutdown::Both).is_ok();
            drop(socket);
            if !is_awake {
                // Elsewhere than on Linux a listener wakes only for somebody who comes.
                let _ = TcpStream::connect_timeout(&self.local_addr, CLOSE_LIMIT);
            }
        }
        // Nobody ever sends: this ends with the last thread, or in time.
        let _ = self.ended.recv_timeout(self.patience);
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
