//! The gateways, with what it takes to talk to them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pushjob::push::{
    Compression, ConfigError, FileKind, GatewayAddress, GatewayKind, Pushgateway,
    PushgatewayBuilder, Roots, Secret,
};

use super::given::Given;
use super::secrets::is_url;
use super::source::{ConfigWarning, SettingError, SettingSource};
use super::table::{
    BEARER_TOKEN, BEARER_TOKEN_FILE, COMPRESSION, GATEWAY, GATEWAY_KIND, HEADER, PASSWORD,
    PASSWORD_FILE, PROXY, PUSH_RETRIES, SPOOL, Setting, TLS_CA_FILE, TLS_CERT_FILE,
    TLS_INSECURE_SKIP_VERIFY, TLS_KEY_FILE, USERNAME,
};
use crate::terminal::chain;

pub(super) const NOT_RECORDED: &str = "the run is not recorded";

/// The gateways that the settings name.
#[derive(Debug)]
pub(crate) enum Gateways {
    NotGiven,
    /// Given, but a mistake in the environment or a file leaves open which or how.
    Unusable,
    /// At least one.
    Given(Vec<Gateway>),
}

/// A gateway, ready to be talked to.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) builder: PushgatewayBuilder,
    pub(crate) address: GatewayAddress,
    /// Mistake in the environment that keeps everything from it but what it is.
    pub(crate) unusable: Option<String>,
    /// Source of its kind: a setting of its own, or its URL.
    pub(crate) kind_source: SettingSource,
    given: Arc<Given>,
}

impl Gateways {
    /// Reads the gateways. Those with which something is wrong are left out.
    pub(super) fn read(
        given: &Given,
        push_timeout: Duration,
        warnings: &mut Vec<ConfigWarning>,
    ) -> Result<Self, String> {
        let retries = given.find(&PUSH_RETRIES).or_else(|error| {
            let unbounded = error.warn(warnings, "the default is used");
            unbounded.map(|()| None)
        })?;
        let kind = given.find(&GATEWAY_KIND).or_else(|error| {
            let decides = error.warn(warnings, "the path of the URL decides");
            decides.map(|()| None)
        })?;
        let compression = given.value_or_default(&COMPRESSION, warnings)?;
        let (urls, url_source) = match urls(given) {
            Ok(urls) => urls,
            Err(error) => return error.warn(warnings, NOT_RECORDED).map(|()| Self::Unusable),
        };
        if urls.is_empty() {
            // A mistake in one of the other settings counts also where there is no gateway.
            return match builder(given, "") {
                Ok(_) => Ok(Self::NotGiven),
                Err(error) => error.warn(warnings, NOT_RECORDED).map(|()| Self::Unusable),
            };
        }
        let connection = ConnectionSettings {
            push_timeout,
            retries: retries.map(|(retries, _)| retries),
            compression,
            kind: kind.map(|(kind, _)| kind),
        };
        let kind_source = kind.map_or(url_source, |(_, source)| source);
        let given = Arc::new(given.clone());
        let (mut usable, mut wrong) = (Vec::new(), Vec::new());
        for url in &urls {
            match gateway(&given, url, &connection, kind_source) {
                Ok((gateway, None)) => usable.push(gateway),
                Ok((gateway, Some(error))) => match keeping(gateway, error, warnings)? {
                    Ok(gateway) => usable.push(gateway),
                    Err(error) => wrong.push(error),
                },
                Err(error) => wrong.push(error),
            }
        }
        let consequence = if usable.is_empty() {
            NOT_RECORDED
        } else {
            "nothing is delivered to it"
        };
        for error in wrong {
            error.warn(warnings, consequence)?;
        }
        Ok(if usable.is_empty() {
            Self::Unusable
        } else {
            Self::Given(usable)
        })
    }

    /// Mistakes in the files that they need. Those may be right by the time they matter, so a job
    /// is not kept waiting for the mistakes to be found.
    pub(crate) fn unreadable_files(&self) -> Vec<String> {
        let Self::Given(gateways) = self else {
            return Vec::new();
        };
        let mut messages = Vec::new();
        for gateway in gateways {
            let message = gateway.builder.check_files().err();
            let message = message.map(|error| gateway.explain(&error));
            // What is wrong for each of several gateways is said once.
            messages.extend(message.filter(|message| !messages.contains(message)));
        }
        messages
    }

    /// A client for each. The first mistake in a file that one of them needs is an error.
    pub(crate) fn clients(&self) -> Result<Vec<Pushgateway>, String> {
        if let Some(message) = self.unreadable_files().into_iter().next() {
            return Err(message);
        }
        let Self::Given(gateways) = self else {
            return Ok(Vec::new());
        };
        let clients = gateways.iter().map(|gateway| {
            let client = gateway.builder.build();
            client.map_err(|error| gateway.explain(&error))
        });
        clients.collect()
    }
}

impl Gateway {
    /// The message of an error, with the setting that it comes from.
    pub(crate) fn explain(&self, error: &ConfigError) -> String {
        explain(&self.given, error).into_message()
    }
}

/// The settings of a client that are the same for all gateways and cannot be wrong any more.
struct ConnectionSettings {
    push_timeout: Duration,
    /// None: as many as the time allows.
    retries: Option<u32>,
    compression: Compression,
    kind: Option<GatewayKind>,
}

impl ConnectionSettings {
    fn apply(&self, builder: PushgatewayBuilder) -> PushgatewayBuilder {
        let mut builder = builder
            .compression(self.compression)
            .timeout(self.push_timeout);
        if let Some(retries) = self.retries {
            builder = builder.retries(retries);
        }
        match self.kind {
            Some(kind) => builder.kind(kind),
            None => builder,
        }
    }
}

/// The gateway at this URL, with the mistake that keeps anything from being delivered to it. A wrong
/// URL is an error.
fn gateway(
    given: &Arc<Given>,
    url: &str,
    connection: &ConnectionSettings,
    kind_source: SettingSource,
) -> Result<(Gateway, Option<SettingError>), SettingError> {
    let explain = |error: ConfigError| explain(given, &error);
    let bare = connection.apply(Pushgateway::builder(url));
    let address = bare.address().map_err(explain)?;
    let checked = builder(given, url).and_then(|builder| {
        let builder = connection.apply(builder);
        builder.check().map_err(explain)?;
        Ok(builder)
    });
    let (builder, mistake) = match checked {
        Ok(builder) => (builder, None),
        Err(error) => (bare, Some(error)),
    };
    let gateway = Gateway {
        builder,
        address,
        unusable: None,
        kind_source,
        given: Arc::clone(given),
    };
    Ok((gateway, mistake))
}

/// The URLs, each of which may still be wrong.
fn urls(given: &Given) -> Result<(Vec<String>, SettingSource), SettingError> {
    let (urls, source) = given.list(&GATEWAY)?;
    // What is no URL and comes before the end of a login may be the beginning of it.
    let last_login = urls.iter().rposition(|url| url.contains('@'));
    let mut before_login = urls.iter().take(last_login.unwrap_or(0));
    if !source.is_flag() && before_login.any(|url| !is_url(url)) {
        let reason =
            "one of the URLs in it is none; in a user name or password write %2C for a comma";
        return Err(source.error(reason));
    }
    Ok((urls, source))
}

/// A builder of a client that connects as the settings say.
fn builder(given: &Given, url: &str) -> Result<PushgatewayBuilder, SettingError> {
    let mut builder = Pushgateway::builder(url);
    for (name, value) in given.list(&HEADER)?.0 {
        builder = builder.header(name, value);
    }
    match (given.find(&TLS_CERT_FILE)?, given.find(&TLS_KEY_FILE)?) {
        (Some((certificate, _)), Some((key, _))) => {
            builder = builder.tls_client_certificate(certificate, key);
        }
        (Some((_, source)), None) => {
            return Err(source.error("there is no key to go with it: set --tls-key-file"));
        }
        (None, Some((_, source))) => {
            return Err(source.error("there is no certificate to go with it: set --tls-cert-file"));
        }
        (None, None) => {}
    }
    if given.switch(&TLS_INSECURE_SKIP_VERIFY)?.is_some() {
        builder = builder.tls_insecure_skip_verify();
    }
    if let Some(username) = given.value(&USERNAME)? {
        builder = builder.username(username);
    }
    if let Some(password) = secret(given, &PASSWORD_FILE, &PASSWORD)? {
        builder = builder.password(password);
    }
    if let Some(token) = secret(given, &BEARER_TOKEN_FILE, &BEARER_TOKEN)? {
        builder = builder.bearer_token(token);
    }
    if let Some(path) = given.value(&TLS_CA_FILE)? {
        builder = builder.tls_roots(Roots::File(path));
    }
    if let Some(proxy) = given.value(&PROXY)? {
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

/// A file with a secret, or a variable that is one.
fn secret(
    given: &Given,
    file: &'static Setting<PathBuf>,
    value: &'static Setting<String>,
) -> Result<Option<Secret>, SettingError> {
    let file = match given.find(file)? {
        Some((path, SettingSource::Flag(_))) => return Ok(Some(Secret::File(path))),
        file => file,
    };
    match (file, given.find(value)?) {
        (Some((_, source)), Some((_, other))) => {
            Err(source.error(format!("{other} is set too: set one of the two")))
        }
        (Some((path, _)), None) => Ok(Some(Secret::File(path))),
        (None, value) => Ok(value.map(|(value, _)| Secret::Value(value))),
    }
}

/// An error of the client as one of the setting that it comes from.
fn explain(given: &Given, error: &ConfigError) -> SettingError {
    let url = given
        .source(&GATEWAY.row)
        .unwrap_or(SettingSource::Variable(GATEWAY.row.name));
    let username = given.source(&USERNAME.row);
    let password = given
        .source(&PASSWORD_FILE.row)
        .or_else(|| given.source(&PASSWORD.row));
    let token = given
        .source(&BEARER_TOKEN_FILE.row)
        .or_else(|| given.source(&BEARER_TOKEN.row));
    let headers = given.source(&HEADER.row);
    let of_kind = |kind| match kind {
        FileKind::Password => password,
        FileKind::BearerToken => token,
        FileKind::Ca => given.source(&TLS_CA_FILE.row),
        FileKind::Certificate => given.source(&TLS_CERT_FILE.row),
        FileKind::Key => given.source(&TLS_KEY_FILE.row),
        _ => None,
    };
    // What a file holds is no matter of usage, wherever its name comes from.
    let about_file = |kind| {
        let source = of_kind(kind).unwrap_or(url);
        SettingError::Environment(format!("{source}: {}", chain(error)))
    };
    let source = match error {
        ConfigError::PasswordWithoutUsername => {
            let reason = "there is no user name to go with the password: set --username";
            return password.unwrap_or(url).error(reason);
        }
        ConfigError::Proxy {
            variable: Some(_), ..
        } => return SettingError::Environment(error.to_string()),
        ConfigError::File(file) => return about_file(file.kind()),
        ConfigError::Pem { kind, .. } => return about_file(*kind),
        ConfigError::ClientCertificate { .. } => return about_file(FileKind::Certificate),
        ConfigError::Username => username,
        ConfigError::BearerToken => token,
        ConfigError::LongCredentials => token.or(password).or(username),
        ConfigError::BasicAndBearer => {
            let in_url = username.or(password).is_none().then_some(url);
            SettingSource::conflict_between([token, username, password, in_url])
        }
        ConfigError::Header { name, .. } if name.eq_ignore_ascii_case("authorization") => {
            SettingSource::conflict_between([headers, token, username, password])
        }
        ConfigError::Header { .. } | ConfigError::LongHeaders { .. } => headers,
        ConfigError::Proxy { .. } => given.source(&PROXY.row),
        _ => None,
    };
    source.unwrap_or(url).error(error)
}

/// A gateway that nothing can be delivered to for now, where a spool keeps what is meant for it; else the
/// mistake that keeps it from being used.
fn keeping(
    mut gateway: Gateway,
    error: SettingError,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Result<Gateway, SettingError>, String> {
    let Some(directory) = gateway.given.checked(&SPOOL)? else {
        return Ok(Err(error));
    };
    let directory = directory.display();
    gateway.unusable = Some(error.message().to_owned());
    error.warn(
        warnings,
        &format!("nothing is delivered, the result is kept in {directory}"),
    )?;
    Ok(Ok(gateway))
}
