//! The system calls that the standard library does not have. All unsafe code of the crate is here.
#![expect(
    unsafe_code,
    reason = "signals and wait4 are not in the standard library"
)]

use std::ffi::{CStr, CString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

pub(super) use libc::{
    SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGWINCH,
};

use super::maps::unchanged_text;
use super::outcome::Usage;
use super::signal::Signal;

/// Names of signals, without `SIG`.
pub(super) const SIGNAL_NAMES: [(&str, i32); 30] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
];

/// The signals that programs may use as they like, those of the C library taken out.
pub(super) fn realtime_signals() -> RangeInclusive<i32> {
    libc::SIGRTMIN()..=libc::SIGRTMAX()
}

/// Signals, as the system has them.
#[derive(Clone, Copy)]
pub(super) struct SignalSet(libc::sigset_t);

impl SignalSet {
    pub(super) fn new(signals: impl IntoIterator<Item = Signal>) -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset only writes the set that it is given.
        unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        for signal in signals {
            // SAFETY: the set has been initialised; an invalid number is refused and changes nothing.
            unsafe { libc::sigaddset(set.as_mut_ptr(), signal.number()) };
        }
        // SAFETY: sigemptyset has initialised it.
        Self(unsafe { set.assume_init() })
    }

    /// All but those that the C library keeps for itself. KILL and STOP are among them, to no effect.
    pub(super) fn all() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigfillset only writes the set that it is given.
        unsafe { libc::sigfillset(set.as_mut_ptr()) };
        // SAFETY: sigfillset has initialised it.
        Self(unsafe { set.assume_init() })
    }

    /// The same set with the two signals that the C library keeps for itself. It refuses to add them, and has what it
    /// spawns ignore them unless they are to be default.
    fn with_internal(mut self) -> Self {
        const BITS: u64 = 1 << (32 - 1) | 1 << (33 - 1);
        let first = (&raw mut self.0).cast::<u64>();
        // SAFETY: on Linux a set begins with 64 bits, one a signal.
        let bits = unsafe { first.read_unaligned() };
        // SAFETY: the same.
        unsafe { first.write_unaligned(bits | BITS) };
        self
    }
}

/// What the caller had set that Rust's runtime changes before `main`: whether SIGPIPE is ignored, and from there on one
/// bit for each standard stream that is closed.
static BEFORE_MAIN: AtomicU8 = AtomicU8::new(0);

const PIPE_IGNORED: u8 = 1;

/// The bit of a standard stream.
const fn closed_bit(stream: libc::c_int) -> u8 {
    2 << stream
}

/// Runs before Rust's runtime, which ignores SIGPIPE and opens `/dev/null` in place of closed streams.
extern "C" fn look_before_main() {
    let mut seen = 0;
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the action is only asked for, and written on success.
    let result = unsafe { libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: a result of 0 says that it has been written.
    if result == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN {
        seen |= PIPE_IGNORED;
    }
    for stream in 0..=2 {
        // SAFETY: asking for the flags of a descriptor has no memory to get wrong.
        if unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1 {
            seen |= closed_bit(stream);
        }
    }
    BEFORE_MAIN.store(seen, Ordering::Relaxed);
}

// SAFETY: functions of this type in this section are called once, before `main`; this one needs nothing from Rust's
// runtime and cannot panic.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_BEFORE_MAIN: extern "C" fn() = look_before_main;

/// Whether the caller had SIGPIPE ignored.
fn pipe_was_ignored() -> bool {
    BEFORE_MAIN.load(Ordering::Relaxed) & PIPE_IGNORED != 0
}

/// The standard streams that the caller had closed.
fn streams_that_were_closed() -> impl Iterator<Item = libc::c_int> {
    let seen = BEFORE_MAIN.load(Ordering::Relaxed);
    (0..=2).filter(move |stream| seen & closed_bit(*stream) != 0)
}

/// What the caller of this program had set for signals, to be given back to the job.
#[derive(Clone, Copy)]
pub(super) struct Inherited {
    mask: libc::sigset_t,
    child_action: libc::sigaction,
}

/// Blocks signals in this thread, to be taken one by one with [`next_signal`], and makes sure that the end of a child
/// is signalled also where the caller had asked not to be told.
pub(super) fn take_over(signals: &SignalSet) -> io::Result<Inherited> {
    let mut mask = MaybeUninit::uninit();
    // SAFETY: both pointers are valid for the call; the old mask is written.
    check(unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals.0, mask.as_mut_ptr())
    })?;
    // SAFETY: pthread_sigmask has succeeded and thus written it.
    let mask = unsafe { mask.assume_init() };
    // SAFETY: all-zero is a valid sigaction: the default action, no flags.
    let default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut child_action = MaybeUninit::uninit();
    // SAFETY: both pointers are valid for the call; the old action is written.
    let result =
        unsafe { libc::sigaction(libc::SIGCHLD, &raw const default, child_action.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: sigaction has succeeded and thus written it.
    let child_action = unsafe { child_action.assume_init() };
    Ok(Inherited { mask, child_action })
}

impl Inherited {
    /// Whether the end of a child was treated as usual, as it is by nearly every caller.
    pub(super) fn is_usual(&self) -> bool {
        self.child_action.sa_sigaction == libc::SIG_DFL
    }

    /// Gives back what was inherited. Async-signal-safe: two system calls, nothing allocated.
    pub(super) fn restore(&self) -> io::Result<()> {
        // SAFETY: the action was filled in by sigaction; the old one is not asked for.
        let result = unsafe {
            libc::sigaction(libc::SIGCHLD, &raw const self.child_action, ptr::null_mut())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mask was filled in by pthread_sigmask; the old one is not asked for.
        check(unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.mask, ptr::null_mut())
        })
    }
}

/// Has a command begin with the signals as they were inherited; the library then starts it by fork and exec.
///
/// Between the two, only what [signal-safety(7)](https://man7.org/linux/man-pages/man7/signal-safety.7.html) lists may run:
/// another thread may have held the lock of the allocator when the process was forked. What runs there is the closure
/// below, beside what the standard library is responsible for. It owns what it reads, a copy on the library's heap that
/// was made before the fork; calls `sigaction`, `pthread_sigmask`, `signal` and `close`, which are on the list; loads an atomic;
/// and on failure makes an error of errno, which allocates nothing and which the library reports and exits with. It does
/// not panic: there is no index, no arithmetic that can overflow and no unwrap. [`spawn`] runs nothing of ours there.
pub(super) fn restore_before_exec(command: &mut Command, inherited: &Inherited) {
    let inherited = *inherited;
    let prepare = move || {
        inherited.restore()?;
        if pipe_was_ignored() {
            // SAFETY: ignoring a signal has no memory to get wrong.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        }
        for stream in streams_that_were_closed() {
            // SAFETY: in the child nothing uses the stream between here and exec.
            unsafe { libc::close(stream) };
        }
        Ok(())
    };
    // SAFETY: the closure keeps to what may run between fork and exec, as argued above.
    unsafe { command.pre_exec(prepare) };
}

/// Settings for a process to be spawned.
struct SpawnAttributes {
    attributes: libc::posix_spawnattr_t,
    /// Those of the settings that are to hold.
    flags: libc::c_int,
}

impl SpawnAttributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the pointer is valid for the call, which writes to it.
        check(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        Ok(Self {
            // SAFETY: posix_spawnattr_init has succeeded and thus written it.
            attributes: unsafe { attributes.assume_init() },
            flags: 0,
        })
    }

    fn set_mask(&mut self, mask: &libc::sigset_t) -> io::Result<()> {
        // SAFETY: the attributes and the set are initialised.
        check(unsafe { libc::posix_spawnattr_setsigmask(&raw mut self.attributes, mask) })?;
        self.add_flag(libc::POSIX_SPAWN_SETSIGMASK)
    }

    fn set_default(&mut self, signals: &SignalSet) -> io::Result<()> {
        let signals = &raw const signals.0;
        // SAFETY: the attributes and the set are initialised.
        check(unsafe { libc::posix_spawnattr_setsigdefault(&raw mut self.attributes, signals) })?;
        self.add_flag(libc::POSIX_SPAWN_SETSIGDEF)
    }

    fn set_own_group(&mut self) -> io::Result<()> {
        // SAFETY: the attributes are initialised; 0 asks for a group of the number of the process.
        check(unsafe { libc::posix_spawnattr_setpgroup(&raw mut self.attributes, 0) })?;
        self.add_flag(libc::POSIX_SPAWN_SETPGROUP)
    }

    fn add_flag(&mut self, flag: libc::c_int) -> io::Result<()> {
        self.flags |= flag;
        let flags = libc::c_short::try_from(self.flags).map_err(io::Error::other)?;
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::posix_spawnattr_setflags(&raw mut self.attributes, flags) })
    }
}

impl Drop for SpawnAttributes {
    fn drop(&mut self) {
        // SAFETY: the attributes are initialised, and not used after this.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.attributes) };
    }
}

/// What a process to be spawned does with its descriptors.
struct SpawnActions(libc::posix_spawn_file_actions_t);

impl SpawnActions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the pointer is valid for the call, which writes to it.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: posix_spawn_file_actions_init has succeeded and thus written it.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn close(&mut self, stream: libc::c_int) -> io::Result<()> {
        // SAFETY: the actions are initialised.
        check(unsafe { libc::posix_spawn_file_actions_addclose(&raw mut self.0, stream) })
    }
}

impl Drop for SpawnActions {
    fn drop(&mut self) {
        // SAFETY: the actions are initialised, and not used after this.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

// SAFETY: POSIX has this variable with this type.
unsafe extern "C" {
    /// The environment of this process, as POSIX has it.
    static mut environ: *const *mut libc::c_char;
}

/// What to start.
pub(super) struct Image {
    /// The program and its arguments.
    pub(super) arguments: Vec<CString>,
    /// How its environment differs from that of this process.
    pub(super) changes: Vec<Variable>,
}

/// A change of one variable of the environment.
pub(super) struct Variable {
    pub(super) name: Vec<u8>,
    /// Name, equals sign and value; or nothing, to take it out.
    pub(super) entry: Option<CString>,
}

/// The environment of this process with changes, ended by null. All that is not changed is byte for byte and in the order
/// in which it is here, also what occurs twice or has no name, which the standard library would drop.
fn environment(changes: &[Variable]) -> Vec<*mut libc::c_char> {
    let stays = |entry: &[u8]| {
        changes.iter().all(|change| {
            let rest = entry.strip_prefix(change.name.as_slice());
            rest.is_none_or(|rest| rest.first() != Some(&b'='))
        })
    };
    let mut entries = Vec::new();
    // SAFETY: the pointer is read. Who changes the environment beside other threads breaks the contract of
    // std::env::set_var; this crate never does.
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

/// Starts a program, looked for in `PATH`, with the signal mask that was inherited. Unlike fork this does not copy the
/// page tables of this process, which takes longer than all else in it.
///
/// SIGPIPE and closed standard streams are as the caller had them. What it had set for SIGCHLD cannot be given back in
/// this way. `about_to` is called when nothing else is left to do.
pub(super) fn spawn(
    image: &Image,
    inherited: &Inherited,
    recipient: Recipient,
    about_to: &mut dyn FnMut(),
) -> io::Result<i32> {
    let mut attributes = SpawnAttributes::new()?;
    attributes.set_mask(&inherited.mask)?;
    let pipe = (!pipe_was_ignored()).then_some(Signal::from_number(libc::SIGPIPE));
    attributes.set_default(&SignalSet::new(pipe).with_internal())?;
    let mut actions = SpawnActions::new()?;
    for stream in streams_that_were_closed() {
        actions.close(stream)?;
    }
    if recipient == Recipient::Group {
        attributes.set_own_group()?;
    }
    let program = image.arguments.first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut argv: Vec<*mut libc::c_char> = image
        .arguments
        .iter()
        .map(|argument| argument.as_ptr().cast_mut())
        .collect();
    argv.push(ptr::null_mut());
    let environment = environment(&image.changes);
    let mut pid = 0;
    about_to();
    // SAFETY: program, arguments and environment are strings ended by zero in arrays ended by null, which the call only
    // reads; attributes and actions are initialised.
    check(unsafe {
        libc::posix_spawnp(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.attributes,
            argv.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    Ok(pid)
}

/// An error number as POSIX threads and spawn return it, 0 for none.
fn check(error: libc::c_int) -> io::Result<()> {
    match error {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Whether this process has a controlling terminal.
pub(super) fn has_terminal() -> bool {
    match terminal() {
        Ok(_) => true,
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => false,
        // The device is not there, as in a container with little in its /dev, or not for us.
        Err(_) => fs::read_to_string("/proc/self/stat").is_ok_and(|stat| {
            // The name of the program, in parentheses, may hold anything; the number of the terminal is the fifth after it.
            let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
            let terminal = fields.and_then(|fields| fields.split_ascii_whitespace().nth(4));
            terminal.is_some_and(|number| number != "0")
        }),
    }
}

/// The controlling terminal of this process.
fn terminal() -> io::Result<File> {
    // Neither waits for a line that is not connected nor takes a terminal that is not ours.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open("/dev/tty")
}

/// Whether the system did not know how to execute a file, which may be a script without interpreter line.
pub(super) fn is_unknown_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOEXEC)
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) signal: Signal,
    pub(super) sender: Sender,
}

/// Who sent a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Another process.
    Process,
    /// This process, to wake itself.
    Ourselves,
    /// The kernel: for a terminal, a timer or the end of a child.
    Kernel,
}

/// The number of this process.
fn own_pid() -> libc::pid_t {
    // SAFETY: getpid has no memory to get wrong.
    unsafe { libc::getpid() }
}

/// Whether this process leads its session, as the first process of a terminal does.
pub(super) fn leads_session() -> bool {
    // SAFETY: getsid has no memory to get wrong; 0 is this process.
    let session = unsafe { libc::getsid(0) };
    session == own_pid()
}

/// Whether the calling thread is the first of its process.
pub(super) fn is_main_thread() -> bool {
    // SAFETY: gettid has no memory to get wrong.
    let thread = unsafe { libc::gettid() };
    thread == own_pid()
}

/// Whether processes whose parents have ended become children of this one: it is the first of a PID namespace, or was
/// made to by [`prctl`](https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html).
pub(super) fn is_reaper() -> bool {
    let mut subreaper: libc::c_int = 0;
    // SAFETY: the kernel writes an int at the address, which is valid for the call.
    let result = unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut subreaper) };
    own_pid() == 1 || (result == 0 && subreaper != 0)
}

/// Waits for one of the blocked signals; without a limit, or up to one.
pub(super) fn next_signal(signals: &SignalSet, limit: Option<Duration>) -> Option<Received> {
    let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(limit.subsec_nanos()),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the set is initialised, info is written on success, the limit is null or valid for the call.
    let number = unsafe { libc::sigtimedwait(&raw const signals.0, info.as_mut_ptr(), limit) };
    if number <= 0 {
        return None;
    }
    // SAFETY: a signal was returned, so info has been written.
    let info = unsafe { info.assume_init() };
    let sender = match info.si_code {
        1.. => Sender::Kernel,
        libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL => {
            // SAFETY: with these codes the sender is filled in.
            if unsafe { info.si_pid() } == own_pid() {
                Sender::Ourselves
            } else {
                Sender::Process
            }
        }
        _ => Sender::Process,
    };
    Some(Received {
        signal: Signal::from_number(number),
        sender,
    })
}

/// Has [`next_signal`] return in the main thread.
pub(super) fn wake() {
    let main = own_pid();
    // SAFETY: the call has no memory to get wrong. To the main thread alone, where the signal is blocked: a thread that
    // does not block it could take one for the process.
    unsafe { libc::syscall(libc::SYS_tgkill, main, main, SIGCHLD) };
}

/// The process group of a process, 0 for this one.
fn group_of(pid: i32) -> libc::pid_t {
    // SAFETY: getpgid has no memory to get wrong.
    unsafe { libc::getpgid(pid) }
}

/// Whether a process is in the process group of this one.
pub(super) fn shares_group(pid: i32) -> bool {
    group_of(pid) == group_of(0)
}

/// Whether a process has left our group and has its own in the foreground of our terminal.
pub(super) fn has_foreground(pid: i32) -> bool {
    !shares_group(pid)
        && terminal().is_ok_and(|terminal| {
            // SAFETY: the descriptor is open; there is no memory to get wrong.
            let foreground = unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) };
            foreground == group_of(pid)
        })
}

/// Stops this process as the job was stopped, by a signal that is blocked, and returns when it goes on. Where the system
/// does not stop a process by it, because nobody could let it go on again or the caller has it ignored, this returns at
/// once.
///
/// It also returns at once when the job goes on already: whoever has stopped and continued the whole group may have done
/// both while we were about to stop. A CONT that comes later takes the signal back by itself.
pub(super) fn suspend(signal: Signal, job: i32) {
    let set = SignalSet::new([signal]);
    // SAFETY: kill has no memory to get wrong; the signal is blocked and waits.
    unsafe { libc::kill(own_pid(), signal.number()) };
    if goes_on(job) {
        next_signal(&set, Some(Duration::ZERO));
        return;
    }
    // SAFETY: the set is initialised, the old mask is not asked for. Here the signal acts.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set.0, ptr::null_mut()) };
    // SAFETY: the same.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set.0, ptr::null_mut()) };
}

/// Whether there is news, which it leaves for [`next_change`], that a stopped child goes on or has ended.
fn goes_on(pid: i32) -> bool {
    // SAFETY: all-zero is a valid siginfo_t, and what waitid leaves where there is no news.
    let mut info: libc::siginfo_t = unsafe { MaybeUninit::zeroed().assume_init() };
    let options = libc::WCONTINUED | libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let id = libc::id_t::try_from(pid).unwrap_or_default();
    // SAFETY: the pointer is valid for the call.
    let result = unsafe { libc::waitid(libc::P_PID, id, &raw mut info, options) };
    result == 0 && info.si_signo != 0
}

/// Whom to send a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// The job alone.
    Process,
    /// The process group that the job leads.
    Group,
}

/// Sends a signal to the job, which must not have been waited for yet: until then its number cannot be another's. That
/// it has ended meanwhile is no error.
///
/// It goes to the group that the job leads, which it may do although we did not ask it to, as `timeout` and shells do; or
/// else to the job, and also to what it has left behind in the group that we made for it.
pub(super) fn send(signal: Signal, pid: i32, recipient: Recipient) -> io::Result<()> {
    let kill = |target| {
        // SAFETY: kill has no memory to get wrong.
        match unsafe { libc::kill(target, signal.number()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    if group_of(pid) == pid {
        return kill(-pid);
    }
    if recipient == Recipient::Group {
        // That nobody is left there is no error.
        let _ = kill(-pid);
    }
    kill(pid)
}

/// Unmaps the program text that is in memory, ours and that of shared libraries; what is needed again is mapped again
/// from the page cache. Starting takes most of it, waiting next to nothing. With it goes what the allocator of the GNU C library
/// keeps for later.
///
/// Where there are other threads, which could change the mappings meanwhile, only that of this program and of the C library.
pub(super) fn release_text() {
    let is_alone = fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    let Ok(maps) = fs::read_to_string("/proc/self/smaps") else {
        return;
    };
    // What runs here stays mapped for as long as the process is there.
    let lasting = [
        release_text as *const () as usize,
        libc::madvise as *const () as usize,
    ];
    for (start, length) in unchanged_text(&maps) {
        let mapping = start..start.saturating_add(length);
        if !is_alone && !lasting.iter().any(|code| mapping.contains(code)) {
            continue;
        }
        let start = ptr::with_exposed_provenance_mut(start);
        // SAFETY: a private mapping of a file without write permission and without changed pages holds what the file
        // holds, so that the next access finds the same, in whichever thread. That it is still this mapping is sure: nobody else
        // is there to change it, or nobody can. A failure leaves it as it is.
        unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes the locks of the allocator and gives back only what nobody has.
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Which children to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Children {
    /// This one.
    Only(i32),
    /// All.
    All,
}

/// What has become of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has ended with this status, and used this.
    Ended(i32, Usage),
    /// A signal stopped it.
    Stopped(Signal),
    /// It goes on after a stop.
    Continued,
}

/// What has become of a child that there is news of, without waiting for any.
pub(super) fn next_change(children: Children) -> io::Result<Option<(i32, Change)>> {
    let target = match children {
        Children::Only(pid) => pid,
        Children::All => -1,
    };
    let mut status = 0;
    let mut usage = MaybeUninit::uninit();
    let options = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    // SAFETY: both pointers are valid for the call; they are written when a child is returned.
    let pid = unsafe { libc::wait4(target, &raw mut status, options, usage.as_mut_ptr()) };
    if pid == 0 {
        return Ok(None);
    }
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    let change = if libc::WIFSTOPPED(status) {
        Change::Stopped(Signal::from_number(libc::WSTOPSIG(status)))
    } else if libc::WIFCONTINUED(status) {
        Change::Continued
    } else {
        // SAFETY: a child was returned, so usage has been written.
        let usage: libc::rusage = unsafe { usage.assume_init() };
        Change::Ended(status, usage_from(&usage))
    };
    Ok(Some((pid, change)))
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
