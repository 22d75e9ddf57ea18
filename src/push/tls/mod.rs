//! TLS: whom to trust, who we are, and what went wrong in plain words.

mod connection;
mod pem;
mod trouble;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

pub(super) use self::connection::TlsConnector;
use self::pem::{read_certificates, read_key};
use self::trouble::client_certificate_trouble;
pub(super) use self::trouble::plain;
use self::verify::{Verifier, built_in_roots, system_roots};
use super::error::ConfigError;
use super::file::FileKind;

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
    System,
    BuiltIn,
    Verifier(Arc<Verifier>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files that the settings name.
    pub(super) fn read(settings: &TlsSettings) -> Result<Self, ConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // A file that was named is to be right also where it is not used.
        let trust = match &settings.roots {
            Roots::System => Trust::System,
            Roots::BuiltIn => Trust::BuiltIn,
            Roots::File(path) => {
                Trust::Verifier(Arc::new(Verifier::by_file(path, Arc::clone(&provider))?))
            }
        };
        let trust = match settings.verification {
            Verification::Full => trust,
            Verification::Skipped => {
                Trust::Verifier(Arc::new(Verifier::of_nothing(Arc::clone(&provider))))
            }
        };
        let client = match &settings.client {
            Some((certificate, key)) => {
                let chain = read_certificates(certificate, FileKind::Certificate)?;
                let private = read_key(key)?;
                CertifiedKey::from_der(chain.clone(), private.clone_key(), &provider).map_err(
                    |error| ConfigError::ClientCertificate {
                        certificate: certificate.clone(),
                        key: key.clone(),
                        reason: client_certificate_trouble(&error),
                    },
                )?;
                Some((chain, private))
            }
            None => None,
        };
        Ok(Self {
            provider,
            trust,
            client,
            config: OnceLock::new(),
        })
    }

    fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build()?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    fn build(&self) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.trust {
            Trust::Verifier(verifier) => {
                let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(verifier) as _;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
            }
            Trust::System => builder.with_root_certificates(system_roots()),
            Trust::BuiltIn => builder.with_root_certificates(built_in_roots()),
        };
        match &self.client {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()),
            None => Ok(builder.with_no_client_auth()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_that_were_asked_for_are_used() {
        let trust = |roots| {
            let settings = TlsSettings {
                roots,
                ..TlsSettings::default()
            };
            Tls::read(&settings).unwrap().trust
        };
        assert!(matches!(trust(Roots::BuiltIn), Trust::BuiltIn));
        assert!(matches!(trust(Roots::System), Trust::System));
        assert!(matches!(trust(Roots::default()), Trust::System));
    }
}
