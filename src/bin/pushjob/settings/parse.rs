//! Parsers of the values of settings. The reason why a value is refused comes without its source.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use pushjob::grouping::GroupingKey;
use pushjob::push::{Compression, GatewayKind, Proxy};
use pushjob::sink::Textfile;
use pushjob::sink::scrape::ListenAddress;

/// A duration with its unit that is not 0, as in `90s` or `1h 30m`.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match any_duration(text)? {
        Duration::ZERO => Err("it must be longer than 0".to_owned()),
        duration => Ok(duration),
    }
}

/// A duration with its unit, also 0. Months and years are refused: a month is no fixed time, and `M`
/// is mostly meant as minutes.
pub(crate) fn any_duration(text: &str) -> Result<Duration, String> {
    let mut units = text.split(|c: char| !c.is_alphabetic());
    if let Some(unit) = units.find(|unit| matches!(*unit, "M" | "month" | "months")) {
        return Err(format!(
            "`{unit}` stands for months, which are not accepted: write `5m` for 5 minutes, or days, as in `30d`"
        ));
    }
    let mut units = text.split(|c: char| !c.is_alphabetic());
    if let Some(unit) = units.find(|unit| matches!(*unit, "y" | "yr" | "yrs" | "year" | "years")) {
        return Err(format!(
            "`{unit}` stands for years, which are not accepted: write days, as in `365d`"
        ));
    }
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn duration(value: &OsStr) -> Result<Duration, String> {
    let text = text(value)?;
    positive_duration(&text).map_err(|error| format!("{text:?} is not a duration: {error}"))
}

pub(super) fn text(value: &OsStr) -> Result<String, String> {
    let text = value.to_str().ok_or("it is not valid UTF-8")?;
    Ok(text.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "a parser may refuse a value")]
pub(super) fn path(value: &OsStr) -> Result<PathBuf, String> {
    Ok(value.into())
}

pub(super) fn textfile(value: &OsStr) -> Result<Textfile, String> {
    Textfile::new(value).map_err(|error| error.to_string())
}

pub(super) fn listen_address(value: &OsStr) -> Result<ListenAddress, String> {
    let address = text(value)?.parse();
    address.map_err(|error: <ListenAddress as std::str::FromStr>::Err| error.to_string())
}

pub(super) fn number(value: &OsStr) -> Result<u32, String> {
    let text = text(value)?;
    text.parse()
        .map_err(|_| format!("{text:?} is not a whole number from 0"))
}

/// The value of a switch in a variable.
pub(super) fn switch(value: &OsStr) -> Result<bool, String> {
    match text(value)?.to_ascii_lowercase().as_str() {
        "false" | "0" | "no" => Ok(false),
        "true" | "1" | "yes" => Ok(true),
        other => Err(format!("{other:?} is neither true nor false")),
    }
}

pub(super) fn gateway_kind(value: &OsStr) -> Result<GatewayKind, String> {
    let text = text(value)?;
    match text.to_ascii_lowercase().as_str() {
        "pushgateway" => Ok(GatewayKind::Pushgateway),
        "victoriametrics" => Ok(GatewayKind::VictoriaMetrics),
        _ => Err(format!(
            "{text:?} is neither `pushgateway` nor `victoriametrics`"
        )),
    }
}

pub(super) fn compression(value: &OsStr) -> Result<Compression, String> {
    match text(value)?.to_ascii_lowercase().as_str() {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        other => Err(format!("{other:?} is neither `gzip` nor `none`")),
    }
}

pub(super) fn proxy(value: &OsStr) -> Result<Proxy, String> {
    let text = text(value)?;
    Ok(if text.eq_ignore_ascii_case("none") {
        Proxy::None
    } else {
        Proxy::Url(text)
    })
}

/// A header, which is not shown: what stands in it may be a secret.
pub(super) fn header(value: &OsStr) -> Result<(String, String), String> {
    let line = text(value)?;
    let (name, value) = line
        .split_once(':')
        .ok_or("there is a header that is not of the form `Name: value`")?;
    Ok((name.trim_end().to_owned(), value.trim().to_owned()))
}

pub(super) fn job(value: &OsStr) -> Result<GroupingKey, String> {
    GroupingKey::new(text(value)?).map_err(|error| error.to_string())
}

pub(super) fn label(value: &OsStr) -> Result<(String, String), String> {
    let label = text(value)?;
    match label.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("{label:?} is not of the form NAME=VALUE")),
    }
}
