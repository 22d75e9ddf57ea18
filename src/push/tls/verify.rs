//! The rules by which certificates of servers are accepted.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::message::{describe_certificate, is_authority, is_version_1};
use super::pem::{pem_error, read_certificates};
use crate::push::config_error::ConfigError;
use crate::push::file::FileKind;

pub(super) fn built_in_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What cannot be read of it cannot be trusted; that shows when it would be needed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    or_built_in(roots)
}

fn or_built_in(roots: RootCertStore) -> RootCertStore {
    if roots.is_empty() {
        built_in_roots()
    } else {
        roots
    }
}

/// Requirement for a server besides the proof that it owns its certificate.
#[derive(Debug)]
enum Requirement {
    /// Nothing: any certificate is taken.
    Nothing,
    /// A certificate from one of the authorities in a file, or one that is itself in it.
    InFile {
        /// None when there are only certificates of servers in it.
        authorities: Option<Arc<WebPkiServerVerifier>>,
        named: Vec<ListedCertificate>,
    },
}

/// A certificate in a file, and what judges it by itself.
#[derive(Debug)]
struct ListedCertificate {
    certificate: CertificateDer<'static>,
    itself: Arc<WebPkiServerVerifier>,
}

/// Certificates that a listed one may vouch for.
enum CertificateRole {
    /// Others, now.
    Authority,
    /// Itself.
    Server,
    /// Nothing any more, or not yet.
    OutOfTime(rustls::Error),
}

impl ListedCertificate {
    fn new(
        certificate: CertificateDer<'static>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, rustls::Error> {
        let itself = verifier([certificate.clone()], provider)?;
        Ok(Self {
            certificate,
            itself,
        })
    }

    /// The library does not ask what it is to trust for its time, nor whether it is an authority;
    /// of a server it does, in this order.
    fn role(&self, now: UnixTime) -> CertificateRole {
        let Ok(any_name) = ServerName::try_from("name.invalid") else {
            return CertificateRole::Server;
        };
        let judged = self
            .itself
            .verify_server_cert(&self.certificate, &[], &any_name, &[], now);
        match judged {
            Err(rustls::Error::InvalidCertificate(reason)) => match reason {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => {
                    CertificateRole::OutOfTime(rustls::Error::InvalidCertificate(reason))
                }
                // The first version of certificates does not say what they are for, and no server
                // may show one.
                reason if is_authority(&reason) || is_version_1(&reason) => {
                    CertificateRole::Authority
                }
                _ => CertificateRole::Server,
            },
            _ => CertificateRole::Server,
        }
    }

    /// Verifies that a server of this name may show it.
    fn verify(
        &self,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .itself
            .verify_server_cert(&self.certificate, &[], name, &[], now)
        {
            // Most tools make a self-signed certificate one of an authority; and one that somebody
            // else has signed is not its own issuer, though he may have its name. That it is in the
            // file is what counts, as it does for Prometheus. Its time has been checked before
            // this.
            Err(rustls::Error::InvalidCertificate(reason))
                if is_authority(&reason)
                    || matches!(
                        reason,
                        CertificateError::UnknownIssuer
                            | CertificateError::BadSignature
                            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
                    ) =>
            {
                verify_server_name(&ParsedCertificate::try_from(&self.certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }
}

/// Verifies by these authorities.
fn verifier(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root)?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

/// Decides on certificates by rules of ours.
#[derive(Debug)]
pub(super) struct CertificateVerifier {
    required: Requirement,
    provider: Arc<CryptoProvider>,
}

impl CertificateVerifier {
    /// DANGEROUS: accepts any certificate of any server.
    pub(super) fn accept_any(provider: Arc<CryptoProvider>) -> Self {
        Self {
            required: Requirement::Nothing,
            provider,
        }
    }

    /// Takes what the certificates in a file vouch for.
    pub(super) fn by_file(path: &Path, provider: Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        let fail = |number: usize, error: &rustls::Error| {
            let reason = format!("certificate {number} in it {}", describe_certificate(error));
            pem_error(path, FileKind::Ca, reason)
        };
        let mut authorities = Vec::new();
        let mut named = Vec::new();
        let mut out_of_time = None;
        let mut any_good = false;
        for (index, certificate) in read_certificates(path, FileKind::Ca)?
            .into_iter()
            .enumerate()
        {
            let one = ListedCertificate::new(certificate, &provider)
                .map_err(|error| fail(index + 1, &error))?;
            let role = one.role(UnixTime::now());
            any_good |= !matches!(role, CertificateRole::OutOfTime(_));
            match role {
                CertificateRole::Authority => authorities.push(one.certificate.clone()),
                CertificateRole::Server => {}
                CertificateRole::OutOfTime(error) => out_of_time = Some((index + 1, error)),
            }
            named.push(one);
        }
        // Where all that there is has had its time, it is better said than left to be found out.
        if let (Some((number, error)), false) = (&out_of_time, any_good) {
            return Err(fail(*number, error));
        }
        let authorities = if authorities.is_empty() {
            None
        } else {
            let verifier = verifier(authorities, &provider);
            Some(
                verifier
                    .map_err(|error| pem_error(path, FileKind::Ca, describe_certificate(&error)))?,
            )
        };
        Ok(Self {
            required: Requirement::InFile { authorities, named },
            provider,
        })
    }
}

impl ServerCertVerifier for CertificateVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Requirement::InFile { authorities, named } = &self.required else {
            return Ok(ServerCertVerified::assertion());
        };
        if let Some(named) = named.iter().find(|named| named.certificate == *certificate) {
            return named.verify(name, now);
        }
        match authorities {
            Some(inner) => {
                inner.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
            }
            None => Err(CertificateError::UnknownIssuer.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_system_trusts_nobody_the_built_in_authorities_are_trusted() {
        assert!(or_built_in(RootCertStore::empty()).len() > 50);
        let mut one = RootCertStore::empty();
        one.roots.extend(built_in_roots().roots.into_iter().take(1));
        assert_eq!(or_built_in(one).len(), 1);
    }
}
