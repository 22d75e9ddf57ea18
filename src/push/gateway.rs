//! The client of a gateway.

use std::borrow::Cow;
use std::ops::ControlFlow;
#[cfg(feature = "rustls")]
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exposition::{CONTENT_TYPE, Gather, MetricFamilies};
use crate::grouping::GroupingKey;

use super::address::{GatewayAddress, shorten_url};
use super::auth::{Authorization, Credentials};
use super::builder::PushgatewayBuilder;
use super::compression::Compression;
use super::config_error::ConfigError;
use super::delivery::{Delivered, RequestDelivery, redactor};
use super::error::PushError;
use super::file::FileError;
#[cfg(feature = "rustls")]
use super::gateway_url::Scheme;
use super::groups::{GatewayGroup, GroupQuery, GroupsError, GroupsRead, read_page};
use super::header::ExtraHeader;
use super::interrupt::{Interrupt, InterruptStage};
use super::kind::GatewayKind;
use super::request::{Change, Request};
use super::response::parse_date;
use super::retry::RetryPolicy;
#[cfg(feature = "rustls")]
use super::tls::Tls;
use super::transport::{
    BodyBytes, Exchange, OpenResponse, RequestBody, Route, Transport, TransportError,
};

/// The longest time of a delivery: ten years, which no clock calculation overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A client of one Pushgateway, or of anything that takes pushes like one.
///
/// It can be shared between threads. Each delivery is bounded by one
/// [timeout](PushgatewayBuilder::timeout), is tried again when what failed may pass, and never
/// follows a redirect.
#[derive(Debug)]
pub struct Pushgateway {
    address: GatewayAddress,
    credentials: Option<Credentials>,
    headers: Vec<ExtraHeader>,
    compression: Compression,
    policy: RetryPolicy,
    transport: Transport,
    interrupt: Interrupt,
}

impl Pushgateway {
    /// A client with default settings. The scheme defaults to `http://`, a path prefix is kept, and
    /// user name and password in the URL become Basic auth.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when this is not the URL of a gateway, or the credentials in it cannot be
    /// sent.
    ///
    /// ```
    /// use pushjob::push::Pushgateway;
    ///
    /// assert!(Pushgateway::new("localhost:9091").is_ok());
    /// assert!(Pushgateway::new("https://metrics.example.org/pushgateway").is_ok());
    /// assert!(Pushgateway::new("ftp://localhost").is_err());
    /// ```
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Begins a client with other settings than the defaults.
    pub fn builder(url: &str) -> PushgatewayBuilder {
        PushgatewayBuilder::new(url)
    }

    /// A second client with the same settings. It has its own connections, and is [shut
    /// down](Self::shut_down) or told to [stop retrying](Self::stop_retrying) independently of this
    /// one: for pushes in the background.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            address: self.address(),
            credentials: self.credentials.clone(),
            headers: self.headers.clone(),
            compression: self.compression,
            policy: self.policy,
            transport: self.transport.another(),
            interrupt: Interrupt::default(),
        }
    }

    /// Replaces all metrics of a group with these (PUT). Without families the group stays, empty.
    ///
    /// # Errors
    ///
    /// [`PushError::Gather`] when the metrics cannot be had; otherwise see [`send`](Self::send).
    pub fn push<G: Gather + ?Sized>(
        &self,
        key: &GroupingKey,
        metrics: &G,
    ) -> Result<Delivered, PushError> {
        let families = gather(metrics)?;
        self.deliver(key, Change::Push(&families))
    }

    /// Replaces the metrics of the same names in a group, whatever their labels, and keeps the
    /// others (POST).
    ///
    /// # Errors
    ///
    /// [`PushError::Gather`] when the metrics cannot be had; otherwise see [`send`](Self::send).
    pub fn push_add<G: Gather + ?Sized>(
        &self,
        key: &GroupingKey,
        metrics: &G,
    ) -> Result<Delivered, PushError> {
        let families = gather(metrics)?;
        self.deliver(key, Change::PushAdd(&families))
    }

    /// Removes a group (DELETE). That there is none is a success.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`send`](Self::send).
    pub fn delete(&self, key: &GroupingKey) -> Result<Delivered, PushError> {
        self.deliver(key, Change::Delete)
    }

    /// The URL of a group, as it stands in messages: without credentials.
    #[must_use]
    pub fn url(&self, key: &GroupingKey) -> String {
        self.address.url(key)
    }

    /// The address of the gateway.
    #[must_use]
    pub fn address(&self) -> GatewayAddress {
        self.address.clone()
    }

    /// The time that a delivery may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.policy.timeout
    }

    /// Kind of the gateway.
    #[must_use]
    pub fn kind(&self) -> GatewayKind {
        self.address.kind
    }

    /// Checks, encodes and sends a change.
    ///
    /// # Errors
    ///
    /// [`PushError::Unpushable`] before anything is sent, when a gateway would store these metrics
    /// wrongly; otherwise see [`send`](Self::send).
    pub fn deliver(&self, key: &GroupingKey, change: Change<'_>) -> Result<Delivered, PushError> {
        self.deliver_within(key, change, self.policy.timeout)
    }

    /// Delivers a change within a time of its own instead of the client's.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`deliver`](Self::deliver).
    pub fn deliver_within(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, PushError> {
        self.send_within(&Request::new(key, change)?, timeout)
    }

    /// Sends a request, and tries again what may pass.
    ///
    /// # Errors
    ///
    /// Each names the URL of the group. [`PushError::Status`] with the line of the response that says
    /// most, at once for a status that is final and after the last attempt for a transient one;
    /// [`PushError::OtherServer`] when a success comes with a page, as no gateway sends it;
    /// [`PushError::Inconsistent`] when the gateway refuses because of metrics that others have
    /// pushed; [`PushError::Redirect`]; [`PushError::NoAnswer`] when every attempt failed;
    /// [`PushError::Credentials`] when the file of password or token cannot be read;
    /// [`PushError::Unsupported`] where nothing can be replaced or deleted; [`PushError::ShutDown`].
    pub fn send(&self, request: &Request<'_>) -> Result<Delivered, PushError> {
        self.send_within(request, self.policy.timeout)
    }

    /// Sends a request within a time of its own instead of the client's.
    ///
    /// # Errors
    ///
    /// [`PushError`], see [`send`](Self::send).
    pub fn send_within(
        &self,
        request: &Request<'_>,
        timeout: Duration,
    ) -> Result<Delivered, PushError> {
        let begin = Instant::now();
        let path = self.kind().path_for(request.key());
        let url = format!("{}{path}", self.address.base);
        if !self.kind().supports(request.method()) {
            return Err(PushError::Unsupported {
                url: shorten_url(&url),
                kind: self.kind(),
                method: request.method(),
            });
        }
        let authorization = self
            .authorization()
            .map_err(|source| PushError::Credentials {
                url: shorten_url(&url),
                source,
            })?;
        let body = request.body().map(|body| self.compression.apply(body));
        let streamed = request.streamed();
        let stream = streamed.map(|text| || self.compression.stream(text.read(), text.length()));
        let bytes = body.as_deref().map(BodyBytes::Held);
        let stream = stream.as_ref().map(|open| BodyBytes::Read(open));
        let delivery = RequestDelivery {
            transport: &self.transport,
            interrupt: &self.interrupt,
            policy: self.policy,
            kind: self.kind(),
            request,
            path: &path,
            exchange: Exchange {
                method: request.method().as_str(),
                url: &url,
                authorization: authorization.as_ref(),
                headers: &self.headers,
                body: bytes.or(stream).map(|bytes| RequestBody {
                    media_type: CONTENT_TYPE,
                    encoding: self.compression.encoding(),
                    bytes,
                }),
            },
        };
        delivery.run(begin, timeout.min(LONGEST_TIMEOUT))
    }

    /// Reads which groups the gateway holds, and hands out each as it comes, until `each` breaks.
    /// The whole list is never in memory. What was handed out before an error is right all the same.
    ///
    /// One attempt is made: a request that is not answered is not sent again.
    ///
    /// # Errors
    ///
    /// [`GroupsError`], which names the URL of the list: for anything other than a Pushgateway from
    /// version 1.0 on, and for a list that is longer, or takes longer, than the query allows.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use pushjob::push::{GroupQuery, Pushgateway};
    ///
    /// let client = Pushgateway::new("localhost:9091")?;
    /// let read = client.read_groups(&GroupQuery::new().values_of("pushjob_"), &mut |group| {
    ///     println!("{group}: {:?}", group.push_time());
    ///     ControlFlow::Continue(())
    /// })?;
    /// println!("by the clock of the gateway: {:?}", read.date);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_groups(
        &self,
        query: &GroupQuery,
        each: &mut dyn FnMut(GatewayGroup) -> ControlFlow<()>,
    ) -> Result<GroupsRead, GroupsError> {
        let url = format!("{}/api/v1/metrics", self.address.base);
        let response = self.open_list(&url, query.timeout.unwrap_or(self.policy.timeout))?;
        let date = response.date.as_deref().and_then(parse_date);
        match read_page(response.body, query, each) {
            Ok(()) => Ok(GroupsRead::new(date)),
            Err(problem) => Err(GroupsError::Body {
                url: shorten_url(&url),
                problem,
            }),
        }
    }

    /// Asks for the list of groups.
    fn open_list(&self, list: &str, timeout: Duration) -> Result<OpenResponse, GroupsError> {
        let begin = Instant::now();
        let url = shorten_url(list);
        if self.kind() == GatewayKind::VictoriaMetrics {
            return Err(GroupsError::KeepsNoGroups {
                url: shorten_url(&self.address.base),
            });
        }
        let authorization = match self.authorization() {
            Ok(authorization) => authorization,
            Err(source) => return Err(GroupsError::Credentials { url, source }),
        };
        let exchange = Exchange {
            method: "GET",
            url: list,
            authorization: authorization.as_ref(),
            headers: &self.headers,
            body: None,
        };
        loop {
            let left = timeout.min(LONGEST_TIMEOUT).saturating_sub(begin.elapsed());
            match self.transport.open(&exchange, left) {
                // The server had only let go of a connection that was idle.
                Err(TransportError::Stale) if !left.is_zero() => {}
                Err(error) => {
                    let reason =
                        redactor(&exchange, &self.transport).redact(&error.to_string(), false);
                    return Err(GroupsError::NoAnswer { url, reason });
                }
                Ok(response) => match response.status {
                    200..300 => return Ok(response),
                    404 => return Err(GroupsError::NoList { url }),
                    status => return Err(GroupsError::Status { url, status }),
                },
            }
        }
    }

    fn authorization(&self) -> Result<Option<Authorization>, FileError> {
        let credentials = self.credentials.as_ref();
        credentials.map(Credentials::authorization).transpose()
    }

    /// Lets what is under way end, but tries nothing again: a delivery that pauses fails at once.
    /// Callable from any thread, and not to be undone.
    pub fn stop_retrying(&self) {
        self.interrupt.advance(InterruptStage::LastTry);
    }

    /// Cuts off what is under way and sends nothing more. Callable from any thread, and not to be
    /// undone.
    ///
    /// A request that has been sent whole may still be carried out by the gateway.
    pub fn shut_down(&self) {
        self.interrupt.advance(InterruptStage::ShutDown);
        self.transport.shut_down();
    }
}

impl PushgatewayBuilder {
    /// Makes the client. The files for TLS are read; nothing is resolved or sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the URL is none or that of a proxy is, when credentials contradict each
    /// other or cannot be sent, when a header cannot be sent or repeats one of the client's own,
    /// and when a file for TLS cannot be read or used. It names what is wrong and shows no secret.
    pub fn build(&self) -> Result<Pushgateway, ConfigError> {
        let resolved = self.resolve()?;
        let route = Route {
            scheme: resolved.scheme,
            proxy: resolved.proxy,
            #[cfg(feature = "rustls")]
            tls: match resolved.scheme {
                Scheme::Https => Some(Arc::new(Tls::read(&self.tls)?)),
                Scheme::Http => None,
            },
        };
        Ok(Pushgateway {
            address: resolved.address,
            credentials: resolved.credentials,
            headers: self.headers.clone(),
            compression: self.compression,
            policy: self.policy,
            transport: Transport::new(route),
            interrupt: Interrupt::default(),
        })
    }
}

macro_rules! made_of {
    ($($source:ty => $make:expr;)*) => {$(
        impl TryFrom<$source> for Pushgateway {
            type Error = ConfigError;

            fn try_from(source: $source) -> Result<Self, ConfigError> {
                $make(&source)
            }
        }
    )*};
}

made_of! {
    &str => Self::new;
    String => Self::new;
    &String => Self::new;
    PushgatewayBuilder => PushgatewayBuilder::build;
    &PushgatewayBuilder => PushgatewayBuilder::build;
}

fn gather<G: Gather + ?Sized>(metrics: &G) -> Result<Cow<'_, MetricFamilies>, PushError> {
    metrics
        .families()
        .map_err(|source| PushError::Gather { source })
}
