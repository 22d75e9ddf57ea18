//! Whose certificates are taken.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::pem::{pem_error, read_certificates};
use super::trouble::{is_authority, of};
use crate::push::error::ConfigError;
use crate::push::file::FileKind;

pub(super) fn built_in_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What cannot be read of it cannot be trusted; that shows when it would be needed.
    let found = rustls_native_certs::load_native_certs().certs;
    if roots.add_parsable_certificates(found).0 == 0 {
        return built_in_roots();
    }
    roots
}

/// What a server has to show besides the proof that it owns its certificate.
#[derive(Debug)]
enum Required {
    /// Nothing: any certificate is taken.
    Nothing,
    /// A certificate of one of these authorities, or one of these itself, which a server has made for itself.
    OneOf(Arc<WebPkiServerVerifier>, Vec<CertificateDer<'static>>),
}

/// Decides on certificates by rules of ours.
#[derive(Debug)]
pub(super) struct Verifier {
    required: Required,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Takes any certificate.
    pub(super) fn of_nothing(provider: Arc<CryptoProvider>) -> Self {
        Self {
            required: Required::Nothing,
            provider,
        }
    }

    /// Takes what the certificates in a file vouch for.
    pub(super) fn by_file(path: &Path, provider: Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        let certificates = read_certificates(path, FileKind::Ca)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| {
                let reason = format!("a certificate in it {}", of(&error));
                pem_error(path, FileKind::Ca, reason)
            })?;
        }
        let roots = Arc::new(roots);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|error| pem_error(path, FileKind::Ca, error))?;
        Ok(Self {
            required: Required::OneOf(inner, certificates),
            provider,
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Required::OneOf(inner, named) = &self.required else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            inner.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        match verified {
            // Most tools make a self-signed certificate one of an authority. Where it is itself what the file names, it
            // may stand for a server, as it may for Prometheus; its time has been checked before this.
            Err(rustls::Error::InvalidCertificate(error))
                if is_authority(&error) && named.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
