//! The only place, with [`tls`](super::tls), that knows the HTTP library.

mod channel;
mod resolver;
mod wire;

use std::fmt;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, LOCATION, PROXY_AUTHORIZATION,
    RETRY_AFTER,
};
use ureq::http::{HeaderName, HeaderValue, Request, Response};
use ureq::unversioned::transport::time::{Duration as TimeLeft, Instant as Moment};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Error};

use self::channel::{ChannelConnector, Targets};
use self::resolver::BoundedResolver;
use self::wire::{Passage, WireConnector};
use super::answer::Answer;
use super::auth::Authorization;
use super::base::Scheme;
use super::header::Header;
use super::proxy::Hop;
use super::request::Method;
#[cfg(feature = "rustls")]
use super::tls::{self, Tls, TlsConnector};

/// The most that is read of an answer that is no success, in bytes.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// The longest that is waited for it.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// The size of the buffers for what is sent and received, in bytes. The library's own are eight times as large, which
/// takes longer to clear than a report takes to send.
const BUFFER_SIZE: usize = 16 * 1024;

/// How long a connection is kept for the next request. Heartbeats are further apart than the 15 seconds of the library;
/// what stands between us and a gateway rarely forgets a connection in less. One that was closed is noticed before it is
/// used.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// The longest request target that is left to the library, in bytes. It has to fit into a buffer with its line.
const LONGEST_TARGET: usize = 8 * 1024;

/// The way to a gateway.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) scheme: Scheme,
    pub(super) hop: Option<Hop>,
    /// Needed for `https://`.
    #[cfg(feature = "rustls")]
    pub(super) tls: Option<Tls>,
}

/// One request.
pub(super) struct Exchange<'a> {
    pub(super) method: Method,
    /// Scheme, host and port, and behind them the path.
    pub(super) url: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) headers: &'a [Header],
    pub(super) body: Option<Content<'a>>,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) media_type: &'static str,
    pub(super) encoding: Option<&'static str>,
    pub(super) bytes: &'a [u8],
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The time was used up.
    Timeout,
    /// Something that may pass.
    Passing(String),
    /// Something that will not pass by itself.
    Lasting(String),
    /// The connection had been used before, and was closed when this request came.
    Stale,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Passing(reason) | Self::Lasting(reason) => reason,
            Self::Stale => "the connection was closed before an answer came",
        })
    }
}

impl std::error::Error for Obstacle {}

/// On its way through the library.
impl From<Obstacle> for Error {
    fn from(obstacle: Obstacle) -> Self {
        Self::Other(Box::new(obstacle))
    }
}

/// Out of the library again.
impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(_) => Self::Timeout,
            Error::Io(error) => from_io(&error),
            Error::Other(error) => match error.downcast::<Self>() {
                Ok(obstacle) => *obstacle,
                Err(error) => Self::Passing(error.to_string()),
            },
            Error::Protocol(error) => Self::Lasting(format!("not an HTTP answer: {error}")),
            other => Self::Lasting(other.to_string()),
        }
    }
}

fn from_io(error: &std::io::Error) -> Obstacle {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Obstacle::Lasting(tls::plain(error));
    }
    match error.kind() {
        ErrorKind::UnexpectedEof => Obstacle::Passing(Obstacle::Stale.to_string()),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => Obstacle::Lasting(error.to_string()),
        _ => Obstacle::Passing(error.to_string()),
    }
}

/// What is left of the time to connect; the library counts from where it began.
pub(super) fn time_left(details: &ConnectionDetails) -> NextTimeout {
    let elapsed = match details.now {
        Moment::Exact(begin) => begin.elapsed(),
        _ => Duration::ZERO,
    };
    NextTimeout {
        after: TimeLeft::Exact(details.timeout.after.saturating_sub(elapsed)),
        ..details.timeout
    }
}

/// Sends requests to one gateway.
#[derive(Debug)]
pub(super) struct Transport {
    agent: Agent,
    targets: Arc<Targets>,
    /// The proxy that is asked for the whole URL, as it is for a gateway without TLS.
    forwarder: Option<Hop>,
}

impl Transport {
    pub(super) fn new(route: Route) -> Self {
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .input_buffer_size(BUFFER_SIZE)
            .output_buffer_size(BUFFER_SIZE)
            .max_idle_age(IDLE)
            .user_agent(concat!("pushjob/", env!("CARGO_PKG_VERSION")))
            .build();
        let Route { scheme, hop, .. } = route;
        let resolver = BoundedResolver {
            instead: hop.as_ref().map(|hop| (hop.host.clone(), hop.port)),
        };
        let (passage, forwarder) = match scheme {
            Scheme::Https => (Passage::Tunnelled, None),
            Scheme::Http => (Passage::Forwarded, hop.clone()),
        };
        let targets = Arc::new(Targets::default());
        let wire = WireConnector { hop, passage };
        let channel = ChannelConnector(Arc::clone(&targets));
        #[cfg(feature = "rustls")]
        let agent = match route.tls {
            Some(tls) => {
                let tls = TlsConnector(Arc::new(tls));
                Agent::with_parts(config, wire.chain(tls).chain(channel), resolver)
            }
            None => Agent::with_parts(config, wire.chain(channel), resolver),
        };
        #[cfg(not(feature = "rustls"))]
        let agent = Agent::with_parts(config, wire.chain(channel), resolver);
        Self {
            agent,
            targets,
            forwarder,
        }
    }

    /// Sends a request and waits for its answer, within `timeout`.
    pub(super) fn send(
        &self,
        exchange: &Exchange<'_>,
        timeout: Duration,
    ) -> Result<Answer, Obstacle> {
        let begin = Instant::now();
        let (origin, path) = split_url(exchange.url);
        let ticket = if self.forwarder.is_some() {
            Some(self.targets.keep(exchange.url))
        } else if path.len() > LONGEST_TARGET {
            Some(self.targets.keep(path))
        } else {
            None
        };
        let mut request = Request::builder().method(exchange.method.as_str());
        request = match &ticket {
            Some(ticket) => request.uri(format!("{origin}{}", ticket.path())),
            None => request.uri(exchange.url),
        };
        let proxy = self.forwarder.as_ref();
        let headers = [
            (AUTHORIZATION, exchange.authorization),
            (
                PROXY_AUTHORIZATION,
                proxy.and_then(|hop| Some(hop.authorization.as_ref()?.header.as_str())),
            ),
            (CONTENT_TYPE, exchange.body.map(|body| body.media_type)),
            (
                CONTENT_ENCODING,
                exchange.body.and_then(|body| body.encoding),
            ),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, sensitive(value)?);
            }
        }
        for Header { name, value } in exchange.headers {
            request = request.header(name, sensitive(value)?);
        }
        let left = timeout.saturating_sub(begin.elapsed());
        let response = match exchange.body {
            Some(body) => self.run(request.body(body.bytes), left),
            None => self.run(request.body(()), left),
        };
        Ok(answer(response?))
    }

    fn run(
        &self,
        request: Result<Request<impl AsSendBody>, ureq::http::Error>,
        timeout: Duration,
    ) -> Result<Response<Body>, Error> {
        let request = self
            .agent
            .configure_request(request?)
            .timeout_global(Some(timeout))
            .timeout_recv_body(Some(ANSWER_TIME))
            .build();
        self.agent.run(request)
    }

    /// What a server on the way was told in confidence.
    pub(super) fn proxy_login(&self) -> Option<&Authorization> {
        self.forwarder.as_ref()?.authorization.as_ref()
    }

    /// Cuts off every connection, so that what waits on one fails at once.
    pub(super) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }
}

/// The URL up to its path, and the path.
fn split_url(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/');
    url.split_at(path.map_or(url.len(), |at| authority + at))
}

/// A value that the library does not log.
fn sensitive(value: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(ureq::http::Error::from)?;
    value.set_sensitive(true);
    Ok(value)
}

fn answer(response: Response<Body>) -> Answer {
    let header = |name| text(response.headers(), &name);
    Answer {
        status: response.status().as_u16(),
        location: header(LOCATION),
        retry_after: header(RETRY_AFTER),
        date: header(DATE),
        content: if response.status().is_success() {
            Vec::new()
        } else {
            content(response.into_body())
        },
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What came with an answer; what cannot be read of it is no reason to fail.
fn content(mut body: Body) -> Vec<u8> {
    let mut content = Vec::new();
    let _ = body
        .as_reader()
        .take(ANSWER_LIMIT)
        .read_to_end(&mut content);
    content
}
