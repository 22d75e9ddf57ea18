//! TLS: whom to trust, who we are, and what went wrong in plain words.

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    RootCertStore, SignatureScheme, StreamOwned,
};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use super::error::ConfigError;
use super::file::{FileKind, read};
use super::transport::{Obstacle, time_left};

/// The most that is read of a file with certificates or a key, in bytes.
const PEM_LIMIT: u64 = 4 * 1024 * 1024;

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The authorities that this system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded); where it has none, as in
    /// a container without certificates, the built-in ones.
    #[default]
    System,
    /// The public authorities of Mozilla's list, as they were when this was compiled.
    BuiltIn,
    /// The certificates in this PEM file and no others.
    File(PathBuf),
}

/// How to talk TLS, as it was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsSettings {
    pub(super) roots: Roots,
    /// A PEM file with a certificate chain, and one with the key.
    pub(super) client: Option<(PathBuf, PathBuf)>,
    pub(super) verification: Verification,
}

/// Whether the certificate of the server is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Verification {
    #[default]
    Full,
    Skipped,
}

/// How to talk TLS, read from the files.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Made for the first connection: reading what a system trusts takes milliseconds that a plain push does not have.
    config: OnceLock<Arc<ClientConfig>>,
}

enum Trust {
    Skipped,
    System,
    BuiltIn,
    Only(RootCertStore),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files that the settings name.
    pub(super) fn read(settings: &TlsSettings) -> Result<Self, ConfigError> {
        let trust = match (&settings.roots, settings.verification) {
            // A file that was named is to be right also where it is not used.
            (Roots::File(path), verification) => {
                let only = read_roots(path)?;
                match verification {
                    Verification::Full => Trust::Only(only),
                    Verification::Skipped => Trust::Skipped,
                }
            }
            (_, Verification::Skipped) => Trust::Skipped,
            (Roots::System, Verification::Full) => Trust::System,
            (Roots::BuiltIn, Verification::Full) => Trust::BuiltIn,
        };
        let client = match &settings.client {
            Some((certificate, key)) => {
                let chain = parse_certificates(certificate, FileKind::Certificate)?;
                Some((chain, read_key(key)?))
            }
            None => None,
        };
        let tls = Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            trust,
            client,
            config: OnceLock::new(),
        };
        if let Some((certificate, key)) = &settings.client {
            tls.build(RootCertStore::empty())
                .map_err(|error| ConfigError::ClientCertificate {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    reason: client_certificate_trouble(&error),
                })?;
        }
        Ok(tls)
    }

    fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.trust {
            Trust::Skipped => RootCertStore::empty(),
            Trust::System => system_roots(),
            Trust::BuiltIn => built_in_roots(),
            Trust::Only(roots) => roots.clone(),
        };
        let config = Arc::new(self.build(roots)?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    fn build(&self, roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = match self.trust {
            Trust::Skipped => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified(Arc::clone(&self.provider)))),
            _ => builder.with_root_certificates(roots),
        };
        match &self.client {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()),
            None => Ok(builder.with_no_client_auth()),
        }
    }
}

fn built_in_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What cannot be read of it cannot be trusted; that shows when it would be needed.
    let found = rustls_native_certs::load_native_certs().certs;
    if roots.add_parsable_certificates(found).0 == 0 {
        return built_in_roots();
    }
    roots
}

fn read_pem(path: &Path, kind: FileKind) -> Result<Vec<u8>, ConfigError> {
    read(path, kind, PEM_LIMIT).map_err(ConfigError::File)
}

fn pem_error(path: &Path, kind: FileKind, reason: impl fmt::Display) -> ConfigError {
    ConfigError::Pem {
        kind,
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The certificates in a PEM file, at least one.
fn parse_certificates(
    path: &Path,
    kind: FileKind,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let content = read_pem(path, kind)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    let found = found.map_err(|error| pem_error(path, kind, error))?;
    if found.is_empty() {
        return Err(pem_error(path, kind, "it holds no certificate in PEM form"));
    }
    Ok(found)
}

fn read_roots(path: &Path) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in parse_certificates(path, FileKind::Ca)? {
        roots
            .add(certificate)
            .map_err(|error| pem_error(path, FileKind::Ca, plain(&error)))?;
    }
    Ok(roots)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let content = read_pem(path, FileKind::Key)?;
    PrivateKeyDer::from_pem_slice(&content).map_err(|_| {
        let encrypted = content
            .windows(b"ENCRYPTED".len())
            .any(|part| part == b"ENCRYPTED");
        let reason = if encrypted {
            "its key is encrypted: it has to be stored without a passphrase"
        } else {
            "it holds no private key in PEM form"
        };
        pem_error(path, FileKind::Key, reason)
    })
}

/// Puts TLS on a connection where the URL asks for it.
#[derive(Debug)]
pub(super) struct TlsConnector(pub(super) Arc<Tls>);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let refused = |error: rustls::Error| Obstacle::Lasting(plain(&error));
        let config = self.0.config().map_err(refused)?;
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Obstacle::Lasting(format!("{host:?} is no name for TLS")))?;
        let connection = ClientConnection::new(config, name).map_err(refused)?;
        let mut socket =
            TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(time_left(details));
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// A connection in TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output)?;
        Ok(self.stream.flush()?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Takes any certificate, but still has the server prove that it owns it.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What a failure of TLS means, after "cannot push: URL: ".
pub(super) fn plain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => certificate_trouble(reason),
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port: is it http:// there?".to_owned()
        }
        rustls::Error::AlertReceived(alert) => alert_trouble(*alert),
        rustls::Error::PeerIncompatible(_) => {
            format!("it speaks no version or cipher of TLS that is safe to use ({error})")
        }
        other => format!("TLS: {other}"),
    }
}

fn certificate_trouble(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "its certificate was not issued by an authority that is trusted here".to_owned()
        }
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = age(time.as_secs().saturating_sub(not_after.as_secs()));
            format!("its certificate has expired, {ago} ago")
        }
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => {
            let rest = age(not_before.as_secs().saturating_sub(time.as_secs()));
            format!("its certificate is not valid for another {rest}: are the clocks right?")
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                return format!("its certificate is not for {expected}, it names no host at all");
            }
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            format!(
                "its certificate is for {}, not for {expected}",
                names.join(", ")
            )
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is that of an authority (CA:TRUE), which cannot stand for a server"
                .to_owned()
        }
        other => format!("its certificate is not valid: {other}"),
    }
}

/// A time in words, in the unit that fits.
fn age(seconds: u64) -> String {
    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..HOUR => format!("{} minutes", seconds / 60),
        HOUR..DAY => format!("{} hours", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

/// `example.org` of `DnsName("example.org")`.
fn bare_name(name: &str) -> &str {
    name.split(['"', '(', ')'])
        .filter(|part| !part.is_empty())
        .nth(1)
        .unwrap_or(name)
}

fn alert_trouble(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "it asks for a client certificate".to_owned(),
        AlertDescription::BadCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => {
            format!("it refuses our client certificate, or asks for one ({alert:?})")
        }
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => {
            format!("it speaks no version or cipher of TLS that is safe to use ({alert:?})")
        }
        AlertDescription::UnrecognisedName => "it knows no host of this name".to_owned(),
        other => format!("it broke off TLS ({other:?})"),
    }
}

/// Why a certificate and its key cannot be used.
fn client_certificate_trouble(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the key does not belong to the certificate".to_owned()
        }
        other => plain(other),
    }
}
