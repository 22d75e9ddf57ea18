//! The gateways, with what it takes to talk to them.

use std::env;
use std::path::PathBuf;

use pushjob::push::{
    Compression, ConfigError, FileKind, GatewayKind, Proxy, Pushgateway, PushgatewayBuilder, Roots,
    Secret,
};

use super::Gateway;
use super::source::{Given, Mistake, Source, given, given_list, given_path, switched_on, variable};
use crate::args::GatewayArgs;
use crate::console::chain;

/// The variables that hold secrets, which no job gets to see.
const SECRETS: [&str; 3] = ["PUSHJOB_PASSWORD", "PUSHJOB_BEARER_TOKEN", "PUSHJOB_HEADER"];

/// The variables in which there may be a password behind a user name.
const NAMES: [(&str, u8); 3] = [
    ("PUSHJOB_GATEWAY", b'@'),
    ("PUSHJOB_PROXY", b'@'),
    ("PUSHJOB_USERNAME", b':'),
];

/// The variables with a secret in them.
pub(crate) fn secret_variables() -> impl Iterator<Item = &'static str> {
    let with_password = NAMES.into_iter().filter(|(name, separator)| {
        let value = env::var_os(name).unwrap_or_default();
        value.as_encoded_bytes().contains(separator)
    });
    SECRETS
        .into_iter()
        .chain(with_password.map(|(name, _)| name))
}

/// What all gateways have in common, and where each part of it comes from.
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
    kind: Option<GatewayKind>,
}

/// The gateways, each usable or with what is wrong with it.
pub(super) fn read(args: &GatewayArgs) -> Result<Vec<Result<Gateway, Mistake>>, Mistake> {
    let common = Common::read(args)?;
    let (urls, source) = given_list(&args.gateway, "--gateway", "PUSHJOB_GATEWAY")?;
    Ok(urls.iter().map(|url| common.gateway(url, source)).collect())
}

impl Common {
    fn read(args: &GatewayArgs) -> Result<Self, Mistake> {
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
        Ok(Self {
            username: given(args.username.as_ref(), "--username", "PUSHJOB_USERNAME")?,
            password: secret(
                given_path(
                    args.password_file.as_ref(),
                    "--password-file",
                    "PUSHJOB_PASSWORD_FILE",
                ),
                "PUSHJOB_PASSWORD",
            )?,
            bearer: secret(
                given_path(
                    args.bearer_token_file.as_ref(),
                    "--bearer-token-file",
                    "PUSHJOB_BEARER_TOKEN_FILE",
                ),
                "PUSHJOB_BEARER_TOKEN",
            )?,
            headers,
            headers_source,
            ca: given_path(tls.ca_file.as_ref(), "--tls-ca-file", "PUSHJOB_TLS_CA_FILE"),
            certificate,
            key,
            unverified: unverified.is_some(),
            proxy: proxy(args)?,
            compression: compression(args)?,
            kind: kind(args)?,
        })
    }

    fn gateway(&self, url: &str, url_source: Source) -> Result<Gateway, Mistake> {
        let builder = self.builder(url);
        match builder.check() {
            Ok(kind) => Ok(Gateway {
                builder,
                kind,
                source: url_source,
            }),
            Err(error) => Err(self.mistake(&error, url_source)),
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
        if let Some(kind) = self.kind {
            builder = builder.kind(kind);
        }
        builder
    }

    /// An error of the client as one of the setting that it comes from.
    fn mistake(&self, error: &ConfigError, url: Source) -> Mistake {
        let password = self.password.as_ref().map(|(_, source)| *source);
        let bearer = self.bearer.as_ref().map(|(_, source)| *source);
        let username = self.username.as_ref().map(|(_, source)| *source);
        let certificate = self.certificate.as_ref().map(|(_, source)| *source);
        let key = self.key.as_ref().map(|(_, source)| *source);
        let ca = self.ca.as_ref().map(|(_, source)| *source);
        let of_kind = |kind| match kind {
            FileKind::Password => password,
            FileKind::BearerToken => bearer,
            FileKind::Ca => ca,
            FileKind::Certificate => certificate,
            FileKind::Key => key,
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
            ConfigError::LongCredentials => bearer
                .or(password)
                .or(username)
                .unwrap_or(url)
                .mistake(error),
            ConfigError::Username => username.unwrap_or(url).mistake(error),
            ConfigError::BasicAndBearer | ConfigError::BearerToken => {
                bearer.unwrap_or(url).mistake(error)
            }
            ConfigError::Header { .. } | ConfigError::LongHeaders { .. } => {
                self.headers_source.mistake(error)
            }
            ConfigError::Proxy {
                variable: Some(_), ..
            } => Mistake::Trouble(error.to_string()),
            ConfigError::Proxy { .. } => {
                let source = self.proxy.as_ref().map(|(_, source)| *source);
                source.unwrap_or(url).mistake(error)
            }
            ConfigError::File(file) => about_file(of_kind(file.kind())),
            ConfigError::Pem { kind, .. } => about_file(of_kind(*kind)),
            ConfigError::ClientCertificate { .. } => about_file(certificate),
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
    Ok(given.map(|(text, source)| match text.as_str() {
        "none" => (Proxy::None, source),
        _ => (Proxy::Url(text), source),
    }))
}

fn compression(args: &GatewayArgs) -> Result<Compression, Mistake> {
    let given = given(
        args.compression.as_ref(),
        "--compression",
        "PUSHJOB_COMPRESSION",
    )?;
    match given.as_ref().map(|(text, source)| (text.as_str(), source)) {
        None | Some(("none", _)) => Ok(Compression::None),
        Some(("gzip", _)) => Ok(Compression::Gzip),
        Some((other, source)) => {
            Err(source.mistake(format!("{other:?} is neither `gzip` nor `none`")))
        }
    }
}

fn kind(args: &GatewayArgs) -> Result<Option<GatewayKind>, Mistake> {
    let given = given(
        args.gateway_kind.as_ref(),
        "--gateway-kind",
        "PUSHJOB_GATEWAY_KIND",
    )?;
    match given.as_ref().map(|(text, source)| (text.as_str(), source)) {
        None => Ok(None),
        Some(("pushgateway", _)) => Ok(Some(GatewayKind::Pushgateway)),
        Some(("victoriametrics", _)) => Ok(Some(GatewayKind::VictoriaMetrics)),
        Some((other, source)) => Err(source.mistake(format!(
            "{other:?} is neither `pushgateway` nor `victoriametrics`"
        ))),
    }
}
