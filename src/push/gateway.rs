use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::exposition::{CONTENT_TYPE, Gather, MetricFamilies};
use crate::grouping::GroupingKey;

use super::auth::Credentials;
use super::builder::PushgatewayBuilder;
use super::compression::Compression;
use super::delivery::Delivery;
use super::error::{ConfigError, PushError};
use super::header::Header;
use super::interrupt::{Interrupt, Stage};
use super::kind::GatewayKind;
use super::request::{Change, Request, path_for};
use super::retry::Policy;
use super::transport::{Bytes, Content, Exchange, Transport};

/// The longest time of a delivery: ten years, which no clock calculation overflows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The most that messages show of a URL, in characters.
const SHOWN_URL: usize = 300;

/// A delivery that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// How often it was tried, at least 1.
    pub tries: u32,
    /// How long it took in all.
    pub elapsed: Duration,
}

impl Delivered {
    /// What a [sink](crate::sink::Sink) of a program's own has to say.
    #[must_use]
    pub fn new(tries: u32, elapsed: Duration) -> Self {
        Self { tries, elapsed }
    }
}

/// Where a gateway is, as it stands in messages: without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GatewayAddress {
    pub(super) base: String,
    pub(super) kind: GatewayKind,
}

impl GatewayAddress {
    /// The base URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The URL of a group.
    #[must_use]
    pub fn url(&self, key: &GroupingKey) -> String {
        format!("{}{}", self.base, path_for(self.kind, key))
    }
}

/// A client of one Pushgateway, or of anything that takes pushes like one.
///
/// It can be shared between threads. Each delivery is bounded by one [timeout](PushgatewayBuilder::timeout), is tried
/// again when what failed may pass, and never follows a redirect.
#[derive(Debug)]
pub struct Pushgateway {
    pub(super) base: String,
    pub(super) kind: GatewayKind,
    pub(super) credentials: Option<Credentials>,
    pub(super) headers: Vec<Header>,
    pub(super) compression: Compression,
    pub(super) policy: Policy,
    pub(super) transport: Transport,
    pub(super) interrupt: Interrupt,
}

impl Pushgateway {
    /// A client with default settings. The scheme defaults to `http://`, a path prefix is kept, and user name and
    /// password in the URL become Basic auth.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when this is not the URL of a gateway, or the credentials in it cannot be sent.
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

    /// A second client with the same settings. It has its own connections, and is [shut down](Self::shut_down) or told to
    /// [stop retrying](Self::stop_retrying) independently of this one: for pushes in the background.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            base: self.base.clone(),
            kind: self.kind,
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

    /// Replaces the metrics of the same names in a group, whatever their labels, and keeps the others (POST).
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
        format!("{}{}", self.base, path_for(self.kind, key))
    }

    /// Where it sends to.
    #[must_use]
    pub fn address(&self) -> GatewayAddress {
        GatewayAddress {
            base: self.base.clone(),
            kind: self.kind,
        }
    }

    /// The time that a delivery may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.policy.timeout
    }

    /// What stands behind the URL.
    #[must_use]
    pub fn kind(&self) -> GatewayKind {
        self.kind
    }

    /// Checks, encodes and sends a change.
    ///
    /// # Errors
    ///
    /// [`PushError::Unpushable`] before anything is sent, when a gateway would store these metrics wrongly; otherwise see
    /// [`send`](Self::send).
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
    /// Each names the URL of the group. [`PushError::Status`] with the line of the gateway's answer that says most, at
    /// once for a status that is final and after the last try for one that may pass; [`PushError::Inconsistent`] when the
    /// gateway refuses because of what others have pushed; [`PushError::Redirect`]; [`PushError::NoAnswer`] when every try
    /// failed; [`PushError::Credentials`] when the file of password or token cannot be read; [`PushError::Unsupported`]
    /// where nothing can be replaced or deleted; [`PushError::ShutDown`].
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
        let timeout = timeout.min(LONGEST_TIMEOUT);
        let url = format!("{}{}", self.base, request.path_for(self.kind));
        if !self.kind.supports(request.method()) {
            return Err(PushError::Unsupported {
                url: shortened(&url),
                kind: self.kind,
                method: request.method(),
            });
        }
        let authorization = match &self.credentials {
            Some(credentials) => {
                Some(
                    credentials
                        .authorization()
                        .map_err(|source| PushError::Credentials {
                            url: shortened(&url),
                            source,
                        })?,
                )
            }
            None => None,
        };
        let body = request.body().map(|body| self.compression.apply(body));
        let streamed = request.streamed();
        let stream = streamed.map(|text| || self.compression.stream(text.read(), text.length()));
        let bytes = body.as_deref().map(Bytes::Held);
        let stream = stream.as_ref().map(|open| Bytes::Read(open));
        let content = bytes.or(stream).map(|bytes| Content {
            media_type: CONTENT_TYPE,
            encoding: self.compression.encoding(),
            bytes,
        });
        let delivery = Delivery {
            client: self,
            request,
            exchange: Exchange {
                method: request.method(),
                url: &url,
                authorization: authorization.as_ref(),
                headers: &self.headers,
                body: content,
            },
        };
        delivery.run(begin, timeout)
    }

    /// Lets what is under way end, but tries nothing again: a delivery that pauses fails at once. Callable from any
    /// thread, and not to be undone.
    pub fn stop_retrying(&self) {
        self.interrupt.advance(Stage::LastTry);
    }

    /// Cuts off what is under way and sends nothing more. Callable from any thread, and not to be undone.
    ///
    /// A request that has been sent whole may still be carried out by the gateway.
    pub fn shut_down(&self) {
        self.interrupt.advance(Stage::ShutDown);
        self.transport.shut_down();
    }
}

impl TryFrom<&str> for Pushgateway {
    type Error = ConfigError;

    /// Equivalent to [`Pushgateway::new`].
    fn try_from(url: &str) -> Result<Self, ConfigError> {
        Self::new(url)
    }
}

impl TryFrom<String> for Pushgateway {
    type Error = ConfigError;

    /// Equivalent to [`Pushgateway::new`].
    fn try_from(url: String) -> Result<Self, ConfigError> {
        Self::new(&url)
    }
}

impl TryFrom<&String> for Pushgateway {
    type Error = ConfigError;

    /// Equivalent to [`Pushgateway::new`].
    fn try_from(url: &String) -> Result<Self, ConfigError> {
        Self::new(url)
    }
}

impl TryFrom<PushgatewayBuilder> for Pushgateway {
    type Error = ConfigError;

    /// Equivalent to [`PushgatewayBuilder::build`].
    fn try_from(builder: PushgatewayBuilder) -> Result<Self, ConfigError> {
        builder.build()
    }
}

impl TryFrom<&PushgatewayBuilder> for Pushgateway {
    type Error = ConfigError;

    /// Equivalent to [`PushgatewayBuilder::build`].
    fn try_from(builder: &PushgatewayBuilder) -> Result<Self, ConfigError> {
        builder.build()
    }
}

fn gather<G: Gather + ?Sized>(metrics: &G) -> Result<Cow<'_, MetricFamilies>, PushError> {
    metrics
        .families()
        .map_err(|source| PushError::Gather { source })
}

/// A URL for a message.
pub(super) fn shortened(url: &str) -> String {
    match url.char_indices().nth(SHOWN_URL) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}
