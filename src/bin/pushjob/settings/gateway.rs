//! The gateways, with what it takes to talk to them.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use pushjob::push::{
    Compression, ConfigError, FileKind, GatewayKind, Proxy, Pushgateway, PushgatewayBuilder, Roots,
    Secret,
};

use super::args::GatewayArgs;
use super::source::{Given, Mistake, Source, given, given_list, given_path, switched_on, variable};
use super::{Gateway, Troubles};
use crate::terminal::chain;

/// The variables that hold secrets, which no job gets to see.
const SECRETS: [&str; 3] = ["PUSHJOB_PASSWORD", "PUSHJOB_BEARER_TOKEN", "PUSHJOB_HEADER"];

/// The variables that hold URLs, in which there may be a password.
const URLS: [&str; 2] = ["PUSHJOB_GATEWAY", "PUSHJOB_PROXY"];

/// The variables with a secret in them.
pub(crate) fn secret_variables() -> impl Iterator<Item = &'static str> {
    let with_password = URLS.into_iter().filter(|name| {
        let value = env::var_os(name).unwrap_or_default();
        let value = value.to_string_lossy();
        // What is no URL may be the end of a password.
        let mut urls = value
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty());
        value.contains('@') || urls.any(|url| !is_url(url))
    });
    let user_name = env::var_os("PUSHJOB_USERNAME").unwrap_or_default();
    let in_user_name = user_name.as_encoded_bytes().contains(&b':');
    SECRETS
        .into_iter()
        .chain(with_password)
        .chain(in_user_name.then_some("PUSHJOB_USERNAME"))
}

/// Where credentials come from that are sent to any gateway, if there are some.
pub(crate) fn credentials(args: &GatewayArgs) -> Option<&'static str> {
    let flags = [
        ("--username", args.username.is_some()),
        ("--password-file", args.password_file.is_some()),
        ("--bearer-token-file", args.bearer_token_file.is_some()),
        ("--header", !args.header.is_empty()),
        ("--tls-key-file", args.tls.key_file.is_some()),
    ];
    let variables = [
        "PUSHJOB_USERNAME",
        "PUSHJOB_PASSWORD",
        "PUSHJOB_PASSWORD_FILE",
        "PUSHJOB_BEARER_TOKEN",
        "PUSHJOB_BEARER_TOKEN_FILE",
        "PUSHJOB_HEADER",
        "PUSHJOB_TLS_KEY_FILE",
    ];
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let flag = flags.into_iter().find(|(_, is_given)| *is_given);
    let flag = flag.map(|(name, _)| name);
    flag.or_else(|| variables.into_iter().find(|name| is_set(name)))
}

fn is_url(text: &str) -> bool {
    let checked = Pushgateway::builder(text).proxy(Proxy::None).check();
    !matches!(checked, Err(ConfigError::Url { .. }))
}

/// What all gateways have in common.
struct Common {
    username: Given,
    password: Option<(Secret, Source)>,
    bearer: Option<(Secret, Source)>,
    headers: Vec<(String, String)>,
    headers_source: Source,
    ca: Option<(PathBuf, Source)>,
    certificate: Option<(PathBuf, Source)>,
    key: Option<(PathBuf, Source)>,
    unverified: bool,
    proxy: Option<(Proxy, Source)>,
    compression: Compression,
    kind: Option<(GatewayKind, Source)>,
}

/// Where each setting comes from.
#[derive(Debug)]
pub(super) struct Sources {
    url: Source,
    username: Option<Source>,
    password: Option<Source>,
    bearer: Option<Source>,
    headers: Source,
    ca: Option<Source>,
    certificate: Option<Source>,
    key: Option<Source>,
    proxy: Option<Source>,
}

/// The gateways, each usable or with what is wrong with it.
pub(super) fn read(
    args: &GatewayArgs,
    troubles: &mut Troubles,
) -> Result<Vec<Result<Gateway, Mistake>>, Mistake> {
    let kind = kind(args).or_else(|mistake| {
        troubles
            .keep(mistake, "the path of the URL decides")
            .map(|()| None)
            .map_err(Mistake::Usage)
    })?;
    let compression = compression(args).or_else(|mistake| {
        troubles
            .keep(mistake, "none is used")
            .map(|()| Compression::None)
            .map_err(Mistake::Usage)
    })?;
    let common = Common::read(args, kind, compression)?;
    let (urls, source) = given_list(&args.gateway, "--gateway", "PUSHJOB_GATEWAY")?;
    // What is no URL and comes before the end of a login may be the beginning of it.
    let last_login = urls.iter().rposition(|url| url.contains('@'));
    let comma_in_password = || {
        urls.iter()
            .take(last_login.unwrap_or(0))
            .any(|url| !is_url(url))
    };
    if !source.is_flag() && comma_in_password() {
        let reason =
            "one of the URLs in it is none; in a user name or password write %2C for a comma";
        return Err(source.mistake(reason));
    }
    let sources = Arc::new(common.sources(source));
    Ok(urls
        .iter()
        .map(|url| common.gateway(url, &sources))
        .collect())
}

impl Common {
    fn read(
        args: &GatewayArgs,
        kind: Option<(GatewayKind, Source)>,
        compression: Compression,
    ) -> Result<Self, Mistake> {
        let (headers, headers_source) = headers(args)?;
        let tls = &args.tls;
        let certificate = given_path(
            tls.cert_file.as_ref(),
            "--tls-cert-file",
            "PUSHJOB_TLS_CERT_FILE",
        );
        let key = given_path(
            tls.key_file.as_ref(),
            "--tls-key-file",
            "PUSHJOB_TLS_KEY_FILE",
        );
        match (&certificate, &key) {
            (Some((_, source)), None) => {
                return Err(source.mistake("there is no key to go with it: set --tls-key-file"));
            }
            (None, Some((_, source))) => {
                return Err(
                    source.mistake("there is no certificate to go with it: set --tls-cert-file")
                );
            }
            _ => {}
        }
        let unverified = switched_on(
            tls.insecure_skip_verify,
            "--tls-insecure-skip-verify",
            "PUSHJOB_TLS_INSECURE_SKIP_VERIFY",
        )?;
        let password = given_path(
            args.password_file.as_ref(),
            "--password-file",
            "PUSHJOB_PASSWORD_FILE",
        );
        let bearer = given_path(
            args.bearer_token_file.as_ref(),
            "--bearer-token-file",
            "PUSHJOB_BEARER_TOKEN_FILE",
        );
        Ok(Self {
            username: given(args.username.as_ref(), "--username", "PUSHJOB_USERNAME")?,
            password: secret(password, "PUSHJOB_PASSWORD")?,
            bearer: secret(bearer, "PUSHJOB_BEARER_TOKEN")?,
            headers,
            headers_source,
            ca: given_path(tls.ca_file.as_ref(), "--tls-ca-file", "PUSHJOB_TLS_CA_FILE"),
            certificate,
            key,
            unverified: unverified.is_some(),
            proxy: proxy(args)?,
            compression,
            kind,
        })
    }

    fn sources(&self, url: Source) -> Sources {
        Sources {
            url,
            username: source_of(self.username.as_ref()),
            password: source_of(self.password.as_ref()),
            bearer: source_of(self.bearer.as_ref()),
            headers: self.headers_source,
            ca: source_of(self.ca.as_ref()),
            certificate: source_of(self.certificate.as_ref()),
            key: source_of(self.key.as_ref()),
            proxy: source_of(self.proxy.as_ref()),
        }
    }

    fn gateway(&self, url: &str, sources: &Arc<Sources>) -> Result<Gateway, Mistake> {
        let builder = self.builder(url);
        match builder.check() {
            Ok(kind) => Ok(Gateway {
                builder,
                kind,
                kind_source: source_of(self.kind.as_ref()).unwrap_or(sources.url),
                sources: Arc::clone(sources),
            }),
            Err(error) => Err(sources.mistake(&error)),
        }
    }

    fn builder(&self, url: &str) -> PushgatewayBuilder {
        let mut builder = Pushgateway::builder(url).compression(self.compression);
        if let Some((username, _)) = &self.username {
            builder = builder.username(username);
        }
        if let Some((password, _)) = &self.password {
            builder = builder.password(password.clone());
        }
        if let Some((token, _)) = &self.bearer {
            builder = builder.bearer_token(token.clone());
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        if let Some((path, _)) = &self.ca {
            builder = builder.tls_roots(Roots::File(path.clone()));
        }
        if let (Some((certificate, _)), Some((key, _))) = (&self.certificate, &self.key) {
            builder = builder.tls_client_certificate(certificate, key);
        }
        if self.unverified {
            builder = builder.tls_insecure_skip_verify();
        }
        if let Some((proxy, _)) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        if let Some((kind, _)) = self.kind {
            builder = builder.kind(kind);
        }
        builder
    }
}

fn source_of<T>(given: Option<&(T, Source)>) -> Option<Source> {
    given.map(|(_, source)| *source)
}

impl Sources {
    /// An error of the client as one of the setting that it comes from.
    pub(super) fn mistake(&self, error: &ConfigError) -> Mistake {
        let Self {
            url,
            username,
            password,
            bearer,
            headers,
            ..
        } = *self;
        let of_kind = |kind| match kind {
            FileKind::Password => password,
            FileKind::BearerToken => bearer,
            FileKind::Ca => self.ca,
            FileKind::Certificate => self.certificate,
            FileKind::Key => self.key,
            _ => None,
        };
        // What a file holds is no matter of usage, wherever its name comes from.
        let about_file = |source: Option<Source>| {
            let source = source.unwrap_or(url);
            Mistake::Trouble(format!("{source}: {}", chain(error)))
        };
        match error {
            ConfigError::PasswordWithoutUsername => password
                .unwrap_or(url)
                .mistake("there is no user name to go with the password: set --username"),
            ConfigError::Username => username.unwrap_or(url).mistake(error),
            ConfigError::BearerToken => bearer.unwrap_or(url).mistake(error),
            ConfigError::LongCredentials => {
                let source = bearer.or(password).or(username);
                source.unwrap_or(url).mistake(error)
            }
            ConfigError::BasicAndBearer => {
                let basic = if username.is_none() && password.is_none() {
                    Some(url)
                } else {
                    None
                };
                Source::of_conflict([bearer, username, password, basic])
                    .unwrap_or(url)
                    .mistake(error)
            }
            ConfigError::Header { name, .. } if name.eq_ignore_ascii_case("authorization") => {
                Source::of_conflict([Some(headers), bearer, username, password])
                    .unwrap_or(headers)
                    .mistake(error)
            }
            ConfigError::Header { .. } | ConfigError::LongHeaders { .. } => headers.mistake(error),
            ConfigError::Proxy {
                variable: Some(_), ..
            } => Mistake::Trouble(error.to_string()),
            ConfigError::Proxy { .. } => self.proxy.unwrap_or(url).mistake(error),
            ConfigError::File(file) => about_file(of_kind(file.kind())),
            ConfigError::Pem { kind, .. } => about_file(of_kind(*kind)),
            ConfigError::ClientCertificate { .. } => about_file(self.certificate),
            _ => url.mistake(error),
        }
    }
}

/// A file with a secret, or a variable that is one.
fn secret(
    file: Option<(PathBuf, Source)>,
    variable_name: &'static str,
) -> Result<Option<(Secret, Source)>, Mistake> {
    if let Some((path, source @ Source::Flag(_))) = file {
        return Ok(Some((Secret::File(path), source)));
    }
    match (file, variable(variable_name)?) {
        (Some((_, source)), Some(_)) => {
            Err(source.mistake(format!("{variable_name} is set too: set one of the two")))
        }
        (Some((path, source)), None) => Ok(Some((Secret::File(path), source))),
        (None, Some(value)) => {
            let source = Source::Environment(variable_name);
            Ok(Some((Secret::Value(value), source)))
        }
        (None, None) => Ok(None),
    }
}

fn headers(args: &GatewayArgs) -> Result<(Vec<(String, String)>, Source), Mistake> {
    let (lines, source) = given_list(&args.header, "--header", "PUSHJOB_HEADER")?;
    let split = |line: &String| {
        // The line is not shown: what stands in it may be a secret.
        let (name, value) = line.split_once(':').ok_or_else(|| {
            source.mistake("there is a header that is not of the form `Name: value`")
        })?;
        Ok((name.trim_end().to_owned(), value.trim().to_owned()))
    };
    let headers: Result<_, Mistake> = lines.iter().map(split).collect();
    Ok((headers?, source))
}

fn proxy(args: &GatewayArgs) -> Result<Option<(Proxy, Source)>, Mistake> {
    let given = given(args.proxy.as_ref(), "--proxy", "PUSHJOB_PROXY")?;
    Ok(
        given.map(|(text, source)| match text.to_ascii_lowercase().as_str() {
            "none" => (Proxy::None, source),
            _ => (Proxy::Url(text), source),
        }),
    )
}

fn compression(args: &GatewayArgs) -> Result<Compression, Mistake> {
    let given = given(
        args.compression.as_ref(),
        "--compression",
        "PUSHJOB_COMPRESSION",
    )?;
    let given = given.map(|(text, source)| (text.to_ascii_lowercase(), source));
    match given.as_ref().map(|(text, source)| (text.as_str(), source)) {
        None | Some(("none", _)) => Ok(Compression::None),
        Some(("gzip", _)) => Ok(Compression::Gzip),
        Some((other, source)) => {
            Err(source.mistake(format!("{other:?} is neither `gzip` nor `none`")))
        }
    }
}

fn kind(args: &GatewayArgs) -> Result<Option<(GatewayKind, Source)>, Mistake> {
    let given = given(
        args.gateway_kind.as_ref(),
        "--gateway-kind",
        "PUSHJOB_GATEWAY_KIND",
    )?;
    let Some((text, source)) = given else {
        return Ok(None);
    };
    match text.to_ascii_lowercase().as_str() {
        "pushgateway" => Ok(Some((GatewayKind::Pushgateway, source))),
        "victoriametrics" => Ok(Some((GatewayKind::VictoriaMetrics, source))),
        _ => Err(source.mistake(format!(
            "{text:?} is neither `pushgateway` nor `victoriametrics`"
        ))),
    }
}
