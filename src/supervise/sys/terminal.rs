//! The controlling terminal of this process.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use rustix::termios::tcgetpgrp;

use super::process::{group_of, shares_group};

/// Whether this process has a controlling terminal.
pub(crate) fn has_terminal() -> bool {
    match terminal() {
        Ok(_) => true,
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => false,
        // The device is not there, as in a container with little in its /dev, or not for us.
        Err(_) => fs::read_to_string("/proc/self/stat").is_ok_and(|stat| {
            // The name of the program, in parentheses, may hold anything; the number of the
            // terminal is the fifth after it.
            let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
            let terminal = fields.and_then(|fields| fields.split_ascii_whitespace().nth(4));
            terminal.is_some_and(|number| number != "0")
        }),
    }
}

/// Opens the controlling terminal of this process.
fn terminal() -> io::Result<File> {
    // Neither waits for a line that is not connected nor takes a terminal that is not ours.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open("/dev/tty")
}

/// Whether a process has left our group and has its own in the foreground of our terminal.
pub(crate) fn has_foreground(pid: i32) -> bool {
    !shares_group(pid)
        && terminal().is_ok_and(|terminal| {
            tcgetpgrp(terminal).is_ok_and(|group| group.as_raw_pid() == group_of(pid))
        })
}
