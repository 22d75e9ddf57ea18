//! Starting a process by `posix_spawn`, or by fork and exec.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;

use rustix::process::getpid;

use super::before_main::{ClosedStreams, was_pipe_ignored};
use super::file_size::had_file_size_default;
use super::result::{from_errno, from_number};
use super::signals::{InheritedSignals, SignalSet, ignore_pipe, restore_file_size_limit};
use crate::supervise::command::ParentDeath;
use crate::supervise::signal::{Signal, SignalTarget};

/// Starts a command by fork and exec, with the signals and closed standard streams that were
/// inherited.
///
/// Between the two, only what
/// [signal-safety(7)](https://man7.org/linux/man-pages/man7/signal-safety.7.html) lists may run:
/// another thread may have held the lock of the allocator when the process was forked. What runs
/// there is the closure below, beside what the standard library is responsible for. It owns what it
/// reads, a copy on the library's heap that was made before the fork; calls `sigaction` and
/// `pthread_sigmask`, which are on the list, and `prctl` and `getppid`, which are no more than system
/// calls; loads atomics; and on failure makes an error of
/// errno, which allocates nothing and which the library reports and exits with. It does not panic:
/// there is no index, no arithmetic that can overflow and no unwrap. [`spawn_process`] runs nothing
/// of ours there.
pub(crate) fn fork_and_exec(
    command: &mut Command,
    inherited: &InheritedSignals,
    parent_death: ParentDeath,
) -> io::Result<Child> {
    let inherited = *inherited;
    let parent = (parent_death == ParentDeath::Killed).then(|| getpid().as_raw_pid());
    let prepare = move || {
        inherited.restore()?;
        if was_pipe_ignored() {
            ignore_pipe()?;
        }
        if had_file_size_default() {
            restore_file_size_limit()?;
        }
        if let Some(parent) = parent {
            die_with(parent)?;
        }
        Ok(())
    };
    // SAFETY: the closure keeps to what may run between fork and exec, as argued above.
    unsafe { command.pre_exec(prepare) };
    let _closed = ClosedStreams::new();
    command.spawn()
}

/// Has the kernel kill this process when the thread that made it ends. Async-signal-safe: two system
/// calls, nothing allocated.
fn die_with(parent: libc::pid_t) -> io::Result<()> {
    // SAFETY: this option has no memory to get wrong.
    from_errno(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    // SAFETY: the call has no memory to get wrong.
    if unsafe { libc::getppid() } != parent {
        // It has ended before the kernel was asked.
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(())
}

/// Whether the system did not know how to execute a file, which may be a script without interpreter
/// line.
pub(crate) fn is_unknown_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOEXEC)
}

/// Settings for a process to be spawned.
struct SpawnAttributes(libc::posix_spawnattr_t);

impl SpawnAttributes {
    /// Settings of a process that blocks some signals and has the default action for others, in a
    /// process group of its own where signals are to go to that.
    fn new(blocked: &SignalSet, default: &SignalSet, target: SignalTarget) -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the pointer is valid for the call, which writes to it.
        from_number(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: posix_spawnattr_init has succeeded and thus written it.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let pointer = &raw mut attributes.0;
        // SAFETY: the attributes and the set are initialised.
        from_number(unsafe { libc::posix_spawnattr_setsigmask(pointer, &raw const blocked.0) })?;
        // SAFETY: the same.
        from_number(unsafe { libc::posix_spawnattr_setsigdefault(pointer, &raw const default.0) })?;
        let mut flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
        if target == SignalTarget::Group {
            // The group is 0 in attributes that say nothing else: that of the process's own number.
            flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        let flags = libc::c_short::try_from(flags).map_err(io::Error::other)?;
        // SAFETY: the attributes are initialised.
        from_number(unsafe { libc::posix_spawnattr_setflags(pointer, flags) })?;
        Ok(attributes)
    }
}

impl Drop for SpawnAttributes {
    fn drop(&mut self) {
        // SAFETY: the attributes are initialised, and not used after this.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

// SAFETY: POSIX has this variable with this type.
unsafe extern "C" {
    /// The environment of this process, as POSIX has it.
    static mut environ: *const *mut libc::c_char;
}

/// Program to start, as the system takes it.
pub(crate) struct ExecImage {
    /// The program and its arguments.
    pub(crate) arguments: Vec<CString>,
    /// How its environment differs from that of this process.
    pub(crate) changes: Vec<EnvironmentChange>,
}

/// Change of one variable of the environment.
pub(crate) struct EnvironmentChange {
    pub(crate) name: Vec<u8>,
    /// Name, equals sign and value; or nothing, to take it out.
    pub(crate) entry: Option<CString>,
}

/// The environment of this process with changes, ended by null. All that is not changed is byte for
/// byte and in the order in which it is here, also what occurs twice or has no name, which the
/// standard library would drop.
fn environment(changes: &[EnvironmentChange]) -> Vec<*mut libc::c_char> {
    let stays = |entry: &[u8]| {
        changes.iter().all(|change| {
            let rest = entry.strip_prefix(change.name.as_slice());
            rest.is_none_or(|rest| rest.first() != Some(&b'='))
        })
    };
    let mut entries = Vec::new();
    // SAFETY: the pointer is read. Changing the environment beside other threads breaks the
    // contract of std::env::set_var; this crate never does.
    let mut at = unsafe { environ };
    while !at.is_null() {
        // SAFETY: a valid place in an array that is ended by null, whose end has not been reached.
        let entry = unsafe { at.read() };
        if entry.is_null() {
            break;
        }
        // SAFETY: entries of the environment are strings ended by zero.
        if stays(unsafe { CStr::from_ptr(entry) }.to_bytes()) {
            entries.push(entry);
        }
        // SAFETY: this was not the end of the array.
        at = unsafe { at.add(1) };
    }
    let added = changes.iter().filter_map(|change| change.entry.as_ref());
    entries.extend(added.map(|entry| entry.as_ptr().cast_mut()));
    entries.push(ptr::null_mut());
    entries
}

/// Starts a program, looked for in `PATH`, with the signal mask that was inherited. Unlike fork
/// this does not copy the page tables of this process, which takes longer than all else in it.
///
/// SIGPIPE and closed standard streams are as the caller had them. An inherited action of SIGCHLD
/// cannot be given back in this way. `about_to` is called when nothing else is left to do.
pub(crate) fn spawn_process(
    image: &ExecImage,
    inherited: &InheritedSignals,
    target: SignalTarget,
    about_to: &mut dyn FnMut(),
) -> io::Result<i32> {
    let pipe = (!was_pipe_ignored()).then_some(Signal::from_number(libc::SIGPIPE));
    let file_size = had_file_size_default().then_some(Signal::from_number(libc::SIGXFSZ));
    let default = SignalSet::new(pipe.into_iter().chain(file_size)).with_internal();
    let attributes = SpawnAttributes::new(&inherited.mask, &default, target)?;
    let program = image.arguments.first().ok_or(io::ErrorKind::InvalidInput)?;
    let arguments = image.arguments.iter();
    let mut argv: Vec<*mut libc::c_char> = arguments
        .map(|argument| argument.as_ptr().cast_mut())
        .collect();
    argv.push(ptr::null_mut());
    let environment = environment(&image.changes);
    let mut pid = 0;
    let _closed = ClosedStreams::new();
    about_to();
    // SAFETY: program, arguments and environment are strings ended by zero in arrays ended by null,
    // which the call only reads; the attributes are initialised, and there are no file actions.
    from_number(unsafe {
        libc::posix_spawnp(
            &raw mut pid,
            program.as_ptr(),
            ptr::null(),
            &raw const attributes.0,
            argv.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    Ok(pid)
}
