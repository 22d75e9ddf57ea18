//! Blocking, taking and sending signals.

use std::io;
use std::iter;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

use rustix::process::getpid;

use super::file_size::note_file_size_default;
use super::process::group_of;
use super::result::{from_errno, from_number};
use super::wait::has_continued;
use crate::supervise::signal::{ReceivedSignal, Signal, SignalSender, SignalTarget};

/// Set of signals, as the system has it.
#[derive(Clone, Copy)]
pub(crate) struct SignalSet(pub(super) libc::sigset_t);

impl SignalSet {
    fn empty() -> Self {
        // SAFETY: all-zero is a valid set on Linux, the one without signals.
        Self(unsafe { MaybeUninit::zeroed().assume_init() })
    }

    pub(super) fn new(signals: impl IntoIterator<Item = Signal>) -> Self {
        let mut set = Self::empty();
        for signal in signals {
            // SAFETY: the set is initialised; an invalid number is refused and changes nothing.
            unsafe { libc::sigaddset(&raw mut set.0, signal.number()) };
        }
        set
    }

    /// All signals but those that the C library keeps for itself. KILL and STOP are among them, to
    /// no effect.
    pub(crate) fn all() -> Self {
        let mut set = Self::empty();
        // SAFETY: sigfillset only writes the set that it is given.
        unsafe { libc::sigfillset(&raw mut set.0) };
        set
    }

    /// The same set with the two signals that the C library keeps for itself. It refuses to add
    /// them, and has what it spawns ignore them unless they are to be default.
    pub(super) fn with_internal(mut self) -> Self {
        const BITS: u64 = 1 << (32 - 1) | 1 << (33 - 1);
        let first = (&raw mut self.0).cast::<u64>();
        // SAFETY: on Linux a set begins with 64 bits, one a signal.
        let bits = unsafe { first.read_unaligned() };
        // SAFETY: the same.
        unsafe { first.write_unaligned(bits | BITS) };
        self
    }

    /// Takes the signals that have arrived.
    pub(crate) fn drain(&self) -> Vec<ReceivedSignal> {
        iter::from_fn(|| next_signal(self, Some(Duration::ZERO))).collect()
    }
}

/// Changes the signals that this thread blocks, and returns those that it blocked before.
fn change_mask(how: libc::c_int, signals: &SignalSet) -> io::Result<SignalSet> {
    let mut before = SignalSet::empty();
    // SAFETY: both sets are initialised.
    from_number(unsafe { libc::pthread_sigmask(how, &raw const signals.0, &raw mut before.0) })?;
    Ok(before)
}

/// The default action of a signal, without flags.
fn default_action() -> libc::sigaction {
    // SAFETY: all-zero is a valid sigaction: SIG_DFL, no flags, an empty mask.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// An action of a signal, without flags.
fn action(handler: libc::sighandler_t) -> libc::sigaction {
    libc::sigaction {
        sa_sigaction: handler,
        ..default_action()
    }
}

/// Sets the action of a signal if one is given, and returns the one that it had before.
fn change_action(
    signal: libc::c_int,
    action: Option<&libc::sigaction>,
) -> io::Result<libc::sigaction> {
    let mut before = default_action();
    let action = action.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the action is null or initialised, and is to do the default, to ignore, or what this
    // function has returned; the old one is written.
    from_errno(unsafe { libc::sigaction(signal, action, &raw mut before) })?;
    Ok(before)
}

/// Ignores SIGXFSZ in this process: a limit on the size of files (`ulimit -f`) is an error of a write, and
/// does not kill it. A job gets the action that this process had before.
pub fn ignore_file_size_limit() {
    let before = change_action(libc::SIGXFSZ, Some(&action(libc::SIG_IGN)));
    // Where the caller had it ignored, so has the job.
    if before.is_ok_and(|before| before.sa_sigaction == libc::SIG_DFL) {
        note_file_size_default();
    }
}

/// Gives SIGXFSZ its default action back. Async-signal-safe: one system call, nothing allocated.
pub(super) fn restore_file_size_limit() -> io::Result<()> {
    change_action(libc::SIGXFSZ, Some(&default_action())).map(drop)
}

/// Whether SIGPIPE is ignored.
pub(super) fn is_pipe_ignored() -> bool {
    change_action(libc::SIGPIPE, None).is_ok_and(|action| action.sa_sigaction == libc::SIG_IGN)
}

/// Ignores SIGPIPE. Async-signal-safe: one system call, nothing allocated.
pub(super) fn ignore_pipe() -> io::Result<()> {
    change_action(libc::SIGPIPE, Some(&action(libc::SIG_IGN))).map(drop)
}

/// Settings of signals that this process has inherited, to be given back to the job.
#[derive(Clone, Copy)]
pub(crate) struct InheritedSignals {
    pub(super) mask: SignalSet,
    child_action: libc::sigaction,
}

/// Blocks signals in this thread, to be taken one by one with [`next_signal`], and makes sure that
/// the end of a child is signalled also where the caller ignores SIGCHLD.
pub(crate) fn block_signals(signals: &SignalSet) -> io::Result<InheritedSignals> {
    Ok(InheritedSignals {
        mask: change_mask(libc::SIG_BLOCK, signals)?,
        child_action: change_action(libc::SIGCHLD, Some(&default_action()))?,
    })
}

impl InheritedSignals {
    /// Whether SIGCHLD had its default action.
    pub(crate) fn has_default_child_action(&self) -> bool {
        self.child_action.sa_sigaction == libc::SIG_DFL
    }

    /// Gives back what was inherited. Async-signal-safe: two system calls, nothing allocated.
    pub(crate) fn restore(&self) -> io::Result<()> {
        change_action(libc::SIGCHLD, Some(&self.child_action))?;
        change_mask(libc::SIG_SETMASK, &self.mask).map(drop)
    }
}

/// Waits for one of the blocked signals; without a limit, or up to one.
pub(crate) fn next_signal(signals: &SignalSet, limit: Option<Duration>) -> Option<ReceivedSignal> {
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(limit.subsec_nanos()),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the set is initialised, info is written on success, the limit is null or valid for
    // the call.
    let number = unsafe { libc::sigtimedwait(&raw const signals.0, info.as_mut_ptr(), limit) };
    if number <= 0 {
        return None;
    }
    // SAFETY: a signal was returned, so info has been written.
    let info = unsafe { info.assume_init() };
    let sender = match info.si_code {
        1.. => SignalSender::Kernel,
        libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL => {
            // SAFETY: with these codes the sender is filled in.
            if unsafe { info.si_pid() } == getpid().as_raw_pid() {
                SignalSender::Ourselves
            } else {
                SignalSender::Process
            }
        }
        _ => SignalSender::Process,
    };
    Some(ReceivedSignal {
        signal: Signal::from_number(number),
        sender,
    })
}

/// Has [`next_signal`] return in the main thread.
pub(crate) fn wake_main_thread() {
    let main = getpid().as_raw_pid();
    // SAFETY: the call has no memory to get wrong. To the main thread alone, where the signal is
    // blocked: a thread that does not block it could take one for the process.
    unsafe { libc::syscall(libc::SYS_tgkill, main, main, libc::SIGCHLD) };
}

/// Sends a signal to a process, or to a process group by its negative number. Unlike that of rustix
/// it sends real-time signals too.
fn kill(target: i32, signal: Signal) -> io::Result<()> {
    // SAFETY: kill has no memory to get wrong.
    from_errno(unsafe { libc::kill(target, signal.number()) }).map(drop)
}

/// Sends a signal to a process group.
pub(crate) fn kill_group(group: i32, signal: Signal) -> io::Result<()> {
    kill(-group, signal)
}

/// Sends a signal to the job, which must not have been waited for yet: until then its number cannot
/// be another's. That it has ended meanwhile is no error.
///
/// It goes to the group that the job leads, which it may do although we did not ask it to, as
/// `timeout` and shells do; or else to the job, and also to what it has left behind in the group
/// that we made for it.
pub(crate) fn send(signal: Signal, pid: i32, target: SignalTarget) -> io::Result<()> {
    if group_of(pid) == pid {
        return kill(-pid, signal);
    }
    if target == SignalTarget::Group {
        // That nobody is left there is no error.
        let _ = kill(-pid, signal);
    }
    kill(pid, signal)
}

/// Stops this process as the job was stopped, by a signal that is blocked, and returns when it goes
/// on. Where the system does not stop a process by it, because nobody could let it go on again or
/// the caller has it ignored, this returns at once.
///
/// It also returns at once when the job goes on already: whoever has stopped and continued the
/// whole group may have done both while we were about to stop. A CONT that comes later takes the
/// signal back by itself.
pub(crate) fn suspend(signal: Signal, job: i32) {
    let set = SignalSet::new([signal]);
    // It is blocked and waits. What cannot fail is not checked, here and below.
    let _ = kill(getpid().as_raw_pid(), signal);
    if has_continued(job) {
        next_signal(&set, Some(Duration::ZERO));
        return;
    }
    // Here the signal acts.
    let _ = change_mask(libc::SIG_UNBLOCK, &set);
    let _ = change_mask(libc::SIG_BLOCK, &set);
}
