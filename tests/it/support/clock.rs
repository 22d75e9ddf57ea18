use std::path::PathBuf;
use std::process::Command;

use super::Pushjob;

/// A wall clock that can be set, for the commands that run under it alone: by libfaketime, which their calls for the
/// time go to. The monotonic clock stays as it is.
pub(crate) struct FakeClock {
    folder: tempfile::TempDir,
}

/// The path of libfaketime. Its command leaves names behind with the number of its process in them, and fails where
/// another left the same one; the next process has another number.
pub(super) fn library() -> String {
    let mut said = String::new();
    for _ in 0..20 {
        let output = Command::new("faketime")
            .args(["-f", "+0", "printenv", "LD_PRELOAD"])
            .output()
            .expect("faketime is missing: tests/run installs it");
        if output.status.success() {
            return String::from_utf8(output.stdout).unwrap().trim().to_owned();
        }
        said = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    panic!("faketime fails: {said}");
}

impl FakeClock {
    pub(crate) fn new() -> Self {
        super::needs("faketime");
        let folder = tempfile::tempdir().unwrap();
        let clock = Self { folder };
        clock.set("+0");
        clock
    }

    fn offset(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    pub(crate) fn under(&self, command: Pushjob) -> Pushjob {
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", self.offset())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// Sets it, between two commands.
    pub(crate) fn set(&self, offset: &str) {
        std::fs::write(self.offset(), format!("{offset}\n")).unwrap();
    }

    /// What a shell does to set it, as in `+1d`.
    pub(crate) fn set_to(&self, offset: &str) -> String {
        format!("echo {offset} > {}", self.offset().display())
    }
}
