//! The processes that a job leaves in its group when it was stopped for its time limit.

use std::fs;
use std::time::{Duration, Instant};

use super::signal::Signal;
use super::sys::signals::kill_group;
use super::sys::wait::reap;

/// Time between two looks whether somebody is left.
const INTERVAL: Duration = Duration::from_millis(100);

/// A process group whose leader, the job, has ended and is a zombie, which keeps its number from being
/// given to another. Dropping this reaps it.
#[derive(Debug)]
pub(super) struct GroupLeft {
    leader: i32,
    kill_at: Instant,
}

/// What became of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftInGroup {
    /// Somebody is left; it is to be looked at again after this time.
    Alive(Duration),
    /// Nobody is left.
    Empty,
    /// What was left was sent KILL.
    Killed,
}

impl GroupLeft {
    /// The group of a job that has ended and was not reaped. None, and the job is reaped, where nobody
    /// else is left in it.
    pub(super) fn of(job: i32, kill_at: Instant) -> Option<Self> {
        let left = Self {
            leader: job,
            kill_at,
        };
        left.has_members().then_some(left)
    }

    /// Looks at the group, and kills it when its time is up.
    pub(super) fn look(&self, now: Instant) -> LeftInGroup {
        if !self.has_members() {
            return LeftInGroup::Empty;
        }
        let left = self.kill_at.saturating_duration_since(now);
        if !left.is_zero() {
            return LeftInGroup::Alive(left.min(INTERVAL));
        }
        self.kill();
        LeftInGroup::Killed
    }

    /// Kills it at once.
    pub(super) fn kill(&self) {
        // That it may not be, because it runs as another user, cannot be helped.
        let _ = kill_group(self.leader, Signal::KILL);
    }

    /// Whether a process of the group lives. A signal to the group would tell only when the leader has
    /// been reaped, and its number could be another's.
    fn has_members(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else {
            // They may be there: at worst nobody is killed, later.
            return true;
        };
        processes.flatten().any(|process| {
            let name = process.file_name();
            let number = name.to_str().and_then(|name| name.parse::<i32>().ok());
            number.is_some_and(|number| {
                let stat = fs::read_to_string(format!("/proc/{number}/stat"));
                number != self.leader && stat.is_ok_and(|stat| is_member(&stat, self.leader))
            })
        })
    }
}

impl Drop for GroupLeft {
    fn drop(&mut self) {
        reap(self.leader);
    }
}

/// Whether a process lives and is in a group, by its `/proc/PID/stat`. Its name, which comes before, may
/// hold anything.
fn is_member(stat: &str, group: i32) -> bool {
    let Some((_, fields)) = stat.rsplit_once(')') else {
        return false;
    };
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next();
    let is_dead = matches!(state, Some("Z" | "X" | "x") | None);
    let found = fields.nth(1).and_then(|field| field.parse().ok());
    !is_dead && found == Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_lives_and_has_the_group() {
        for (stat, expected) in [
            ("12 (sleep) S 1 7 7 0 -1", true),
            ("12 (a) b) S 1 7 7 0 -1", true),
            ("12 (sleep) R 1 70 7 0 -1", false),
            ("12 (sleep) Z 1 7 7 0 -1", false),
            ("12 (sleep) S", false),
            ("", false),
        ] {
            assert_eq!(is_member(stat, 7), expected, "{stat}");
        }
    }
}
