//! What a client takes, by its `Accept` and `Accept-Encoding`: [RFC 9110, section 12.5].
//!
//! [RFC 9110, section 12.5]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5

/// Whether these values of `Accept` admit `text/plain`, in which version ever. Without any, everything is admitted.
pub(super) fn admits_text<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    admits(values, &["text/plain", "text/*", "*/*"]).unwrap_or(true)
}

/// Whether these values of `Accept-Encoding` admit gzip. Nobody is sent it without being asked.
pub(super) fn admits_gzip<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    admits(values, &["gzip", "x-gzip", "*"]).unwrap_or(false)
}

/// Whether lists of choices admit what goes by these names, of which the first that occurs decides. None when the lists are empty.
fn admits<'a>(values: impl Iterator<Item = &'a str>, names: &[&str]) -> Option<bool> {
    let mut is_empty = true;
    // How far to the front the name that decides stands, and whether it is admitted.
    let mut best: Option<(usize, bool)> = None;
    for choice in values.flat_map(|value| value.split(',')) {
        let mut parts = choice.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        is_empty = false;
        let Some(rank) = names
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known))
        else {
            continue;
        };
        let Some(wanted) = is_wanted(parts) else {
            continue;
        };
        best = match best {
            Some((before, _)) if before < rank => best,
            // One of several versions is enough.
            Some((before, admitted)) if before == rank => Some((rank, admitted || wanted)),
            _ => Some((rank, wanted)),
        };
    }
    match best {
        Some((_, admitted)) => Some(admitted),
        None if is_empty => None,
        None => Some(false),
    }
}

/// Whether the weight among these parameters is more than 0. None when it is no weight.
fn is_wanted<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<bool> {
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.trim().eq_ignore_ascii_case("q") {
            let weight: f64 = value.trim().parse().ok()?;
            return (0.0..=1.0).contains(&weight).then_some(weight > 0.0);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_admitted_by_its_name_and_by_wildcards() {
        for (values, admitted) in [
            (&[][..], true),
            (&[""], true),
            (&["*/*"], true),
            (&["text/*"], true),
            (&["TEXT/Plain"], true),
            (&["text/plain;version=0.0.4;q=0.3"], true),
            (&["text/plain; version=1.0.0; q=0.001"], true),
            (
                // As Prometheus asks.
                &[
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                   application/openmetrics-text;version=0.0.1;q=0.5,\
                   text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                ],
                true,
            ),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                true,
            ),
            (&["application/json", "text/plain"], true),
            (&["text/plain;version=9;q=0, text/plain"], true),
            (&["application/json"], false),
            (&["application/openmetrics-text"], false),
            (&["text/html"], false),
            (&["text/plain;q=0"], false),
            (&["text/plain;q=0.000, */*"], false),
            (&["*/*, text/* ; Q=0"], false),
            (&["*/*;q=0"], false),
            (&["text/plain;q=high"], false),
            (&["text/plain;q=nan"], false),
            (&["text/plain;q=-1"], false),
            (&["text/plainer"], false),
        ] {
            assert_eq!(admits_text(values.iter().copied()), admitted, "{values:?}");
        }
    }

    #[test]
    fn gzip_is_admitted_where_it_is_asked_for() {
        for (values, admitted) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["deflate, gzip;q=1.0, *;q=0.5"], true),
            (&["deflate", "gzip"], true),
            (&["*"], true),
            (&["identity"], false),
            (&["br, deflate"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["*;q=0"], false),
            (&["gzip;q="], false),
        ] {
            assert_eq!(admits_gzip(values.iter().copied()), admitted, "{values:?}");
        }
    }
}
