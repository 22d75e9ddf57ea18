//! When a run ended, in an order that setting the clock does not change.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

/// The longest time from the end of a run until its end time is taken. A time that seems to be
/// longer comes from a clock that was set meanwhile.
const SOON: Duration = Duration::from_secs(60);

/// When a run ended, by a clock that only goes forward while the system is up, and the same for all
/// its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EndTime {
    /// Which start of the system the time counts from; empty where that is not known.
    boot: String,
    since_boot: Duration,
}

impl EndTime {
    /// That of a run which has just ended, at this time by the wall clock.
    pub(super) fn of(completed: SystemTime) -> Self {
        let ago = SystemTime::now().duration_since(completed);
        let ago = ago.ok().filter(|ago| *ago < SOON).unwrap_or_default();
        let now = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or_default();
        Self {
            boot: boot().to_owned(),
            since_boot: Duration::new(seconds, nanoseconds).saturating_sub(ago),
        }
    }

    /// Returns the same where it has been by `now`. A time to come, in this start of the system,
    /// comes from elsewhere or was not written so: it is unknown, and counts as earlier.
    pub(super) fn known_by(self, now: &Self) -> Self {
        if self.is_later_than(now) {
            return Self {
                boot: String::new(),
                ..self
            };
        }
        self
    }

    /// Returns true when this is certainly the later one. An end before the system was started, or
    /// on another machine, counts as earlier.
    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        !self.boot.is_empty() && self.boot == other.boot && self.since_boot > other.since_boot
    }
}

impl fmt::Display for EndTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.boot, self.since_boot.as_nanos())
    }
}

impl FromStr for EndTime {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (boot, nanoseconds) = text.rsplit_once(':').ok_or(())?;
        let nanoseconds = nanoseconds.parse().map_err(|_| ())?;
        Ok(Self {
            boot: boot.to_owned(),
            since_boot: Duration::from_nanos(nanoseconds),
        })
    }
}

/// The name that Linux gives this start of the system.
fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        // Asked for at once: it is on the way of every run.
        let mut id = [0; 64];
        let read =
            File::open("/proc/sys/kernel/random/boot_id").and_then(|mut file| file.read(&mut id));
        let id = &id[..read.unwrap_or_default()];
        String::from_utf8_lossy(id).trim().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_time(boot: &str, nanoseconds: u64) -> EndTime {
        EndTime {
            boot: boot.to_owned(),
            since_boot: Duration::from_nanos(nanoseconds),
        }
    }

    #[test]
    fn an_end_elsewhere_or_before_a_restart_is_the_earlier() {
        for (one, other, is_later) in [
            (end_time("a", 2), end_time("a", 1), true),
            (end_time("a", 1), end_time("a", 1), false),
            (end_time("a", 1), end_time("a", 2), false),
            (end_time("a", 2), end_time("b", 1), false),
            (end_time("", 2), end_time("", 1), false),
        ] {
            assert_eq!(one.is_later_than(&other), is_later, "{one} {other}");
        }
    }

    #[test]
    fn a_time_to_come_is_unknown() {
        let now = end_time("a", 5);
        assert_eq!(end_time("a", 5).known_by(&now), end_time("a", 5));
        assert_eq!(end_time("b", 6).known_by(&now), end_time("b", 6));
        let unknown = end_time("a", 6).known_by(&now);
        assert!(now.is_later_than(&end_time("a", 4)) && !unknown.is_later_than(&now));
        assert!(!unknown.is_later_than(&end_time("a", 1)));
    }

    #[test]
    fn an_end_time_is_read_back() {
        for end in [
            end_time("0-1", 7),
            end_time("", 0),
            EndTime::of(SystemTime::now()),
        ] {
            assert_eq!(end.to_string().parse(), Ok(end));
        }
        for text in ["", "a", "a:", "a:-1", "a:x"] {
            assert_eq!(text.parse::<EndTime>(), Err(()), "{text}");
        }
    }

    #[test]
    fn the_wall_clock_says_only_how_long_ago_it_was() {
        let now = SystemTime::now();
        let early = EndTime::of(now - Duration::from_secs(1));
        let late = EndTime::of(now);
        assert!(late.is_later_than(&early));
        // The clock was set while the run was being stamped.
        for completed in [
            now + Duration::from_secs(3600),
            now - Duration::from_secs(3600),
        ] {
            assert!(EndTime::of(completed).is_later_than(&early));
        }
    }
}
