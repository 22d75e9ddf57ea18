//! Everything that is known of a group, in memory and in its file, which other processes change
//! too.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::files::{Durability, FileLock};
use crate::grouping::GroupingKey;
use crate::push::{GatewayAddress, PushError};

use super::end_time::EndTime;
use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::group_files::{GroupFiles, LOCK_PATIENCE};
use super::run_mark::AbandonedMark;
use super::state::{Backlog, GroupState, Origin, RunResult};

/// A group in memory, and its file.
#[derive(Debug)]
pub(super) struct StoredGroup {
    files: GroupFiles,
    entry: SpoolEntry,
    /// The end of the run whose result it has, if it has one of its own.
    own: Option<EndTime>,
    /// True when that is in the file.
    is_saved: bool,
    /// The file that holds just what is known here.
    written: Option<File>,
    /// The results that the gateway has refused by now.
    refused: Option<SpoolEntry>,
    /// True while the files can be used. When they cannot, that is reported once, and the group is
    /// delivered without them.
    is_usable: bool,
    /// The longest wait for the files.
    patience: Duration,
    troubles: Vec<SpoolError>,
}

impl StoredGroup {
    /// The group without what is in its file.
    pub(super) fn new(directory: &Path, gateway: &GatewayAddress, key: &GroupingKey) -> Self {
        Self {
            files: GroupFiles::new(directory, key.job(), &gateway.url(key)),
            entry: SpoolEntry {
                gateway: gateway.base_url().to_owned(),
                key: key.clone(),
                state: GroupState::default(),
                refused: None,
            },
            own: None,
            is_saved: true,
            written: None,
            refused: None,
            is_usable: true,
            patience: LOCK_PATIENCE,
            troubles: Vec::new(),
        }
    }

    /// Waits for the files for no longer than this.
    pub(super) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits for the files for no longer than this, from now on.
    pub(super) fn limit_patience(&mut self, most: Duration) {
        self.patience = self.patience.min(most);
    }

    /// Takes over what waits in files that were renamed, and removes them when it is kept here.
    pub(super) fn adopt(&mut self, files: &GroupFiles) {
        let Some(_own) = self.lock_and_load() else {
            return;
        };
        let taken = files.lock(self.patience).and_then(|_lock| {
            let Some(found) = files.read_waiting()? else {
                return Ok(());
            };
            if self.take_over(found.state) {
                files.remove_waiting()?;
            }
            Ok(())
        });
        self.troubles.extend(taken.err());
    }

    /// Adds what is to be said of a run that was killed, saves it and removes the mark; or returns what
    /// has kept it from that.
    pub(super) fn add_killed(mut self, mark: AbandonedMark) -> Result<(), Vec<SpoolError>> {
        if let Some(_lock) = self.lock_and_load() {
            if self.take_over(mark.entry.state.clone()) {
                mark.remove();
                return Ok(());
            }
        }
        Err(self.troubles)
    }

    /// Adds what another file knows of the group, and tells whether it is saved. The caller has the lock.
    fn take_over(&mut self, mut state: GroupState) -> bool {
        state.distrust_after(&EndTime::of(SystemTime::now()));
        self.entry.state.merge(state);
        self.is_saved = false;
        self.save(Durability::System);
        self.is_saved
    }

    /// Adds the result of a run and saves it. Returns what waited before, and the right to deliver
    /// to the group where no other process has it: then what is known now still holds at the
    /// delivery.
    pub(super) fn keep(&mut self, result: &RunResult<'_>) -> (Option<Backlog>, Option<FileLock>) {
        let end = EndTime::of(result.completed);
        let lock = self.lock_and_load();
        let earlier = self.entry.state.backlog;
        self.entry.state.record(result, &end);
        self.own = Some(end);
        self.is_saved = false;
        if lock.is_none() {
            return (earlier, None);
        }
        // What is on disk already is not risked for what may be delivered at once.
        self.save(match earlier {
            Some(_) => Durability::System,
            None => Durability::Process,
        });
        let delivery_lock = self.files.lock_delivery(Duration::ZERO);
        (earlier, delivery_lock.ok().flatten())
    }

    pub(super) fn key(&self) -> &GroupingKey {
        &self.entry.key
    }

    pub(super) fn state(&self) -> &GroupState {
        &self.entry.state
    }

    pub(super) fn has_result(&self) -> bool {
        self.own.is_some()
    }

    /// Returns true where this holds something of the result of its own, or there is no such result.
    pub(super) fn is_own(&self, part: &GroupState) -> bool {
        let families = part.families.values().map(|state| &state.at);
        let mut ends = families.chain(part.reset.as_ref().map(|reset| &reset.at));
        let own = self.own.as_ref();
        own.is_none_or(|own| ends.any(|at| at == own))
    }

    pub(super) fn is_saved(&self) -> bool {
        self.is_saved
    }

    pub(super) fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// The file in which what was not delivered waits, if it is saved.
    pub(super) fn waiting_file(&self) -> Option<PathBuf> {
        self.is_saved.then(|| self.files.waiting())
    }

    /// The file with what was refused, if anything was.
    pub(super) fn refused_file(&self) -> Option<PathBuf> {
        self.refused.is_some().then(|| self.files.refused())
    }

    pub(super) fn into_troubles(self) -> Vec<SpoolError> {
        self.troubles
    }

    /// Waits for the right to deliver to the group; None when another process had it all the time.
    pub(super) fn lock_delivery(&self, patience: Duration) -> Result<Option<FileLock>, SpoolError> {
        self.files.lock_delivery(patience)
    }

    /// Reads what other processes have left, and returns what waits then.
    pub(super) fn refresh(&mut self) -> Option<Backlog> {
        let _lock = self.lock_and_load()?;
        self.entry.state.backlog
    }

    /// Saves what is known, with what other processes have left meanwhile, so that it outlives the
    /// system.
    pub(super) fn sync(&mut self) {
        self.update(Durability::System, |_| ());
    }

    /// Notes that the gateway has what `sent` had of an origin.
    pub(super) fn mark_sent(&mut self, sent: &GroupState, origin: Origin) {
        self.update(Durability::Process, |state| state.mark_sent(sent, origin));
        if self.is_usable {
            return;
        }
        // Files that could not be used may be usable by now; and what is there is older than what
        // has been delivered.
        // Without the lock nothing is removed: it may be the only copy of what others have left.
        if let Ok(_lock) = self.files.lock(Duration::ZERO) {
            self.is_usable = true;
            self.load();
            self.entry.state.mark_sent(sent, origin);
            self.save(Durability::System);
        }
    }

    /// Moves what `refused` had waiting of an origin to the file for a person to look at; false
    /// where that cannot be done, and it goes on waiting.
    pub(super) fn set_refused(
        &mut self,
        refused: &GroupState,
        origin: Origin,
        error: &PushError,
    ) -> bool {
        let part = refused.only_waiting(origin);
        let mut entry = self.refused.clone().unwrap_or_else(|| SpoolEntry {
            state: GroupState::default(),
            ..self.entry.clone()
        });
        let reasons = entry.refused.into_iter().chain([error.to_string()]);
        entry.refused = Some(reasons.collect::<Vec<_>>().join("; "));
        entry.state.backlog = entry.state.backlog.or(part.backlog);
        entry.state.reset = entry.state.reset.or(part.reset.clone());
        entry.state.families.extend(part.families.clone());
        let lock = self.files.lock(self.patience);
        let written = lock.and_then(|_lock| self.files.write_refused(&entry));
        if let Err(error) = written {
            self.troubles.push(error);
            self.sync();
            return false;
        }
        self.refused = Some(entry);
        self.update(Durability::System, |state| {
            state.remove_refused(&part, origin, error.metric());
        });
        true
    }

    /// Changes what is known, with what other processes have left meanwhile, and saves it.
    fn update(&mut self, durability: Durability, change: impl FnOnce(&mut GroupState)) {
        let lock = self.lock_and_load();
        // What others have left is on the disk. Should it come back, it would be older than what is
        // known now.
        let runs = self.entry.state.backlog.map_or(0, |backlog| backlog.runs);
        let has_others = runs > u64::from(self.has_result());
        change(&mut self.entry.state);
        if lock.is_some() {
            self.save(if has_others {
                Durability::System
            } else {
                durability
            });
        }
    }

    /// Reads the file with the right to write it, if it can be used.
    fn lock_and_load(&mut self) -> Option<FileLock> {
        if !self.is_usable {
            return None;
        }
        match self.files.lock(self.patience) {
            Ok(lock) => {
                self.load();
                Some(lock)
            }
            Err(error) => {
                self.disable_files(error);
                None
            }
        }
    }

    /// Reads the file, and adds what is known here and is not in it. The caller has the lock.
    fn load(&mut self) {
        // Mostly no other process was there.
        if let Some(file) = self.written.take() {
            if self.files.is_current(&file) {
                return;
            }
        }
        let found = loop {
            match self.files.read() {
                Ok(found) => break found,
                // It is not there any more, and what there is beside it may be good.
                Err(error @ SpoolError::Quarantined { .. }) => self.troubles.push(error),
                // It is not overwritten.
                Err(error) => return self.disable_files(error),
            }
        };
        let found = found.map(|mut found| {
            found.state.distrust_after(&EndTime::of(SystemTime::now()));
            found
        });
        let is_ours =
            |found: &SpoolEntry| found.gateway == self.entry.gateway && found.key == self.entry.key;
        match found.filter(is_ours) {
            Some(found) if self.is_saved => self.entry.state = found.state,
            Some(found) => self.entry.state.merge(found.state),
            // It was removed, and what is known here is all that there is.
            None => {}
        }
    }

    /// Writes what is known. The caller has the lock.
    fn save(&mut self, durability: Durability) {
        if !self.is_usable {
            return;
        }
        match self.files.write(&self.entry, durability) {
            Ok(file) => {
                self.is_saved = true;
                self.written = Some(file);
            }
            Err(error) => {
                // What is there must not be delivered later: it is older than what has been
                // delivered now.
                if !self.entry.state.is_waiting() {
                    self.files.remove();
                    self.is_saved = false;
                }
                let is_known =
                    |trouble: &SpoolError| matches!(trouble, SpoolError::Unwritable { .. });
                if !self.troubles.iter().any(is_known) {
                    self.troubles.push(error);
                }
            }
        }
    }

    /// Goes on without the files, for this reason.
    pub(super) fn disable_files(&mut self, error: SpoolError) {
        self.is_usable = false;
        self.troubles.push(error);
    }
}
