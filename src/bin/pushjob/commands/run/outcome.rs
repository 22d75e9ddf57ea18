//! The line that says how a job ended.

use std::ffi::OsStr;
use std::time::Duration;

use humantime::format_duration;
use pushjob::report::Verdict;
use pushjob::supervise::{Ending, Outcome, SpawnFailure, TimeLimit};

use crate::settings::is_variable_name;

/// Commands that only a shell has, of those that people put in front of a job.
const BUILTINS: [&str; 16] = [
    ".", ":", "alias", "cd", "command", "eval", "exec", "export", "if", "for", "set", "source",
    "ulimit", "umask", "unset", "while",
];

/// How a job ended, as in `failed with code 3 after 2m 4s`.
pub(super) fn describe(outcome: &Outcome, verdict: Verdict) -> String {
    let took = format_duration(rounded(outcome.duration));
    let code = outcome.exit_code();
    let mut line = match (&outcome.ending, outcome.interrupted, verdict) {
        _ if outcome.time_limit == TimeLimit::Exceeded => match outcome.ending {
            Ending::Exited(own) => format!("timed out after {took}, it exited with {own}"),
            _ => format!("timed out after {took}, {outcome}"),
        },
        (Ending::Killed(by), Some(signal), _) if *by == signal => {
            format!("interrupted by {signal} after {took}")
        }
        (_, Some(signal), Verdict::Failure) => {
            format!("interrupted by {signal}, {outcome} after {took}")
        }
        (Ending::Exited(_), _, Verdict::Success) if code == 0 => format!("succeeded after {took}"),
        (Ending::Exited(_), _, Verdict::Success) => {
            format!("succeeded with code {code} after {took}")
        }
        (Ending::Exited(_), _, Verdict::Skipped) => {
            format!("skipped with code {code} after {took}")
        }
        (Ending::Exited(_), _, _) => format!("failed with code {code} after {took}"),
        _ => format!("{outcome} after {took}"),
    };
    if outcome.oom_kills.is_some_and(|kills| kills > 0) {
        line.push_str(
            "; out of memory: the kernel killed a process of its control group (oom_kill)",
        );
    }
    line
}

/// Whole seconds from one second on, whole milliseconds below.
fn rounded(duration: Duration) -> Duration {
    if duration < Duration::from_secs(1) {
        return Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or_default());
    }
    Duration::from_secs(
        duration
            .saturating_add(Duration::from_millis(500))
            .as_secs(),
    )
}

/// Why a job could not be started, and what to do where its command was meant for a shell.
pub(super) fn describe_unstarted(
    command: &[std::ffi::OsString],
    is_script: bool,
    (failure, reason): (SpawnFailure, &str),
) -> String {
    let program = command.first().map(OsStr::new).unwrap_or_default();
    let program = program.to_string_lossy();
    if is_script {
        return if failure == SpawnFailure::NotFound {
            "cannot run the script of --shell: /bin/sh is missing".to_owned()
        } else {
            format!("cannot run the script of --shell: /bin/sh: {reason}")
        };
    }
    let hint = (failure == SpawnFailure::NotFound).then(|| shell_hint(&program, command.len()));
    let hint = hint.flatten().unwrap_or_default();
    format!("cannot run {program:?}: {reason}{hint}")
}

/// What to do about a command that only a shell understands.
fn shell_hint(program: &str, words: usize) -> Option<&'static str> {
    let variable = program.split_once('=').map(|(name, _)| name);
    let is_line = program.contains(|c: char| c.is_whitespace() || "|&;<>()$`*?\"'".contains(c));
    if variable.is_some_and(is_variable_name) {
        Some(
            "; it sets a variable of a shell: use --shell with one quoted argument, or put `env` before it",
        )
    } else if words == 1 && is_line {
        Some("; it looks like a line for a shell: use --shell")
    } else if BUILTINS.contains(&program) {
        Some("; it is a command of the shell itself: use --shell with one quoted argument")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_what_people_read() {
        for (millis, text) in [
            (0, "0s"),
            (7, "7ms"),
            (999, "999ms"),
            (1400, "1s"),
            (124_499, "2m 4s"),
        ] {
            let shown = format_duration(rounded(Duration::from_millis(millis)));
            assert_eq!(shown.to_string(), text);
        }
    }

    #[test]
    fn what_only_a_shell_understands_is_recognised() {
        for (program, words, part) in [
            ("echo hi | wc", 1, Some("use --shell")),
            ("cd", 2, Some("use --shell")),
            ("X=1", 2, Some("`env`")),
            ("A_b1=x y", 1, Some("`env`")),
            ("1=2", 1, None),
            ("no-such-command", 1, None),
            ("a b", 2, None),
        ] {
            let hint = shell_hint(program, words);
            assert_eq!(hint.is_some(), part.is_some(), "{program}");
            assert!(
                hint.is_none_or(|hint| hint.contains(part.unwrap_or_default())),
                "{hint:?}"
            );
        }
    }
}
