//! Failures of TLS in plain words.

use rustls::{AlertDescription, CertificateError};

/// Describes a failure of TLS, for after "cannot push: URL: ".
pub(in crate::push) fn describe(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(_) => {
            format!("its certificate {}", describe_certificate(error))
        }
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port: is it http:// there?".to_owned()
        }
        rustls::Error::AlertReceived(alert) => describe_alert(*alert),
        rustls::Error::PeerIncompatible(_) => {
            format!("it speaks no version or cipher of TLS that is safe to use ({error})")
        }
        other => format!("TLS: {other}"),
    }
}

/// Returns true for a certificate that was refused for being one of a CA.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}

/// Returns true for one that was refused for its version 1, which does not state a purpose.
pub(super) fn is_version_1(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("UnsupportedCertVersion"))
}

/// The same of a certificate, after "its certificate ".
pub(super) fn describe_certificate(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate_reason(error),
        other => format!("cannot be used: {other}"),
    }
}

fn certificate_reason(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "is not trusted: it, or the CA that has issued it, can be named with --tls-ca-file"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "has a wrong signature: another authority of the trusted one's name has made it, or the server does \
             not own it"
                .to_owned()
        }
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = age(time.as_secs().saturating_sub(not_after.as_secs()));
            format!("has expired, {ago} ago")
        }
        CertificateError::Expired => "has expired".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => {
            let rest = age(not_before.as_secs().saturating_sub(time.as_secs()));
            format!("is not valid for another {rest}: are the clocks right?")
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                return format!("names no host at all, and so not {expected}");
            }
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            format!("is for {}, not for {expected}", names.join(", "))
        }
        other if is_authority(other) => {
            "is not trusted: it is self-signed or that of a CA, and can be named with --tls-ca-file"
                .to_owned()
        }
        other if is_version_1(other) => {
            "is of X.509 version 1, which names no hosts: it takes version 3".to_owned()
        }
        other => format!("is not valid: {other}"),
    }
}

/// A time in words, in the unit that fits.
fn age(seconds: u64) -> String {
    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..HOUR => format!("{} min", seconds / 60),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// `example.org` of `DnsName("example.org")`.
fn bare_name(name: &str) -> &str {
    name.split(['"', '(', ')'])
        .filter(|part| !part.is_empty())
        .nth(1)
        .unwrap_or(name)
}

fn describe_alert(alert: AlertDescription) -> String {
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
pub(super) fn describe_client_certificate(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the key does not belong to the certificate".to_owned()
        }
        other => format!("the certificate {}", describe_certificate(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_in_plain_words() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let name = |name: &str| ServerName::try_from(name.to_owned()).unwrap();
        let certificate = |error| describe(&rustls::Error::InvalidCertificate(error));
        let expired = |seconds: u64| {
            certificate(CertificateError::ExpiredContext {
                time: at(10_000_000 + seconds),
                not_after: at(10_000_000),
            })
        };
        for (text, expected) in [
            (expired(60), "its certificate has expired, 1 min ago"),
            (expired(7200), "its certificate has expired, 2 h ago"),
            (expired(172_800), "its certificate has expired, 2 d ago"),
            (
                certificate(CertificateError::NotValidYetContext {
                    time: at(0),
                    not_before: at(3600),
                }),
                "its certificate is not valid for another 1 h: are the clocks right?",
            ),
            (
                certificate(CertificateError::NotValidForNameContext {
                    expected: name("h.example"),
                    presented: vec!["DnsName(\"a.example\")".to_owned(), "odd".to_owned()],
                }),
                "its certificate is for a.example, odd, not for h.example",
            ),
            (
                certificate(CertificateError::NotValidForNameContext {
                    expected: name("10.0.0.1"),
                    presented: Vec::new(),
                }),
                "its certificate names no host at all, and so not 10.0.0.1",
            ),
            (
                certificate(CertificateError::Revoked),
                "its certificate is not valid: Revoked",
            ),
            (
                describe(&rustls::Error::AlertReceived(
                    AlertDescription::CertificateRequired,
                )),
                "it asks for a client certificate",
            ),
            (
                describe(&rustls::Error::AlertReceived(
                    AlertDescription::InternalError,
                )),
                "it broke off TLS (InternalError)",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }
}
