//! TLS settings and what is read for them.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::message::describe_client_certificate;
use super::pem::{read_certificates, read_key};
use super::verify::{CertificateVerifier, built_in_roots, system_roots};
use crate::push::config_error::ConfigError;
use crate::push::file::FileKind;

/// CA certificates that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The authorities that this system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded);
    /// where it has none, as in a container without certificates, the built-in ones.
    #[default]
    System,
    /// The public authorities of Mozilla's list, as they were when this was compiled.
    BuiltIn,
    /// The certificates in this PEM file and no others.
    File(PathBuf),
}

/// TLS settings as they were given.
#[derive(Clone, Debug, Default)]
pub(in crate::push) struct TlsSettings {
    pub(in crate::push) roots: Roots,
    /// A PEM file with a certificate chain, and one with the key.
    pub(in crate::push) client: Option<(PathBuf, PathBuf)>,
    pub(in crate::push) verification: Verification,
}

/// Verification of the certificate of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::push) enum Verification {
    #[default]
    Full,
    Skipped,
}

/// TLS settings with the content of their files.
pub(in crate::push) struct Tls {
    provider: Arc<CryptoProvider>,
    trust: TrustSource,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Made for the first connection: reading what a system trusts takes milliseconds that a plain
    /// push does not have.
    config: OnceLock<Arc<ClientConfig>>,
}

enum TrustSource {
    System,
    BuiltIn,
    Custom(Arc<CertificateVerifier>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files that the settings name.
    pub(in crate::push) fn read(settings: &TlsSettings) -> Result<Self, ConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // A file that was named is to be right also where it is not used.
        let trust = match &settings.roots {
            Roots::System => TrustSource::System,
            Roots::BuiltIn => TrustSource::BuiltIn,
            Roots::File(path) => TrustSource::Custom(Arc::new(CertificateVerifier::by_file(
                path,
                Arc::clone(&provider),
            )?)),
        };
        let trust = match settings.verification {
            Verification::Full => trust,
            Verification::Skipped => TrustSource::Custom(Arc::new(
                CertificateVerifier::accept_any(Arc::clone(&provider)),
            )),
        };
        let client = match &settings.client {
            Some((certificate, key)) => {
                let chain = read_certificates(certificate, FileKind::Certificate)?;
                let private = read_key(key)?;
                CertifiedKey::from_der(chain.clone(), private.clone_key(), &provider).map_err(
                    |error| ConfigError::ClientCertificate {
                        certificate: certificate.clone(),
                        key: key.clone(),
                        reason: describe_client_certificate(&error),
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

    pub(in crate::push) fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
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
            TrustSource::Custom(verifier) => {
                let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(verifier) as _;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
            }
            TrustSource::System => builder.with_root_certificates(system_roots()),
            TrustSource::BuiltIn => builder.with_root_certificates(built_in_roots()),
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
        assert!(matches!(trust(Roots::BuiltIn), TrustSource::BuiltIn));
        assert!(matches!(trust(Roots::System), TrustSource::System));
        assert!(matches!(trust(Roots::default()), TrustSource::System));
    }
}
