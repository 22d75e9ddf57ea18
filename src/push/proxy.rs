//! The proxy on the way to a gateway.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::auth::{Authorization, basic};
use super::config_error::ConfigError;
use super::gateway_url::{Authority, BaseUrl, Scheme, without_credentials};

/// Choice of a proxy. Its `Debug` form does not show a password.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// The environment says it, as for most programs: `http_proxy` for `http://` gateways,
    /// `https_proxy` for `https://` ones, `all_proxy` for both, in lower or upper case. `no_proxy`
    /// names hosts that are reached directly: an address, a range such as `10.0.0.0/8`, a domain
    /// with all below it, `.example.org` for those below alone, each with or without a port, or
    /// `*`. `localhost` and loopback addresses are always reached directly.
    #[default]
    Environment,
    /// No proxy, whatever the environment says.
    None,
    /// The proxy with this URL, `http://`, for every host. User name and password in it become
    /// Basic auth.
    Url(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::None => f.write_str("None"),
            Self::Url(url) => f
                .debug_tuple("Url")
                .field(&without_credentials(url))
                .finish(),
        }
    }
}

/// A proxy on the way.
#[derive(Clone)]
pub(super) struct ProxyServer {
    pub(super) host: String,
    pub(super) port: u16,
    /// For the value of a `Proxy-Authorization` header.
    pub(super) authorization: Option<Authorization>,
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyServer({self})")
    }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy http://{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// The proxy on the way to a gateway, where there is one. `variable` reads the environment.
    pub(super) fn for_target(
        &self,
        gateway: &Authority,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<ProxyServer>, ConfigError> {
        match self {
            Self::None => Ok(None),
            Self::Url(url) => ProxyServer::parse(url, None).map(Some),
            Self::Environment => from_environment(gateway, variable),
        }
    }
}

impl ProxyServer {
    /// Reads the URL of a proxy, which came from this variable.
    fn parse(url: &str, variable: Option<&'static str>) -> Result<Self, ConfigError> {
        let fail = |reason: String| ConfigError::Proxy {
            url: without_credentials(url),
            variable,
            reason,
        };
        if url.contains("://") && !url.to_ascii_lowercase().starts_with("http://") {
            return Err(fail("only http:// proxies are supported".to_owned()));
        }
        let parsed = BaseUrl::parse(url).map_err(|error| match error {
            ConfigError::Url { reason, .. } => fail(reason),
            other => other,
        })?;
        if parsed.username.is_none() && parsed.password.is_some() {
            return Err(fail("it has a password, but no user name".to_owned()));
        }
        let password = parsed.password.unwrap_or_default();
        Ok(Self {
            host: parsed.authority.host,
            port: parsed.authority.port,
            authorization: parsed.username.map(|username| Authorization {
                header: basic(&username, password.as_bytes()),
                secret: password,
            }),
        })
    }
}

fn from_environment(
    gateway: &Authority,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<ProxyServer>, ConfigError> {
    let set = |name: &'static str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(|value| (name, value))
    };
    let own = match gateway.scheme {
        // A web server hands a program that it calls the header `Proxy` of a request as HTTP_PROXY.
        Scheme::Http if set("REQUEST_METHOD").is_some() => set("http_proxy"),
        Scheme::Http => set("http_proxy").or_else(|| set("HTTP_PROXY")),
        Scheme::Https => set("https_proxy").or_else(|| set("HTTPS_PROXY")),
    };
    let found = own
        .or_else(|| set("all_proxy"))
        .or_else(|| set("ALL_PROXY"));
    let Some((name, url)) = found else {
        return Ok(None);
    };
    let exceptions = set("no_proxy").or_else(|| set("NO_PROXY"));
    let exceptions = exceptions.map(|(_, list)| list).unwrap_or_default();
    if is_direct(&gateway.host, gateway.port, &exceptions) {
        return Ok(None);
    }
    ProxyServer::parse(&url, Some(name)).map(Some)
}

/// Returns true for a host that is reached without a proxy.
fn is_direct(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host
        .parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical());
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions
        .split([',', ' '])
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| matches(&entry, &host, address, port))
}

fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(range) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| range.contains(&address));
    }
    let (entry, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    if let Ok(only) = bare.parse::<IpAddr>() {
        return address == Some(only);
    }
    let entry = entry
        .strip_prefix('*')
        .unwrap_or(entry)
        .trim_end_matches('.');
    match entry.strip_prefix('.') {
        Some(domain) => is_below(host, domain),
        None => host == entry || is_below(host, entry),
    }
}

/// Takes a port off the end. The last part of a bare IPv6 address is none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry
        .rsplit_once(':')
        .filter(|_| entry.parse::<IpAddr>().is_err());
    match split.map(|(rest, port)| (rest, port.parse())) {
        Some((rest, Ok(port))) => (rest, Some(port)),
        _ => (entry, None),
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    !domain.is_empty()
        && host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, port and scheme of a URL, also where there is no TLS in this build.
    fn gateway(url: &str) -> Authority {
        let plain = BaseUrl::parse(&url.replace("https:", "http:")).unwrap();
        let scheme = if url.starts_with("https:") {
            Scheme::Https
        } else {
            Scheme::Http
        };
        Authority {
            scheme,
            ..plain.authority
        }
    }

    #[test]
    fn the_environment_says_which_proxy_by_the_scheme_of_the_gateway() {
        let http = "http://g.example:9091";
        let https = "https://g.example";
        for (url, variables, proxy) in [
            (http, &[][..], None),
            (http, &[("http_proxy", "http://p:1")], Some("p:1")),
            (http, &[("HTTP_PROXY", "p:1")], Some("p:1")),
            (http, &[("http_proxy", "p")], Some("p:80")),
            (http, &[("http_proxy", "")], None),
            (
                http,
                &[("http_proxy", "a:1"), ("HTTP_PROXY", "b:1")],
                Some("a:1"),
            ),
            (http, &[("https_proxy", "p:1")], None),
            (https, &[("http_proxy", "p:1")], None),
            (https, &[("HTTPS_PROXY", "p:1")], Some("p:1")),
            (https, &[("all_proxy", "p:1")], Some("p:1")),
            (http, &[("ALL_PROXY", "p:1")], Some("p:1")),
            (
                http,
                &[("all_proxy", "a:1"), ("http_proxy", "b:1")],
                Some("b:1"),
            ),
            (
                https,
                &[("HTTPS_PROXY", "b:1"), ("https_proxy", "a:1")],
                Some("a:1"),
            ),
            (
                http,
                &[("ALL_PROXY", "b:1"), ("all_proxy", "a:1")],
                Some("a:1"),
            ),
            (
                http,
                &[
                    ("http_proxy", "p:1"),
                    ("NO_PROXY", "g.example"),
                    ("no_proxy", "other"),
                ],
                Some("p:1"),
            ),
            // What a web server sets for a request with a header `Proxy`.
            (
                http,
                &[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")],
                None,
            ),
            (
                http,
                &[("http_proxy", "p:1"), ("no_proxy", "g.example")],
                None,
            ),
            (
                http,
                &[("http_proxy", "p:1"), ("NO_PROXY", "other")],
                Some("p:1"),
            ),
            ("http://localhost:1", &[("http_proxy", "p:1")], None),
            ("http://127.1.2.3", &[("http_proxy", "p:1")], None),
            ("http://[::1]:1", &[("all_proxy", "p:1")], None),
            ("http://[::ffff:127.0.0.1]", &[("all_proxy", "p:1")], None),
        ] {
            let read = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let server = Proxy::Environment.for_target(&gateway(url), read).unwrap();
            let server = server.map(|server| format!("{}:{}", server.host, server.port));
            assert_eq!(server.as_deref(), proxy, "{url} {variables:?}");
        }
    }

    #[test]
    fn exceptions_are_addresses_ranges_domains_and_ports() {
        for (exceptions, host, direct) in [
            ("*", "g.example", true),
            ("g.example", "g.example", true),
            ("g.example", "G.Example", true),
            ("G.EXAMPLE", "g.example", true),
            ("g.example", "g.example.", true),
            ("example", "g.example", true),
            ("xample", "g.example", false),
            (".example", "g.example", true),
            ("*.example", "g.example", true),
            (".g.example", "g.example", false),
            ("a, b ,g.example", "g.example", true),
            ("a b g.example", "g.example", true),
            ("g.example:9091", "g.example", true),
            ("g.example:80", "g.example", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3:9091", "10.1.2.3", true),
            ("10.1.2.3:1", "10.1.2.3", false),
            ("2001:db8::/32", "[2001:db8::1]", true),
            ("[2001:db8::1]", "[2001:db8::1]", true),
            ("[2001:db8::1]:9091", "[2001:db8::1]", true),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("2001:db8::1", "[2001:db8::2]", false),
            (".", "g.example", false),
            ("g.example.", "g.example", true),
            (".example.:9091", "g.example", true),
            ("", "g.example", false),
            (",,", "g.example", false),
            ("é:1:2/9", "g.example", false),
        ] {
            let found = is_direct(host, 9091, exceptions);
            assert_eq!(found, direct, "{exceptions:?} {host}");
        }
    }
}
