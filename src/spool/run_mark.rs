//! The mark of a run that has not ended: the result that is reported when nobody else is left to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::files::FileLock;
use crate::grouping::GroupingKey;
use crate::push::GatewayAddress;

use super::end_time::EndTime;
use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::group_files::{GroupFiles, READ_LIMIT, RUNNING, groups_with};
use super::notice::SpoolNotice;
use super::state::{GroupState, RunResult};

/// The longest wait for a process that looks at a new mark.
const PATIENCE: Duration = Duration::from_millis(100);

/// A small file that the process of a run has locked. A later process that finds it unlocked knows
/// that the run was killed, and reports the result in it.
#[derive(Debug)]
pub struct RunMark {
    path: PathBuf,
    _lock: FileLock,
}

impl RunMark {
    /// Removes the mark of a run that has ended.
    pub fn remove(self) {
        // Where that cannot be done there is nothing else to do.
        let _ = fs::remove_file(&self.path);
    }
}

/// The mark of a run that was killed.
#[derive(Debug)]
pub(super) struct AbandonedMark {
    mark: RunMark,
    pub(super) entry: SpoolEntry,
}

impl AbandonedMark {
    pub(super) fn path(&self) -> &Path {
        &self.mark.path
    }

    pub(super) fn remove(self) {
        self.mark.remove();
    }

    /// The message about it.
    pub(super) fn notice(&self, url: String) -> SpoolNotice {
        let backlog = self.entry.state.backlog;
        SpoolNotice::KilledRun {
            url,
            since: backlog.map_or_else(SystemTime::now, |backlog| backlog.since),
        }
    }
}

impl RunMark {
    /// Marks a run that has begun in the spool of this directory.
    pub(super) fn create(
        directory: &Path,
        gateway: &GatewayAddress,
        key: &GroupingKey,
        result: &RunResult<'_>,
    ) -> Result<Self, SpoolError> {
        let mut state = GroupState::default();
        state.record(result, &EndTime::of(result.completed));
        let entry = SpoolEntry {
            gateway: gateway.base_url().to_owned(),
            key: key.clone(),
            state,
            refused: None,
        };
        let now = clock_gettime(ClockId::Boottime);
        // Processes of several PID namespaces may have the same number.
        let id = format!("{}-{}-{}", std::process::id(), now.tv_sec, now.tv_nsec);
        let files = GroupFiles::new(directory, key.job(), &gateway.url(key));
        let path = files.path(&format!("{id}.{RUNNING}"));
        match FileLock::create(&path, &entry.to_text(), PATIENCE) {
            Ok(Some(lock)) => Ok(Self { path, _lock: lock }),
            Ok(None) => Err(SpoolError::Locked {
                path,
                waited: PATIENCE,
            }),
            Err(source) => Err(SpoolError::Unwritable { path, source }),
        }
    }
}

/// The marks of runs that were killed, as many as are found before the time is up.
pub(super) fn abandoned_marks(
    directory: &Path,
    has_time: &dyn Fn() -> bool,
) -> Result<Vec<AbandonedMark>, SpoolError> {
    let (found, _) = groups_with(directory, RUNNING, has_time)?;
    let marks = found.iter().map(|files| files.path(RUNNING));
    Ok(marks
        .take_while(|_| has_time())
        .filter_map(abandoned)
        .collect())
}

/// The mark at this path, if its run was killed. What is not whole is being written, or was when its
/// process was killed.
fn abandoned(path: PathBuf) -> Option<AbandonedMark> {
    let lock = FileLock::take(&path).ok()??;
    let text = String::from_utf8(lock.read(READ_LIMIT).ok()?).ok()?;
    let entry = SpoolEntry::of_text(&text).ok()?;
    Some(AbandonedMark {
        mark: RunMark { path, _lock: lock },
        entry,
    })
}
