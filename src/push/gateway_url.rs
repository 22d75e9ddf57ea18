//! The base URL of a gateway.

use std::borrow::Cow;
use std::str::Utf8Error;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::config_error::ConfigError;

/// The base URL of a gateway, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BaseUrl {
    /// Scheme, host, port and prefix, without a slash at the end.
    pub(super) base: String,
    pub(super) authority: Authority,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
}

/// Host, port and scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) scheme: Scheme,
    /// With brackets around an IPv6 address.
    pub(super) host: String,
    /// Also when the URL leaves it out.
    pub(super) port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl BaseUrl {
    /// Reads the base URL of a gateway. The path of its groups, which the client adds, is refused.
    pub(super) fn of_gateway(text: &str) -> Result<Self, ConfigError> {
        let parsed = Self::parse(text)?;
        let base = without_group_path(&parsed.base);
        if base.len() == parsed.base.len() {
            return Ok(parsed);
        }
        Err(ConfigError::Url {
            url: without_credentials(text),
            reason: format!(
                "it ends in the path of its groups, which is added to it; give the base URL: {base}"
            ),
        })
    }

    /// Reads a base URL. A missing scheme is `http://`; a path prefix is kept; user name and
    /// password are taken out.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let fail = |reason: &str| ConfigError::Url {
            url: without_credentials(text),
            reason: reason.to_owned(),
        };
        check_text(text).map_err(fail)?;
        let full = match scheme_length(text) {
            Some(_) => text.to_owned(),
            None if text.starts_with("http:") || text.starts_with("https:") => {
                return Err(fail("`//` is missing after the scheme"));
            }
            None => format!("http://{text}"),
        };
        let url = Url::parse(&full).map_err(|error| fail(&error.to_string()))?;
        let (scheme, default_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" if cfg!(feature = "rustls") => (Scheme::Https, 443),
            "https" => return Err(fail("this build has no TLS (feature `rustls`)")),
            _ => return Err(fail("the scheme is neither http nor https")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(fail("it has a query or a fragment"));
        }
        let prefix = url.path().trim_end_matches('/');
        if without_group_path(prefix).contains('@') {
            return Err(fail(
                "there is an `@` in its path; in a password write %2F for a slash",
            ));
        }
        let host = match url.host() {
            Some(Host::Domain(host)) if host.contains(is_odd_in_host) => {
                return Err(fail("its host holds a character that no host name has"));
            }
            Some(Host::Domain(host)) => host.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            None => return Err(fail("it has no host")),
        };
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let decoded = |part: &str| {
            decode(part).map_err(|_| fail("its user name or password is not valid UTF-8"))
        };
        Ok(Self {
            base: format!("{}://{host}{port}{prefix}", url.scheme()),
            authority: Authority {
                scheme,
                host,
                port: url.port().unwrap_or(default_port),
            },
            username: decoded(url.username())?,
            password: decoded(url.password().unwrap_or_default())?,
        })
    }
}

/// Refuses text that no URL can be meant by, with the mistake that is behind it.
fn check_text(text: &str) -> Result<(), &'static str> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let quotes = ['"', '\'', '`', '\u{201c}', '\u{201d}'];
    if text.trim().is_empty() {
        Err("it is empty")
    } else if text.starts_with(quotes) || text.ends_with(quotes) {
        Err("the quotation marks are part of it: write it without them")
    } else if host.contains('$') || text.contains("${") || text.contains("$(") {
        Err("it holds a `$`: a variable in it was not replaced by its value")
    } else if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        Err("it holds a blank or a control character")
    } else if host.contains(',') || text.split(',').filter(|part| part.contains("://")).count() > 1
    {
        Err("it holds a comma: this takes one URL; repeat `--gateway` for each further one")
    } else {
        Ok(())
    }
}

/// Returns true for a character that the syntax of URLs allows in a host, but no resolver does.
fn is_odd_in_host(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !matches!(character, '.' | '-' | '_' | '~')
}

/// A URL or path up to where the path of a group begins: `/metrics` at its end, or `/metrics/job`
/// with all that follows.
fn without_group_path(url: &str) -> &str {
    let scheme = scheme_length(url).unwrap_or_default();
    let segments: Vec<(usize, Cow<'_, str>)> = url[scheme..]
        .match_indices('/')
        .map(|(at, _)| (scheme + at, url[scheme + at + 1..].split('/').next()))
        .map(|(at, segment)| (at, percent_decode_str(segment.unwrap_or_default())))
        .map(|(at, segment)| (at, segment.decode_utf8_lossy()))
        // A gateway cleans a path before it looks at it.
        .filter(|(_, segment)| !matches!(&**segment, "" | "."))
        .collect();
    let begins = |index: usize| {
        let next = segments.get(index + 1).map(|(_, segment)| &**segment);
        segments[index].1 == "metrics" && matches!(next, None | Some("job" | "job@base64"))
    };
    match (0..segments.len()).find(|&index| begins(index)) {
        Some(index) => url[..segments[index].0].trim_end_matches('/'),
        None => url,
    }
}

/// A part of a URL without percent-encoding, if there is anything in it.
fn decode(part: &str) -> Result<Option<String>, Utf8Error> {
    let part = percent_decode_str(part).decode_utf8()?;
    Ok((!part.is_empty()).then(|| part.into_owned()))
}

/// The length of the scheme with the `://` behind it, if the text begins with one.
fn scheme_length(text: &str) -> Option<usize> {
    let at = text.find("://")?;
    let mut scheme = text[..at].chars();
    let letter = scheme.next()?.is_ascii_alphabetic();
    let rest = scheme.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (letter && rest).then_some(at + 3)
}

/// A URL from outside without the user name and password in it.
pub(super) fn without_login(url: &str) -> String {
    let start = scheme_length(url).unwrap_or_default();
    let end = url[start..]
        .find(['/', '?', '#'])
        .unwrap_or(url.len() - start);
    let (authority, rest) = url[start..].split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{}…@{host}{rest}", &url[..start]),
        None => url.to_owned(),
    }
}

/// The text without what may be a secret in it, also where it is no URL: what stands before an `@`,
/// a port that is none, a query and a fragment.
pub(super) fn without_credentials(text: &str) -> String {
    let start = scheme_length(text).unwrap_or_default();
    let (scheme, rest) = text.split_at(start);
    let (user, rest) = match rest.rfind('@') {
        Some(at) => ("…", &rest[at..]),
        None => ("", rest),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (rest, cut) = if end < rest.len() {
        (&rest[..=end], "…")
    } else {
        (rest, "")
    };
    let mut shown = 0;
    for segment in rest.split('/') {
        // The brackets of an IPv6 address hold colons of its own.
        let host_end = segment.rfind(']').unwrap_or_default();
        let port = segment[host_end..].split_once(':');
        let port = port.map_or("", |(_, port)| port);
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            let end = shown + segment.len() - port.len();
            return format!("{scheme}{user}{}…", &rest[..end]);
        }
        shown += segment.len() + 1;
    }
    format!("{scheme}{user}{rest}{cut}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_taken_out_of_a_url_and_nothing_else() {
        for (url, shown) in [
            (
                "https://h/metrics/job@base64/YQ",
                "https://h/metrics/job@base64/YQ",
            ),
            ("https://u:p@h:1/a@b", "https://…@h:1/a@b"),
            (
                "/metrics/job@base64/YQ?a=b@c",
                "/metrics/job@base64/YQ?a=b@c",
            ),
            ("u@h", "…@h"),
            ("", ""),
        ] {
            assert_eq!(without_login(url), shown);
        }
    }
}
