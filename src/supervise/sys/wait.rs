//! News of child processes.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::result::from_errno;
use crate::supervise::outcome::{Ending, Usage};
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

/// Ending and usage of a child that has ended, which stays a zombie.
pub(crate) fn peek_ended(pid: i32) -> io::Result<Option<(Ending, Usage)>> {
    // SAFETY: all-zero is a valid siginfo_t; it is what is left where no child has ended.
    let mut info: libc::siginfo_t = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: all-zero is a valid rusage.
    let mut usage: libc::rusage = unsafe { MaybeUninit::zeroed().assume_init() };
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // The function of the C library does not return the usage, which the system call does.
    // SAFETY: both pointers are valid for the call.
    let waited = unsafe {
        libc::syscall(
            libc::SYS_waitid,
            libc::P_PID,
            pid,
            &raw mut info,
            options,
            &raw mut usage,
        )
    };
    if waited == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: waitid fills these in, or has left zeroes.
    let (child, status) = unsafe { (info.si_pid(), info.si_status()) };
    if child == 0 {
        return Ok(None);
    }
    let ending = if info.si_code == libc::CLD_EXITED {
        Ending::Exited(u8::try_from(status & 0xff).unwrap_or(u8::MAX))
    } else {
        Ending::Killed(Signal::from_number(status))
    };
    Ok(Some((ending, usage_from(&usage))))
}

/// Takes a child that has ended, and was left a zombie.
pub(crate) fn reap(pid: i32) {
    // SAFETY: a null status is allowed. Of a child that is none any more there is nothing to take.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::WNOHANG) };
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
