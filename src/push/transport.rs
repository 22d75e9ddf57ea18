//! The only place that knows the HTTP library.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Response;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use ureq::http::{HeaderName, Request, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error};

/// The most that is read of an answer that is no success, in bytes.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// The size of the buffers for what is sent and received, in bytes. The library's own are eight times as large, which
/// takes longer to clear than a report takes to send.
const BUFFER_SIZE: usize = 16 * 1024;

/// How long a connection is kept for the next request. Heartbeats are further apart than the 15 seconds of the library; what
/// stands between us and a gateway rarely forgets a connection in less. One that was closed is noticed before it is used.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// The longest that is waited for it.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// The most that is shown of it, in characters.
const MESSAGE_LIMIT: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Put,
    Post,
    Delete,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One request.
pub(super) struct Exchange<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) authorization: Option<&'a str>,
    /// Content type and content.
    pub(super) body: Option<(&'static str, &'a [u8])>,
}

/// One answer, as far as it matters.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// The first line of what came with an answer that is no success.
    pub(super) message: String,
}

impl Answer {
    pub(super) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The time was used up.
    Timeout,
    /// For a reason that may pass.
    Passing(String),
    /// For a reason that will not pass by itself.
    Lasting(String),
}

#[derive(Debug)]
pub(super) struct Transport {
    agent: Agent,
}

impl Transport {
    pub(super) fn new() -> Self {
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(BUFFER_SIZE)
            .max_idle_age(IDLE)
            .user_agent(concat!("pushjob/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: Agent::with_parts(config, DefaultConnector::new(), BoundedResolver),
        }
    }

    pub(super) fn send(
        &self,
        exchange: &Exchange<'_>,
        timeout: Duration,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::builder()
            .method(exchange.method.as_str())
            .uri(exchange.url);
        let content_type = exchange.body.map(|(content_type, _)| content_type);
        let headers: [(HeaderName, Option<&str>); 2] = [
            (AUTHORIZATION, exchange.authorization),
            (CONTENT_TYPE, content_type),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let result = match exchange.body {
            Some((_, body)) => request
                .body(body)
                .map_err(Error::from)
                .and_then(|request| self.run(request, timeout)),
            None => request
                .body(())
                .map_err(Error::from)
                .and_then(|request| self.run(request, timeout)),
        };
        result.map(answer).map_err(no_answer)
    }

    fn run(
        &self,
        request: Request<impl ureq::AsSendBody>,
        timeout: Duration,
    ) -> Result<Response<Body>, Error> {
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(timeout))
            .timeout_recv_body(Some(ANSWER_TIME))
            .build();
        self.agent.run(request)
    }

    /// Cuts off every connection, so that what waits on one fails at once.
    pub(super) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }
}

fn answer(response: Response<Body>) -> Answer {
    let status = response.status().as_u16();
    let header = |name: HeaderName| text(response.headers(), &name);
    let location = header(LOCATION).map(|location| printable(&location));
    // The form with a date is passed over.
    let retry_after = header(RETRY_AFTER)
        .and_then(|seconds| seconds.trim().parse().ok())
        .map(Duration::from_secs);
    let message = if (200..400).contains(&status) {
        String::new()
    } else {
        first_line(response.into_body())
    };
    Answer {
        status,
        location,
        retry_after,
        message,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The first line of an answer; what cannot be read of it is no reason to fail.
fn first_line(mut body: Body) -> String {
    let mut content = Vec::new();
    let mut reader = BufReader::new(body.as_reader().take(ANSWER_LIMIT));
    while let Ok(1..) = reader.read_until(b'\n', &mut content) {
        if !content.trim_ascii().is_empty() {
            break;
        }
    }
    let content = String::from_utf8_lossy(&content);
    let line = content.trim_start().lines().next().unwrap_or_default();
    printable(line.trim_end())
}

/// A text from outside, made fit for one line of a terminal.
fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MESSAGE_LIMIT)
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect();
    if text.chars().nth(MESSAGE_LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

fn no_answer(error: Error) -> NoAnswer {
    match error {
        Error::Timeout(_) => NoAnswer::Timeout,
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            NoAnswer::Passing("the connection was closed before an answer came".to_owned())
        }
        Error::Io(error) if is_lasting(&error) => NoAnswer::Lasting(error.to_string()),
        Error::Io(error) => NoAnswer::Passing(error.to_string()),
        Error::Other(error) => NoAnswer::Passing(error.to_string()),
        Error::Protocol(error) => NoAnswer::Lasting(format!("not an HTTP answer: {error}")),
        other => NoAnswer::Lasting(other.to_string()),
    }
}

/// Whether an error of a connection is about what was said on it, as a bad certificate is, and not about the network.
fn is_lasting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
    )
}

/// Finds addresses within the time that is left. Addresses in the URL itself and `localhost`, which is always
/// [loopback](https://www.rfc-editor.org/rfc/rfc6761#section-6.3), need no look-up and no thread.
#[derive(Debug)]
struct BoundedResolver;

impl Resolver for BoundedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default();
        let default_port = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = uri.port_u16().unwrap_or(default_port);
        let addresses = match known_addresses(host) {
            Some(known) => known.into_iter().map(|ip| (ip, port).into()).collect(),
            None => look_up(host.to_owned(), port, timeout)?,
        };
        let mut resolved = self.empty();
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            resolved.push(address);
        }
        Ok(resolved)
    }
}

/// How many addresses of a host are tried at most: as many as the library has room for.
const MOST_ADDRESSES: usize = 16;

fn known_addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    Some(vec![literal.parse().ok()?])
}

/// Looks a host up in a thread of its own, because the system's look-up knows no time limit.
fn look_up(host: String, port: u16, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let name = host.clone();
    let (sender, receiver) = sync_channel(1);
    let threaded = thread::Builder::new().spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs();
        sender.send(addresses.map(Iterator::collect))
    });
    let result: io::Result<Vec<SocketAddr>> = match threaded {
        Ok(_) => match receiver.recv_timeout(*timeout.after) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => return Err(Error::Timeout(timeout.reason)),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::Other.into()),
        },
        Err(error) => Err(error),
    };
    match result {
        Ok(addresses) if addresses.is_empty() => {
            Err(Error::Other(format!("{name} has no address").into()))
        }
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(Error::Other(
            format!("cannot resolve {name}: {error}").into(),
        )),
    }
}
