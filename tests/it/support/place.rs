use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Pushgateway, Pushjob, pushjob, run_to};

/// A folder for a spool, which is not there yet.
pub(crate) struct Place {
    _root: TempDir,
    pub(crate) folder: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("spool");
        Self {
            _root: root,
            folder,
        }
    }

    /// A run that uses it.
    pub(crate) fn run_to(&self, gateway: &str) -> Pushjob {
        run_to(gateway)
            .args(["--push-retries", "0", "--spool"])
            .arg(&self.folder)
    }

    /// A run that uses it, succeeds and has nothing to say.
    #[track_caller]
    pub(crate) fn succeed(&self, gateway: &str) {
        let run = self.run_to(gateway).job(["true"]).run();
        run.exits(0).says("");
    }

    /// A run that uses it and says what it keeps.
    pub(crate) fn noting_run_to(&self, gateway: &str) -> Pushjob {
        self.run_to(gateway).arg("-v")
    }

    pub(crate) fn flush(&self) -> Pushjob {
        pushjob(["flush", "--push-retries", "0", "--spool"]).arg(&self.folder)
    }

    /// The files that end like this.
    pub(crate) fn files(&self, extension: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let mut found: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect();
        found.sort();
        found
    }

    /// The only file of a group.
    pub(crate) fn entry(&self) -> PathBuf {
        let mut entries = [self.files("waiting"), self.files("sent")].concat();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

/// An address at which nobody answers.
pub(crate) fn nobody() -> String {
    Pushgateway::start().kill()
}
