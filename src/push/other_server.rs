//! Signs that a server is something else than a gateway, or is not reached as one.

use super::redact::Redactor;
use super::response::{GatewayResponse, first_line};

/// Describes the body of a success, for after "it answered with ". None for a blank one: the response
/// of a gateway to a push has no text.
pub(super) fn describe_page(response: &GatewayResponse, redactor: &Redactor) -> Option<String> {
    if !response.is_success() || response.is_blank() {
        return None;
    }
    let of = |header: &Option<String>| header.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (media_type, encoding) = (of(&response.content_type), of(&response.content_encoding));
    let text = redactor.redact(&response.text(), response.is_cut);
    let begin = text.trim_start_matches('\u{feff}').trim_start();
    let line = first_line(&text);
    Some(if !matches!(encoding.trim(), "" | "identity") {
        "a compressed page".to_owned()
    } else if media_type.contains("html") || begin.starts_with('<') {
        if line.starts_with('<') {
            "a web page".to_owned()
        } else {
            format!("a web page, \"{line}\"")
        }
    } else if media_type.contains("json") || begin.starts_with(['{', '[']) {
        format!("JSON, {line}")
    } else if begin.starts_with("# HELP ") || begin.starts_with("# TYPE ") {
        "metrics of its own".to_owned()
    } else {
        format!("text, \"{line}\"")
    })
}

/// Returns true for the response of VictoriaMetrics to a path that it does not know.
pub(super) fn is_victoria_metrics(status: u16, text: &str) -> bool {
    status == 400 && text.contains("unsupported path requested")
}

/// The kinds of credentials that a request carried, each with its verb.
pub(super) struct SentCredentials {
    pub(super) to_gateway: Option<&'static str>,
    pub(super) to_proxy: Option<&'static str>,
}

/// Advice for a status that is a mistake in the settings more often than not.
pub(super) fn advice(status: u16, sent: &SentCredentials) -> Option<String> {
    let were_sent = |sent: Option<&str>| match sent {
        Some(what) => format!("{what} sent"),
        None => "no credentials were sent".to_owned(),
    };
    match status {
        401 | 403 => Some(were_sent(sent.to_gateway)),
        407 => Some(were_sent(sent.to_proxy)),
        404 | 405 => Some(
            "is this the base URL of a Pushgateway (port 9091)? Prometheus itself (port 9090) takes no pushes"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Returns true for the target of a redirect that looks like the page of a login.
pub(super) fn is_login(location: &str) -> bool {
    let location = location.to_ascii_lowercase().replace(['-', '_'], "");
    location
        .split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| {
            let words = ["auth", "authorize", "login", "saml", "signin", "sso"];
            words.contains(&word) || word.starts_with("oauth")
        })
}
