//! What tests are told with: the command, a real gateway, and a scripted one for what a real one does not do on demand.

mod fake;
mod pushjob;
mod real;

pub(crate) use fake::{Answer, FakeGateway};
pub(crate) use pushjob::{Finished, Pushjob, pushjob, run_to};
pub(crate) use real::{Group, Pushgateway};

use std::path::Path;
use std::process::Command;

/// Makes a named pipe, on which two processes wait for each other: opening one end waits for the other.
pub(crate) fn fifo(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success(), "mkfifo {}", path.display());
}

/// Writes a file with the mode bits of an executable script.
pub(crate) fn script(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
