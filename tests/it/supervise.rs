//! What the supervisor of jobs tells a program in plain values: signals by name, and outcomes.

use std::time::{Duration, SystemTime};

use pushjob::supervise::{Ending, FinishError, Outcome, Signal, SpawnFailure, TimeLimit, Usage};

fn signal(text: &str) -> Signal {
    text.parse().unwrap()
}

#[test]
fn signals_are_read_by_name_and_number() {
    for text in ["TERM", "SIGTERM", "term", "SigTerm", "15"] {
        assert_eq!(text.parse(), Ok(Signal::TERM), "{text}");
    }
    assert_eq!(Signal::TERM.to_string(), "TERM");
    assert_eq!(signal("32").to_string(), "32");
    for number in 1..=64 {
        let found = signal(&number.to_string());
        assert_eq!(found.number(), number);
        assert_eq!(found.to_string().parse(), Ok(found), "{found}");
    }
    let first = signal("RTMIN").number();
    for (text, number, name) in [
        ("SIGRTMIN", first, "RTMIN"),
        ("SIGRTMIN+3", first + 3, "RTMIN+3"),
        ("rtmax", 64, &format!("RTMIN+{}", 64 - first)),
        ("RTMAX-1", 63, &format!("RTMIN+{}", 63 - first)),
    ] {
        let found = signal(text);
        assert_eq!((found.number(), &*found.to_string()), (number, name));
    }
    assert_eq!(
        "NONE".parse::<Signal>().unwrap_err().to_string(),
        "\"NONE\" is not a signal: a name such as TERM, INT or RTMIN+3, or a number from 1 to 64"
    );
    for text in [
        "", "0", "65", "-1", "SIG", "RTMIN-1", "RTMAX+1", "RTMIN+99", "RTMIN+", "RTMIN+-1",
    ] {
        assert!(text.parse::<Signal>().is_err(), "{text}");
    }
}

#[test]
fn outcomes_have_the_codes_of_shell_and_timeout() {
    let not_started = |failure| Ending::NotStarted {
        failure,
        reason: String::new(),
    };
    let unknown = Ending::Unknown {
        reason: String::new(),
    };
    for (ending, time_limit, code) in [
        (Ending::Exited(0), TimeLimit::Kept, 0),
        (Ending::Exited(255), TimeLimit::Kept, 255),
        (Ending::Killed(Signal::TERM), TimeLimit::Kept, 143),
        (Ending::Killed(Signal::KILL), TimeLimit::Kept, 137),
        (Ending::Killed(signal("64")), TimeLimit::Kept, 192),
        (Ending::Exited(0), TimeLimit::Exceeded, 124),
        (Ending::Exited(7), TimeLimit::Exceeded, 124),
        (Ending::Killed(Signal::TERM), TimeLimit::Exceeded, 124),
        (Ending::Killed(Signal::KILL), TimeLimit::Exceeded, 137),
        (not_started(SpawnFailure::NotFound), TimeLimit::Kept, 127),
        (
            not_started(SpawnFailure::NotExecutable),
            TimeLimit::Kept,
            126,
        ),
        (unknown, TimeLimit::Kept, 255),
    ] {
        let outcome = Outcome {
            started: SystemTime::UNIX_EPOCH,
            completed: SystemTime::UNIX_EPOCH,
            duration: Duration::ZERO,
            ending,
            time_limit,
            interrupted: None,
            oom_kills: None,
            usage: Usage::default(),
        };
        assert_eq!(outcome.exit_code(), code, "{outcome:?}");
        assert_eq!(outcome.is_success(), code == 0, "{outcome:?}");
    }
}

#[test]
fn a_finish_without_a_result_says_why() {
    for (error, text) in [
        (
            FinishError::GivenUp(Signal::INT),
            "given up, as INT was the second signal to ask for an end",
        ),
        (
            FinishError::TimedOut(Duration::from_secs(3)),
            "not done within 3 s",
        ),
        (FinishError::Panicked, "it has panicked"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
