//! The directory of a spool, and the results that wait in it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::grouping::GroupingKey;
use crate::push::{GatewayAddress, Pushgateway};

use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::group_files::{
    GroupFiles, LOCK_PATIENCE, MOST_UNREADABLE, REFUSED, UNREADABLE, WAITING, check_writable,
    create_directory, find_directory, groups_with, read_head,
};
use super::notice::age;
use super::run_mark::{RunMark, abandoned_marks};
use super::spooled_group::SpooledGroup;
use super::state::{Backlog, RunResult};
use super::stored_group::StoredGroup;

/// A directory for results that have not arrived.
///
/// It holds a file for each group of each gateway, with what the group is to be: the state that
/// live deliveries would have led to, in the order in which the runs ended. So it does not grow
/// with the number of runs.
#[derive(Clone, Debug)]
pub struct Spool {
    directory: PathBuf,
    /// The longest wait for the files of a group.
    patience: Duration,
    is_shared: bool,
}

/// A result that waits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Waiting {
    /// The base URL of the gateway, without credentials.
    pub gateway: String,
    /// The group.
    pub key: GroupingKey,
    /// When the first of the runs ended whose results wait.
    pub since: SystemTime,
    /// The number of runs.
    pub runs: u64,
    /// Why the gateway has refused it, if it has: then it is kept to be looked at, and not sent
    /// again.
    pub refused: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl Waiting {
    /// The time since the first of the runs ended, in whole seconds.
    #[must_use]
    pub fn age(&self) -> Duration {
        age(self.since)
    }
}

impl Spool {
    /// A spool in a directory, which is made if it is missing, for nobody else.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when there is none and none can be made.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, SpoolError> {
        let directory = directory.into();
        let is_shared = create_directory(&directory)?;
        Ok(Self::at(directory, is_shared))
    }

    /// A spool in a directory that is there.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Missing`] when there is none, and [`SpoolError::Directory`] when it cannot be
    /// used.
    pub fn find(directory: impl Into<PathBuf>) -> Result<Self, SpoolError> {
        let directory = directory.into();
        let is_shared = find_directory(&directory)?;
        Ok(Self::at(directory, is_shared))
    }

    fn at(directory: PathBuf, is_shared: bool) -> Self {
        Self {
            directory,
            patience: LOCK_PATIENCE,
            is_shared,
        }
    }

    /// Waits for the files of a group for at most a quarter of this time, the time for a delivery,
    /// where another process has them. Defaults to 2 seconds, which is also the most.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            patience: LOCK_PATIENCE.min(timeout / 4),
            ..self
        }
    }

    /// What is wrong with the directory, though it can be used: [`SpoolError::Shared`] when every
    /// user can write to it.
    #[must_use]
    pub fn flaw(&self) -> Option<SpoolError> {
        self.is_shared.then(|| SpoolError::Shared {
            path: self.directory.clone(),
        })
    }

    /// Checks that files can be written in it.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Unwritable`] when it cannot.
    pub fn check(&self) -> Result<(), SpoolError> {
        check_writable(&self.directory)
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Keeps the result of a run before it is delivered, so that it is there when the process is
    /// killed. When the system goes down it is there as soon as a delivery has failed.
    #[must_use]
    pub fn keep(
        &self,
        gateway: &GatewayAddress,
        key: &GroupingKey,
        result: &RunResult<'_>,
    ) -> SpooledGroup {
        self.resume(gateway, key).keep(result)
    }

    /// A group of which a result waits, to be delivered.
    #[must_use]
    pub fn resume(&self, gateway: &GatewayAddress, key: &GroupingKey) -> SpooledGroup {
        SpooledGroup::new(self.stored(gateway, key), gateway.url(key))
    }

    pub(super) fn stored(&self, gateway: &GatewayAddress, key: &GroupingKey) -> StoredGroup {
        StoredGroup::new(&self.directory, gateway, key).patience(self.patience)
    }

    /// Marks a run that has begun, with the result that is to be reported should it be killed without
    /// a trace. `completed` is the time of its start then.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Unwritable`] when the file cannot be written.
    pub fn mark(
        &self,
        gateway: &GatewayAddress,
        key: &GroupingKey,
        result: &RunResult<'_>,
    ) -> Result<RunMark, SpoolError> {
        RunMark::create(&self.directory, gateway, key, result)
    }

    /// Returns true when something waits for a group.
    #[must_use]
    pub fn is_waiting(&self, gateway: &GatewayAddress, key: &GroupingKey) -> bool {
        let files = GroupFiles::new(&self.directory, key.job(), &gateway.url(key));
        files.waiting().exists()
    }

    /// The results that wait, and the errors of files that cannot be read.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when the directory cannot be read.
    pub fn waiting(&self) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        self.list(WAITING, |files| read_head(&files.waiting()))
    }

    /// The result that waits in this file, if there is one that can be read.
    #[must_use]
    pub fn waiting_in(path: &Path) -> Option<Waiting> {
        let entry = read_head(path).ok().flatten()?;
        waiting(entry, path.to_owned())
    }

    /// The results that gateways have refused, in the same way. Only the last of each group is
    /// kept.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when the directory cannot be read.
    pub fn refused(&self) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        self.list(REFUSED, |files| read_head(&files.refused()))
    }

    /// The results that wait, like [`waiting`](Self::waiting), and those of runs that were killed.
    /// Files that are not entries are moved aside, and the errors say where they are.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when the directory cannot be read.
    pub fn waiting_after_repair(&self) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        let (mut found, troubles) = self.list(WAITING, |files| self.head_or_aside(files))?;
        for mark in abandoned_marks(&self.directory, &|| true)? {
            let path = mark.path().to_owned();
            found.extend(waiting(mark.entry, path));
        }
        Ok((found, troubles))
    }

    /// The files that were moved aside because they are not entries.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when the directory cannot be read.
    pub fn unreadable(&self) -> Result<Vec<PathBuf>, SpoolError> {
        let mut found = Vec::new();
        for extension in (1..=MOST_UNREADABLE).map(|number| format!("{UNREADABLE}{number}")) {
            let files = self.sorted(&extension)?;
            found.extend(files.iter().map(|files| files.path(&extension)));
        }
        Ok(found)
    }

    /// The head of a file that waits. One that is not an entry, or not the one that its name says and
    /// damaged, is moved aside, which is an error.
    pub(super) fn head_or_aside(
        &self,
        files: &GroupFiles,
    ) -> Result<Option<SpoolEntry>, SpoolError> {
        let head = read_head(&files.waiting());
        let is_doubtful = match &head {
            Ok(Some(entry)) => {
                // A changed gateway or group may look like another one.
                let address = Pushgateway::builder(&entry.gateway).address();
                let (job, key) = (entry.key.job(), &entry.key);
                !address.is_ok_and(|address| files.are_named_for(job, &address.url(key)))
            }
            Ok(None) => false,
            Err(error) => matches!(error, SpoolError::NotAnEntry { .. }),
        };
        if is_doubtful {
            let _lock = files.lock(self.patience)?;
            return files.read_waiting();
        }
        head
    }

    fn sorted(&self, extension: &str) -> Result<Vec<GroupFiles>, SpoolError> {
        let (mut found, _) = groups_with(&self.directory, extension, &|| true)?;
        found.sort_by_key(|files| files.path(extension));
        Ok(found)
    }

    /// The results in the files with this extension, as `head` reads each, and its errors.
    fn list(
        &self,
        extension: &str,
        head: impl Fn(&GroupFiles) -> Result<Option<SpoolEntry>, SpoolError>,
    ) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        let mut found = Vec::new();
        let mut troubles = Vec::new();
        for files in self.sorted(extension)? {
            match head(&files) {
                Ok(Some(entry)) => found.extend(waiting(entry, files.path(extension))),
                Ok(None) => {}
                Err(error) => troubles.push(error),
            }
        }
        Ok((found, troubles))
    }
}

fn waiting(entry: SpoolEntry, path: PathBuf) -> Option<Waiting> {
    let Backlog { since, runs } = entry.state.backlog?;
    Some(Waiting {
        gateway: entry.gateway,
        key: entry.key,
        since,
        runs,
        refused: entry.refused,
        path,
    })
}
