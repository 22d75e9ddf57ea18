//! The directory of a spool, and the results that wait in it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::grouping::GroupingKey;
use crate::push::GatewayAddress;

use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::group_files::{
    GroupFiles, REFUSED, WAITING, check_writable, create_directory, groups_with, read_head,
};
use super::notice::age;
use super::spooled_group::SpooledGroup;
use super::state::{Backlog, RunResult};

/// A directory for results that have not arrived.
///
/// It holds a file for each group of each gateway, with what the group is to be: the state that
/// live deliveries would have led to, in the order in which the runs ended. So it does not grow
/// with the number of runs.
#[derive(Clone, Debug)]
pub struct Spool {
    directory: PathBuf,
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
        create_directory(&directory)?;
        Ok(Self { directory })
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
        SpooledGroup::new(&self.directory, gateway, key)
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
        self.list(WAITING)
    }

    /// The results that gateways have refused, in the same way. Only the last of each group is
    /// kept.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Directory`] when the directory cannot be read.
    pub fn refused(&self) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        self.list(REFUSED)
    }

    fn list(&self, extension: &str) -> Result<(Vec<Waiting>, Vec<SpoolError>), SpoolError> {
        let mut found = Vec::new();
        let mut troubles = Vec::new();
        for files in groups_with(&self.directory, extension)? {
            let path = files.path(extension);
            match read_head(&path) {
                Ok(Some(entry)) => found.extend(waiting(entry, path)),
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
