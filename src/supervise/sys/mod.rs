//! The system calls that the standard library does not have. All unsafe code of the crate is here.
//!
//! rustix is used where it has a safe call. It has none for signals, `posix_spawn` and `wait4`, and
//! its process group and session cannot be 0, which Linux says of those outside the PID namespace.
#![expect(
    unsafe_code,
    reason = "signals, posix_spawn and wait4 have no safe interface"
)]

mod before_main;
mod file_size;
pub(super) mod memory;
pub(super) mod process;
mod result;
pub(super) mod signal_numbers;
pub(super) mod signals;
pub(super) mod spawn;
pub(super) mod terminal;
pub(super) mod wait;
