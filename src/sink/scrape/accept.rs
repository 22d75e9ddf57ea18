//! What a client accepts, by its `Accept` and `Accept-Encoding`: [RFC 9110, section 12.5].
//!
//! [RFC 9110, section 12.5]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5

/// Tells whether these values of `Accept` admit `text/plain` in any version. Without values everything
/// is admitted.
pub(super) fn admits_text<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    admits(values, &["text/plain", "text/*", "*/*"]).unwrap_or(true)
}

/// Tells whether these values of `Accept-Encoding` admit gzip. Without values it is not admitted.
pub(super) fn admits_gzip<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    admits(values, &["gzip", "x-gzip", "*"]).unwrap_or(false)
}

/// Tells whether lists of choices admit something with these names, of which the first that occurs
/// decides. None when the lists are empty.
fn admits<'a>(values: impl Iterator<Item = &'a str>, names: &[&str]) -> Option<bool> {
    let mut is_empty = true;
    // The position of the name that decides, and whether it is admitted.
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

/// Tells whether the weight among these parameters is above 0. None when it is not a weight.
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
