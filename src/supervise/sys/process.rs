//! Process, thread, group and session of this program and of others.

use rustix::process::{child_subreaper, getpid};
use rustix::thread::gettid;

/// Whether this process leads its session, as the first process of a terminal does.
pub(crate) fn leads_session() -> bool {
    // SAFETY: getsid has no memory to get wrong; 0 is this process.
    let session = unsafe { libc::getsid(0) };
    session == getpid().as_raw_pid()
}

/// Whether the calling thread is the first of its process.
pub(crate) fn is_main_thread() -> bool {
    gettid() == getpid()
}

/// Whether processes whose parents have ended become children of this one: it is the first of a PID
/// namespace, or was made to by
/// [`prctl`](https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html).
pub(crate) fn is_reaper() -> bool {
    getpid().is_init() || child_subreaper().is_ok_and(|subreaper| subreaper.is_some())
}

/// Process group of a process, 0 for this one.
pub(super) fn group_of(pid: i32) -> i32 {
    // SAFETY: getpgid has no memory to get wrong.
    unsafe { libc::getpgid(pid) }
}

/// Whether a process is in the process group of this one.
pub(crate) fn shares_group(pid: i32) -> bool {
    group_of(pid) == group_of(0)
}
