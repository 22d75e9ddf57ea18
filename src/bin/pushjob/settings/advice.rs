//! Advice on values that are probably not meant as they stand, and on variables that nothing reads.

use std::env;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::source::{SettingSource, variable};
use super::table::{Form, LABEL, ROWS, Row, Secrecy};

/// Maximum number of variables that are reported.
const VARIABLES: usize = 8;

/// Advice on the values of a command line and of the environment. `command` makes the command, which is
/// only needed for a variable that is not known.
pub(crate) fn advice(matches: &ArgMatches, command: impl Fn() -> Command) -> Vec<String> {
    let mut advice = Vec::new();
    let mut flags = Vec::new();
    for id in matches.ids() {
        let given = matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        let row = ROWS.iter().find(|row| row.name == id.as_str());
        let Some(row) = row.filter(|row| given && row.form != Form::Switch) else {
            continue;
        };
        flags.push(row.name);
        for value in matches.get_raw(id.as_str()).into_iter().flatten() {
            let value = value.to_string_lossy();
            advice.extend(about_value(row, &value, SettingSource::Flag(row.name)));
            if row.name == LABEL.row.name && holds_labels(&value) {
                advice.push(format!(
                    "--label: {value:?} is one label: repeat --label for each"
                ));
            }
        }
    }
    // A command that talks to no gateway runs inside a job, whose run has said it.
    if matches.try_contains_id("gateway").is_err() {
        return advice;
    }
    let ours = env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PUSHJOB_"));
    let mut unknown = 0;
    for (name, value) in ours {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let row = ROWS.iter().find(|row| variable(row.name) == name);
        match row {
            Some(row) if flags.contains(&row.name) => {}
            Some(row) => {
                let source = SettingSource::Variable(row.name);
                advice.extend(about_value(row, &value, source));
            }
            None if is_service_link(&name, &value) || unknown == VARIABLES => {}
            None => {
                unknown += 1;
                advice.push(about_unknown(&name.escape_debug().to_string(), &command()));
            }
        }
    }
    advice
}

/// Advice on quotes, and on a variable that was not replaced by its value.
fn about_value(row: &Row, value: &str, source: SettingSource) -> Option<String> {
    let label = value
        .split_once('=')
        .filter(|_| row.name == LABEL.row.name)
        .map(|(_, value)| value);
    let is_quoted = |text: &str| {
        let inner = text.len() >= 2;
        inner
            && ['"', '\'']
                .iter()
                .any(|&q| text.starts_with(q) && text.ends_with(q))
    };
    if is_quoted(value) || label.is_some_and(is_quoted) {
        return Some(format!(
            "{source}: the value is in quotes, which are taken as part of it: remove the quotes"
        ));
    }
    let name = match row.secrecy {
        // A `$` is a character of a secret like any other, unless it is all that there is.
        Secrecy::Secret | Secrecy::UserName => {
            return is_reference(value, &["${}", "$()"]).then(|| {
                format!("{source}: the value is the name of a variable, which was not replaced by its value")
            });
        }
        Secrecy::Urls => reference(value.rsplit('@').next()?)?,
        Secrecy::Open | Secrecy::SecretFile => reference(value)?,
    };
    Some(format!("{source}: `{name}` was not replaced by its value"))
}

/// Decides if all of a text is the name of a variable in braces or parentheses.
fn is_reference(text: &str, brackets: &[&str]) -> bool {
    let in_brackets = |brackets: &&str| {
        let (open, close) = brackets.split_at(2);
        let name = text
            .strip_prefix(open)
            .and_then(|text| text.strip_suffix(close));
        name.is_some_and(is_variable_name)
    };
    brackets.iter().any(in_brackets)
}

/// The first variable in a text that the shell, or what stands for it, should have replaced.
fn reference(text: &str) -> Option<&str> {
    text.match_indices('$').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let close = match rest.chars().next()? {
            '{' => '}',
            '(' => ')',
            _ => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let end = end.unwrap_or(rest.len());
                return is_variable_name(&rest[..end]).then(|| &text[at..=at + end]);
            }
        };
        let end = rest.find(close)?;
        is_variable_name(&rest[1..end]).then(|| &text[at..=at + 1 + end])
    })
}

/// Decides if a text can be the name of a variable of a shell.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_first) && text.chars().all(|c| is_first(c) || c.is_ascii_digit())
}

/// Decides if a value of the flag for one label looks like several.
fn holds_labels(value: &str) -> bool {
    let mut parts = value.split(',').skip(1);
    parts.any(|part| {
        part.split_once('=')
            .is_some_and(|(name, _)| is_variable_name(name.trim()))
    })
}

/// Decides if Kubernetes or Docker made a variable for a service whose name begins with `pushjob`.
fn is_service_link(name: &str, value: &str) -> bool {
    name.contains("_SERVICE_")
        || name.contains("_PORT") && (value.contains("://") || name.contains("_PORT_"))
}

fn about_unknown(name: &str, command: &Command) -> String {
    let flags = command.get_arguments().filter_map(|arg| arg.get_long());
    let flag = flags.into_iter().find(|flag| variable(flag) == name);
    if let Some(flag) = flag {
        return format!("{name} has no effect: give --{flag} on the command line");
    }
    let known = ROWS.iter().map(|row| variable(row.name));
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(&known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    match nearest {
        Some((_, nearest)) => format!("{name} is not a setting; did you mean {nearest}?"),
        None => format!("{name} is not a setting: it has no effect"),
    }
}
