//! Starting a job.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::command::Job;
use super::sys::{self, Inherited, Recipient};

/// Starts a job with the signals as they were inherited, and returns the number of its process.
///
/// The fast way cannot change the environment or have SIGCHLD ignored, and does not run a script without interpreter
/// line, which the C library's `execvp` gives to a shell; then it goes by fork and exec.
///
/// `about_to` is called right before each attempt.
///
/// Waiting is not left to the library: it keeps the status, but not what the job used.
pub(super) fn spawn(
    job: &Job,
    inherited: &Inherited,
    recipient: Recipient,
    about_to: &mut dyn FnMut(),
) -> io::Result<i32> {
    if inherited.is_usual() && job.hidden().next().is_none() {
        let line: Result<Vec<CString>, _> = job
            .line()
            .map(|part| CString::new(part.as_bytes()))
            .collect();
        match sys::spawn(&line?, inherited, recipient, about_to) {
            Err(error) if sys::is_unknown_format(&error) => {}
            result => return result,
        }
    }
    let mut line = job.line();
    let mut command = Command::new(line.next().unwrap_or_default());
    command.args(line);
    for name in job.hidden() {
        command.env_remove(name);
    }
    if recipient == Recipient::Group {
        command.process_group(0);
    }
    sys::restore_before_exec(&mut command, inherited);
    about_to();
    let child = command.spawn()?;
    i32::try_from(child.id()).map_err(io::Error::other)
}
