//! What the caller had set that Rust's runtime, or this program, changes before the job is started.

use std::sync::atomic::{AtomicU8, Ordering};

use super::signals::is_pipe_ignored;

/// Whether SIGPIPE was ignored, and from there on one bit for each standard stream that was closed.
static INITIAL_STATE: AtomicU8 = AtomicU8::new(0);

const PIPE_IGNORED: u8 = 1;

const STREAMS: [libc::c_int; 3] = [0, 1, 2];

/// The bit of a standard stream.
const fn closed_bit(stream: libc::c_int) -> u8 {
    2 << stream
}

/// Runs before Rust's runtime, which ignores SIGPIPE and opens `/dev/null` in place of closed
/// streams.
extern "C" fn capture_initial_state() {
    let mut state = 0;
    if is_pipe_ignored() {
        state |= PIPE_IGNORED;
    }
    for stream in STREAMS {
        if descriptor_flags(stream, libc::F_GETFD, 0) == -1 {
            state |= closed_bit(stream);
        }
    }
    INITIAL_STATE.store(state, Ordering::Relaxed);
}

// SAFETY: functions of this type in this section are called once, before `main`; this one needs
// nothing from Rust's runtime and cannot panic.
#[used]
#[unsafe(link_section = ".init_array")]
static CAPTURE_INITIAL_STATE: extern "C" fn() = capture_initial_state;

/// Whether the caller had SIGPIPE ignored.
pub(super) fn was_pipe_ignored() -> bool {
    INITIAL_STATE.load(Ordering::Relaxed) & PIPE_IGNORED != 0
}

/// Standard streams that the caller had closed: while this exists, they are closed in a process
/// that is started.
pub(super) struct ClosedStreams(());

impl ClosedStreams {
    pub(super) fn new() -> Self {
        Self::set_flags(libc::FD_CLOEXEC);
        Self(())
    }

    fn set_flags(flags: libc::c_int) {
        let state = INITIAL_STATE.load(Ordering::Relaxed);
        for stream in STREAMS {
            if state & closed_bit(stream) != 0 {
                // It fails for one that is closed here too, and then in the job.
                descriptor_flags(stream, libc::F_SETFD, flags);
            }
        }
    }
}

impl Drop for ClosedStreams {
    fn drop(&mut self) {
        Self::set_flags(0);
    }
}

/// Reads or sets the flags of a descriptor.
fn descriptor_flags(stream: libc::c_int, command: libc::c_int, flags: libc::c_int) -> libc::c_int {
    // SAFETY: these commands have no memory to get wrong.
    unsafe { libc::fcntl(stream, command, flags) }
}
