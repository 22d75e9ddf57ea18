//! Starting a job.

use std::env;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::command::{Job, ParentDeath};
use super::signal::SignalTarget;
use super::sys::signals::InheritedSignals;
use super::sys::spawn::{
    EnvironmentChange, ExecImage, fork_and_exec, is_unknown_format, spawn_process,
};

/// Starts a job with the signals as they were inherited, and returns the number of its process.
///
/// The fast way cannot have SIGCHLD ignored or the job killed with this process, and does not run a script without interpreter line,
/// which the C library's `execvp` gives to a shell; then it goes by fork and exec.
///
/// `about_to` is called right before each attempt.
///
/// Waiting is not left to the library: it keeps the status, but not what the job used.
pub(super) fn spawn(
    job: &Job,
    inherited: &InheritedSignals,
    target: SignalTarget,
    about_to: &mut dyn FnMut(),
) -> io::Result<i32> {
    if inherited.has_default_child_action() && job.parent_death == ParentDeath::GoesOn {
        match spawn_process(&image(job)?, inherited, target, about_to) {
            Err(error) if is_unknown_format(&error) => {}
            result => return result,
        }
    }
    let mut line = job.line();
    let mut command = Command::new(line.next().unwrap_or_default());
    command.args(line);
    for (name, value) in job.environment() {
        match value {
            Some(value) => command.env(name, value),
            // One that is not there is left alone: every change has the library sort the
            // environment.
            None if env::var_os(name).is_none() => &mut command,
            None => command.env_remove(name),
        };
    }
    if target == SignalTarget::Group {
        command.process_group(0);
    }
    about_to();
    let child = fork_and_exec(&mut command, inherited, job.parent_death)?;
    i32::try_from(child.id()).map_err(io::Error::other)
}

/// Returns a job as the system takes it.
fn image(job: &Job) -> io::Result<ExecImage> {
    let arguments: Result<_, _> = job
        .line()
        .map(|part| CString::new(part.as_bytes()))
        .collect();
    let changes = job.environment().map(|(name, value)| {
        let name = name.as_bytes().to_owned();
        let entry = value.map(|value| CString::new([&name[..], b"=", value.as_bytes()].concat()));
        let entry = entry.transpose()?;
        Ok(EnvironmentChange { name, entry })
    });
    let changes: io::Result<_> = changes.collect();
    Ok(ExecImage {
        arguments: arguments?,
        changes: changes?,
    })
}
