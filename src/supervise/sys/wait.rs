//! News of child processes.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::result::from_errno;
use crate::supervise::outcome::Usage;
use crate::supervise::signal::Signal;

/// Children to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitScope {
    /// This one.
    Child(i32),
    /// All.
    AllChildren,
}

/// Change of state of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildChange {
    /// It has ended with this status, and used this.
    Ended(i32, Usage),
    /// A signal stopped it.
    Stopped(Signal),
    /// It goes on after a stop.
    Continued,
}

/// Takes the next change of state of a child, with its number, without waiting for any.
pub(crate) fn next_change(scope: WaitScope) -> io::Result<Option<(i32, ChildChange)>> {
    let target = match scope {
        WaitScope::Child(pid) => pid,
        WaitScope::AllChildren => -1,
    };
    let mut status = 0;
    let mut usage = MaybeUninit::uninit();
    let options = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    // SAFETY: both pointers are valid for the call; they are written when a child is returned.
    let pid = unsafe { libc::wait4(target, &raw mut status, options, usage.as_mut_ptr()) };
    if from_errno(pid)? == 0 {
        return Ok(None);
    }
    let change = if libc::WIFSTOPPED(status) {
        ChildChange::Stopped(Signal::from_number(libc::WSTOPSIG(status)))
    } else if libc::WIFCONTINUED(status) {
        ChildChange::Continued
    } else {
        // SAFETY: a child was returned, so usage has been written.
        let usage: libc::rusage = unsafe { usage.assume_init() };
        ChildChange::Ended(status, usage_from(&usage))
    };
    Ok(Some((pid, change)))
}

/// Whether there is news, which it leaves for [`next_change`], that a stopped child goes on or has
/// ended.
pub(super) fn has_continued(pid: i32) -> bool {
    let options = WaitIdOptions::CONTINUED
        | WaitIdOptions::EXITED
        | WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT;
    let child = Pid::from_raw(pid);
    child.is_some_and(|child| matches!(waitid(WaitId::Pid(child), options), Ok(Some(_))))
}

fn usage_from(usage: &libc::rusage) -> Usage {
    Usage {
        cpu_user: duration_from(usage.ru_utime),
        cpu_system: duration_from(usage.ru_stime),
        // Linux counts it in KiB.
        max_resident_memory_bytes: u64::try_from(usage.ru_maxrss)
            .unwrap_or_default()
            .saturating_mul(1024),
    }
}

fn duration_from(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
