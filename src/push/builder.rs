//! The settings of a client.

use std::env;
use std::fmt;
#[cfg(feature = "rustls")]
use std::path::PathBuf;
use std::time::Duration;

use super::address::GatewayAddress;
use super::auth::{Credentials, Login, Secret};
use super::compression::Compression;
use super::config_error::ConfigError;
use super::gateway_url::{BaseUrl, Scheme, without_credentials};
use super::header::{self, ExtraHeader};
use super::kind::GatewayKind;
use super::proxy::{Proxy, ProxyServer};
use super::retry::RetryPolicy;
#[cfg(feature = "rustls")]
use super::tls::{Roots, Tls, TlsSettings, Verification};

/// Settings of a [`Pushgateway`](super::Pushgateway) client.
///
/// ```
/// use std::time::Duration;
/// use pushjob::push::{Pushgateway, Secret};
///
/// let client = Pushgateway::builder("https://gateway.example.org/metrics-push")
///     .timeout(Duration::from_secs(5))
///     .bearer_token(Secret::File("/run/secrets/token".into()))
///     .header("X-Scope-OrgID", "team-a")
///     .build()?;
/// # Ok::<(), pushjob::push::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct PushgatewayBuilder {
    pub(super) url: String,
    pub(super) login: Login,
    pub(super) headers: Vec<ExtraHeader>,
    #[cfg(feature = "rustls")]
    pub(super) tls: TlsSettings,
    pub(super) proxy: Proxy,
    pub(super) compression: Compression,
    pub(super) kind: Option<GatewayKind>,
    pub(super) policy: RetryPolicy,
}

impl PushgatewayBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            login: Login::default(),
            headers: Vec::new(),
            #[cfg(feature = "rustls")]
            tls: TlsSettings::default(),
            proxy: Proxy::default(),
            compression: Compression::default(),
            kind: None,
            policy: RetryPolicy {
                timeout: Duration::from_secs(10),
                retries: None,
            },
        }
    }

    /// The time for one delivery in all: resolve, connect, TLS, send, receive, every retry and
    /// every pause. Defaults to 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = timeout;
        self
    }

    /// Maximum number of further attempts after a transient failure. Defaults to as many as the
    /// timeout allows, with growing pauses of at most 2 seconds.
    pub fn retries(mut self, retries: u32) -> Self {
        self.policy.retries = Some(retries);
        self
    }

    /// The user name for Basic auth. Defaults to the one in the URL, or none. With another one the
    /// password in the URL, which belongs to its own, does not count.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// The password for Basic auth. Defaults to the one in the URL, or the empty one.
    pub fn password(mut self, password: Secret) -> Self {
        self.login.password = Some(password);
        self
    }

    /// The token for Bearer auth, instead of Basic auth. Defaults to none.
    pub fn bearer_token(mut self, token: Secret) -> Self {
        self.login.bearer = Some(token);
        self
    }

    /// One more header for every request. Defaults to none. The value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(ExtraHeader {
            name: name.into(),
            value: value.into(),
        });
        self
    }

    /// CA certificates that are trusted. Defaults to [`Roots::System`].
    #[cfg(feature = "rustls")]
    pub fn tls_roots(mut self, roots: Roots) -> Self {
        self.tls.roots = roots;
        self
    }

    /// PEM files with the certificate chain and the key by which a gateway knows us. Defaults to
    /// none. They are read when the client is built.
    #[cfg(feature = "rustls")]
    pub fn tls_client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.tls.client = Some((certificate.into(), key.into()));
        self
    }

    /// Takes any certificate for the gateway's, so that anyone on the way can read what is sent,
    /// credentials too. By default the certificate is verified.
    #[cfg(feature = "rustls")]
    pub fn tls_insecure_skip_verify(mut self) -> Self {
        self.tls.verification = Verification::Skipped;
        self
    }

    /// The proxy on the way. Defaults to what the environment says, see [`Proxy::Environment`],
    /// when the client is built.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Compression of request bodies. Defaults to none.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Kind of the gateway. Defaults to [`GatewayKind::VictoriaMetrics`] for a path that ends in
    /// `/api/v1/import/prometheus`, and to [`GatewayKind::Pushgateway`] otherwise.
    pub fn kind(mut self, kind: GatewayKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Checks what [`build`](Self::build) would, without making a client and without reading any
    /// file. Says what stands behind the URL.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as from [`build`](Self::build), but for what is wrong with a file.
    pub fn check(&self) -> Result<GatewayKind, ConfigError> {
        Ok(self.resolve()?.address.kind)
    }

    /// The address that it will send to, also where something else is wrong than the URL.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`].
    pub fn address(&self) -> Result<GatewayAddress, ConfigError> {
        Ok(self.address_of(BaseUrl::parse(&self.url)?.base))
    }

    fn address_of(&self, base: String) -> GatewayAddress {
        GatewayAddress {
            kind: self.kind.unwrap_or_else(|| GatewayKind::of(&base)),
            base,
        }
    }

    /// Checks what [`check`](Self::check) does and reads all files that are named, those of
    /// password and token too, as a delivery would; and those for TLS, also where the URL asks for
    /// none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as from [`build`](Self::build), and [`ConfigError::File`] for a password or
    /// token.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        #[cfg(feature = "rustls")]
        Tls::read(&self.tls)?;
        match self.resolve()?.credentials {
            Some(credentials) => credentials
                .authorization()
                .map(drop)
                .map_err(ConfigError::File),
            None => Ok(()),
        }
    }

    /// Decides all that can be decided without a file.
    pub(super) fn resolve(&self) -> Result<Resolved, ConfigError> {
        let url = BaseUrl::of_gateway(&self.url)?;
        let login = self.login.clone().or(url.username, url.password);
        let credentials = login.check()?;
        header::check(&self.headers, credentials.is_some())?;
        let proxy = self
            .proxy
            .for_target(&url.authority, |name| env::var(name).ok())?;
        Ok(Resolved {
            scheme: url.authority.scheme,
            address: self.address_of(url.base),
            credentials,
            proxy,
        })
    }
}

/// The outcome of settings, before any file is read.
pub(super) struct Resolved {
    pub(super) scheme: Scheme,
    pub(super) address: GatewayAddress,
    pub(super) credentials: Option<Credentials>,
    pub(super) proxy: Option<ProxyServer>,
}

impl fmt::Debug for PushgatewayBuilder {
    /// Without the credentials that the URL may hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PushgatewayBuilder");
        shown
            .field("url", &without_credentials(&self.url))
            .field("login", &self.login)
            .field("headers", &self.headers)
            .field("proxy", &self.proxy)
            .field("compression", &self.compression)
            .field("kind", &self.kind)
            .field("policy", &self.policy);
        #[cfg(feature = "rustls")]
        shown.field("tls", &self.tls);
        shown.finish()
    }
}
