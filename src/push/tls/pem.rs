//! Certificates and keys in files.

use std::fmt;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::push::config_error::ConfigError;
use crate::push::file::{FileKind, read};

/// The most that is read of a file with certificates or a key, in bytes.
const PEM_LIMIT: u64 = 4 * 1024 * 1024;

fn read_pem(path: &Path, kind: FileKind) -> Result<Vec<u8>, ConfigError> {
    read(path, kind, PEM_LIMIT).map_err(ConfigError::File)
}

pub(super) fn pem_error(path: &Path, kind: FileKind, reason: impl fmt::Display) -> ConfigError {
    ConfigError::Pem {
        kind,
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The certificates in a PEM file, at least one.
pub(super) fn read_certificates(
    path: &Path,
    kind: FileKind,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let content = read_pem(path, kind)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    let found = found.map_err(|_| {
        pem_error(
            path,
            kind,
            "it is damaged, or ends in the middle of a certificate",
        )
    })?;
    if found.is_empty() {
        return Err(pem_error(path, kind, "it holds no certificate in PEM form"));
    }
    Ok(found)
}

pub(super) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
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
