//! Sends requests by the HTTP library.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, LOCATION,
    PROXY_AUTHORIZATION, RETRY_AFTER,
};
use ureq::http::{HeaderName, Request, Response};
use ureq::unversioned::transport::Connector;
use ureq::{Agent, AsSendBody, Body, BodyReader, Error, SendBody};

use super::error::TransportError;
use super::head::{HeadParts, HeadStore, RewriterConnector};
use super::look_up::LookUp;
use super::resolver::BoundedResolver;
use super::tcp::TcpConnector;
#[cfg(feature = "rustls")]
use super::tls::TlsConnector;
use crate::push::auth::Authorization;
use crate::push::gateway_url::Scheme;
use crate::push::header::ExtraHeader;
use crate::push::proxy::ProxyServer;
use crate::push::response::GatewayResponse;
#[cfg(feature = "rustls")]
use crate::push::tls::Tls;

/// Maximum number of bytes that are read of the body of a response.
const RESPONSE_LIMIT: u64 = 64 * 1024;

/// Maximum time for reading it.
const RESPONSE_TIME: Duration = Duration::from_secs(1);

/// The size of the buffers for what is sent and received, in bytes. The library's own are eight
/// times as large, which takes longer to clear than a report takes to send.
const BUFFER_SIZE: usize = 16 * 1024;

/// Time for which an idle connection is kept. Heartbeats are further apart than the 15 seconds of
/// the library; what stands between us and a gateway rarely forgets a connection in less. One that
/// was closed is noticed before it is used.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// The longest request target that is left to the library, in bytes. It has to fit into a buffer
/// with its line.
const LONGEST_TARGET: usize = 8 * 1024;

/// The way to a gateway.
#[derive(Clone, Debug)]
pub(in crate::push) struct Route {
    pub(in crate::push) scheme: Scheme,
    pub(in crate::push) proxy: Option<ProxyServer>,
    /// Needed for `https://`.
    #[cfg(feature = "rustls")]
    pub(in crate::push) tls: Option<Arc<Tls>>,
}

/// One request.
pub(in crate::push) struct Exchange<'a> {
    pub(in crate::push) method: &'static str,
    /// Scheme, host and port, and behind them the path.
    pub(in crate::push) url: &'a str,
    pub(in crate::push) authorization: Option<&'a Authorization>,
    pub(in crate::push) headers: &'a [ExtraHeader],
    pub(in crate::push) body: Option<RequestBody<'a>>,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(in crate::push) struct RequestBody<'a> {
    pub(in crate::push) media_type: &'static str,
    pub(in crate::push) encoding: Option<&'static str>,
    pub(in crate::push) bytes: BodyBytes<'a>,
}

/// Where the bytes of a body are.
#[derive(Clone, Copy)]
pub(in crate::push) enum BodyBytes<'a> {
    /// In memory.
    Held(&'a [u8]),
    /// To be read, anew for each try.
    Read(&'a dyn Fn() -> OpenedBody<'a>),
}

/// The bytes of a body to be read, and how many there are, where that is known.
pub(in crate::push) type OpenedBody<'a> = (Box<dyn Read + 'a>, Option<u64>);

/// A response whose body is still to be read.
pub(in crate::push) struct OpenResponse {
    pub(in crate::push) status: u16,
    pub(in crate::push) date: Option<String>,
    pub(in crate::push) body: ResponseBody,
}

/// The body of a response. Where the time is used up, an error of the kind `TimedOut`.
pub(in crate::push) struct ResponseBody(BodyReader<'static>);

impl Read for ResponseBody {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            match inner {
                Some(Error::Timeout(_)) => ErrorKind::TimedOut.into(),
                _ => error,
            }
        })
    }
}

/// Sends requests to one gateway.
#[derive(Debug)]
pub(in crate::push) struct Transport {
    agent: Agent,
    heads: Arc<HeadStore>,
    route: Route,
    look_up: LookUp,
    /// Number of requests that were not sent whole.
    cut_off: Arc<AtomicUsize>,
}

impl Transport {
    pub(in crate::push) fn new(route: Route) -> Self {
        Self::with(route, LookUp::default())
    }

    fn with(route: Route, look_up: LookUp) -> Self {
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
        let proxy = route.proxy.as_ref();
        let resolver = BoundedResolver {
            instead: proxy.map(|proxy| (proxy.host.clone(), proxy.port)),
            look_up: look_up.clone(),
        };
        let heads = Arc::new(HeadStore::default());
        let cut_off = Arc::new(AtomicUsize::new(0));
        let tcp = TcpConnector {
            tunnel: route
                .proxy
                .clone()
                .filter(|_| route.scheme == Scheme::Https),
            cut_off: Arc::clone(&cut_off),
        };
        let rewriter = RewriterConnector(Arc::clone(&heads));
        #[cfg(feature = "rustls")]
        let agent = match &route.tls {
            Some(tls) => {
                let tls = TlsConnector(Arc::clone(tls));
                Agent::with_parts(config, tcp.chain(tls).chain(rewriter), resolver)
            }
            None => Agent::with_parts(config, tcp.chain(rewriter), resolver),
        };
        #[cfg(not(feature = "rustls"))]
        let agent = Agent::with_parts(config, tcp.chain(rewriter), resolver);
        Self {
            agent,
            heads,
            route,
            look_up,
            cut_off,
        }
    }

    /// The same way to the gateway, with connections of its own. They share a look-up of the host
    /// that is under way.
    pub(in crate::push) fn another(&self) -> Self {
        Self::with(self.route.clone(), self.look_up.clone())
    }

    /// Sends a request and waits for its answer, within `timeout`.
    pub(in crate::push) fn send(
        &self,
        exchange: &Exchange<'_>,
        timeout: Duration,
    ) -> Result<GatewayResponse, TransportError> {
        let cut_off = self.cut_off.load(Ordering::Relaxed);
        let answer = read_response(self.respond(exchange, timeout, Some(RESPONSE_TIME))?)?;
        // Whoever says that it has taken what was not sent whole is not believed. Another request
        // of this client may have been the one; then this one is sent once more, which changes
        // nothing.
        if answer.is_success() && self.cut_off.load(Ordering::Relaxed) != cut_off {
            let reason = "the connection was closed before all was sent";
            return Err(TransportError::Transient(reason.to_owned()));
        }
        Ok(answer)
    }

    /// Sends a request, and returns its response with the body still to be read; all within
    /// `timeout`.
    pub(in crate::push) fn open(
        &self,
        exchange: &Exchange<'_>,
        timeout: Duration,
    ) -> Result<OpenResponse, TransportError> {
        let response = self.respond(exchange, timeout, None)?;
        Ok(OpenResponse {
            status: response.status().as_u16(),
            date: text(response.headers(), &DATE),
            body: ResponseBody(response.into_body().into_reader()),
        })
    }

    fn respond(
        &self,
        exchange: &Exchange<'_>,
        timeout: Duration,
        body_timeout: Option<Duration>,
    ) -> Result<Response<Body>, TransportError> {
        let begin = Instant::now();
        let (origin, path) = split_url(exchange.url);
        let target = match self.forwarder() {
            Some(_) => exchange.url,
            None => path,
        };
        let headers = self.confidential(exchange)?;
        let slot =
            if target.len() == path.len() && path.len() <= LONGEST_TARGET && headers.is_empty() {
                None
            } else {
                let target = target.to_owned();
                Some(self.heads.insert(HeadParts { target, headers }))
            };
        let mut request = Request::builder().method(exchange.method);
        request = match &slot {
            Some(slot) => request.uri(format!("{origin}{}", slot.path())),
            None => request.uri(exchange.url),
        };
        if let Some(body) = exchange.body {
            request = request.header(CONTENT_TYPE, body.media_type);
            if let Some(encoding) = body.encoding {
                request = request.header(CONTENT_ENCODING, encoding);
            }
        }
        let limits = (timeout.saturating_sub(begin.elapsed()), body_timeout);
        let response = match exchange.body.map(|body| body.bytes) {
            Some(BodyBytes::Held(bytes)) => self.run(request.body(bytes), limits),
            Some(BodyBytes::Read(open)) => {
                let (mut bytes, length) = open();
                if let Some(length) = length {
                    request = request.header(CONTENT_LENGTH, length);
                }
                self.run(request.body(SendBody::from_reader(&mut bytes)), limits)
            }
            None => self.run(request.body(()), limits),
        };
        Ok(response?)
    }

    /// The headers that only the gateway, or the proxy, gets to see.
    fn confidential(&self, exchange: &Exchange<'_>) -> Result<String, TransportError> {
        let authorization = exchange.authorization;
        let authorization = authorization.map(|login| (AUTHORIZATION.as_str(), &*login.header));
        let proxy = self
            .forwarder()
            .and_then(|proxy| proxy.authorization.as_ref());
        let proxy = proxy.map(|login| (PROXY_AUTHORIZATION.as_str(), &*login.header));
        let further = exchange.headers.iter();
        let further = further.map(|header| (header.name.as_str(), header.value.as_str()));
        let mut lines = String::new();
        for (name, value) in authorization.into_iter().chain(proxy).chain(further) {
            // All have been checked before; what ends a line must not get here.
            if value.contains(['\r', '\n']) {
                return Err(TransportError::Permanent(format!(
                    "header {name} holds a line break"
                )));
            }
            lines.extend([name, ": ", value, "\r\n"]);
        }
        Ok(lines)
    }

    /// The proxy that is asked for the whole URL and sends the request on.
    fn forwarder(&self) -> Option<&ProxyServer> {
        self.proxy().filter(|_| self.route.scheme == Scheme::Http)
    }

    fn run(
        &self,
        request: Result<Request<impl AsSendBody>, ureq::http::Error>,
        (timeout, body_timeout): (Duration, Option<Duration>),
    ) -> Result<Response<Body>, Error> {
        let request = self
            .agent
            .configure_request(request?)
            .timeout_global(Some(timeout))
            .timeout_recv_body(body_timeout)
            .build();
        self.agent.run(request)
    }

    /// The proxy on the way.
    pub(in crate::push) fn proxy(&self) -> Option<&ProxyServer> {
        self.route.proxy.as_ref()
    }

    /// Cuts off every connection, so that what waits on one fails at once.
    pub(in crate::push) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }
}

/// The URL up to its path, and the path.
fn split_url(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..].find('/');
    url.split_at(path.map_or(url.len(), |at| authority + at))
}

fn read_response(response: Response<Body>) -> Result<GatewayResponse, TransportError> {
    let header = |name| text(response.headers(), &name);
    let length = header(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let mut read = GatewayResponse {
        status: response.status().as_u16(),
        location: header(LOCATION),
        retry_after: header(RETRY_AFTER),
        date: header(DATE),
        content_type: header(CONTENT_TYPE),
        content_encoding: header(CONTENT_ENCODING),
        content: Vec::new(),
        is_cut: false,
    };
    let mut body = response.into_body();
    let mut reader = body.as_reader().take(RESPONSE_LIMIT);
    // The response counts as far as it can be read.
    let is_whole = reader.read_to_end(&mut read.content).is_ok();
    read.is_cut = !is_whole || reader.limit() == 0;
    // Without its body it could be that of another server.
    if read.is_success()
        && read.is_cut
        && read.is_blank()
        && length.is_some_and(|length| length > 0)
    {
        let reason = "the response ended before its body";
        return Err(TransportError::Transient(reason.to_owned()));
    }
    Ok(read)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_of_a_proxy_is_for_the_proxy_alone() {
        let confidential = |scheme| {
            let transport = Transport::new(Route {
                scheme,
                proxy: Some(ProxyServer {
                    host: "p".to_owned(),
                    port: 1,
                    authorization: Some(Authorization {
                        header: "Basic abc".to_owned(),
                        secret: "s3cret".to_owned(),
                    }),
                }),
                #[cfg(feature = "rustls")]
                tls: None,
            });
            let exchange = Exchange {
                method: "PUT",
                url: "http://h/metrics/job/j",
                authorization: None,
                headers: &[],
                body: None,
            };
            transport.confidential(&exchange).unwrap()
        };
        assert_eq!(confidential(Scheme::Https), "");
        assert_eq!(
            confidential(Scheme::Http),
            "proxy-authorization: Basic abc\r\n"
        );
    }

    #[test]
    fn a_url_is_split_before_its_path() {
        for (url, parts) in [
            ("http://h:1/a/b", ("http://h:1", "/a/b")),
            ("https://h", ("https://h", "")),
        ] {
            assert_eq!(split_url(url), parts);
        }
    }
}
