//! One delivery of what is known of a group.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::files::{Durability, FileLock};
use crate::grouping::GroupingKey;
use crate::push::{Delivered, GatewayAddress, PushError, Pushgateway};

use super::end_time::EndTime;
use super::entry::SpoolEntry;
use super::error::SpoolError;
use super::group_files::{GroupFiles, LOCK_PATIENCE};
use super::notice::{SpoolNotice, age};
use super::state::{Backlog, GroupState, Part, RunResult};
use super::undelivered::{Disposition, NotDelivered, Undelivered};

/// How often what others have left meanwhile is delivered too, before it is left to them.
const MOST_ROUNDS: u32 = 8;

/// The outcome of one delivery.
#[derive(Debug)]
#[non_exhaustive]
pub struct SpoolDelivery {
    /// The delivery of what the run does to the group; None where there was nothing to send, because others have sent it or a
    /// later run has done otherwise.
    pub run: Result<Option<Delivered>, Undelivered>,
    /// The delivery of the metrics of the job, in the same way.
    pub job: Result<Option<Delivered>, Undelivered>,
    /// Everything else that there is to report: what is wrong with the spool, and the results of earlier runs that were
    /// delivered or refused.
    pub notices: Vec<SpoolNotice>,
}

impl SpoolDelivery {
    /// The errors of both parts.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Undelivered> {
        [&self.run, &self.job]
            .into_iter()
            .filter_map(|part| part.as_ref().err())
    }

    /// Everything that there is to report of a delivery of earlier results alone: the notices, and the errors as such.
    #[must_use]
    pub fn into_notices_of_earlier(self) -> Vec<SpoolNotice> {
        let errors = [self.run.err(), self.job.err()].into_iter().flatten();
        let errors = errors.map(SpoolNotice::EarlierUndelivered);
        self.notices.into_iter().chain(errors).collect()
    }
}

/// The delivery of one part.
type PartResult = Result<Option<Delivered>, NotDelivered>;

/// A group of which something is kept.
#[derive(Debug)]
pub struct SpooledGroup {
    files: GroupFiles,
    entry: SpoolEntry,
    url: String,
    /// Whether it brings something of its own.
    has_news: bool,
    /// What waited before.
    earlier: Option<Backlog>,
    /// Whether what the run brings is in the file.
    is_saved: bool,
    /// The file that holds just that.
    written: Option<File>,
    /// What has been refused by now, and why what earlier runs had left was.
    refused: Option<SpoolEntry>,
    refused_earlier: Option<PushError>,
    /// Whether there are files that can be used at all. When there are none, that is said once.
    is_usable: bool,
    turn: Option<FileLock>,
    troubles: Vec<SpoolError>,
}

impl SpooledGroup {
    pub(super) fn new(directory: &Path, gateway: &GatewayAddress, key: &GroupingKey) -> Self {
        let url = gateway.url(key);
        Self {
            files: GroupFiles::new(directory, key.job(), &url),
            entry: SpoolEntry {
                gateway: gateway.base_url().to_owned(),
                key: key.clone(),
                state: GroupState::default(),
                refused: None,
            },
            url,
            has_news: false,
            earlier: None,
            is_saved: true,
            written: None,
            refused: None,
            refused_earlier: None,
            is_usable: true,
            turn: None,
            troubles: Vec::new(),
        }
    }

    /// One with the result of a run, which is kept at once.
    pub(super) fn with_news(
        directory: &Path,
        gateway: &GatewayAddress,
        key: &GroupingKey,
        news: &RunResult<'_>,
    ) -> Self {
        let mut group = Self::new(directory, gateway, key);
        group.has_news = true;
        let at = EndTime::of(news.completed);
        let files = group.files.clone();
        match files.lock(LOCK_PATIENCE) {
            Ok(_lock) => {
                group.load();
                group.earlier = group.entry.state.backlog;
                // What is on disk already is not risked for what may arrive at once.
                let durability = match group.earlier {
                    Some(_) => Durability::System,
                    None => Durability::Process,
                };
                group.entry.state.take(news, &at);
                group.is_saved = false;
                group.save(durability);
                // Where nobody delivers it is our turn, and what is known now still holds then.
                group.turn = files.lock_delivery(Duration::ZERO).ok().flatten();
            }
            Err(error) => {
                group.trouble(error);
                group.entry.state.take(news, &at);
                group.is_saved = false;
            }
        }
        group
    }

    /// Whether the result is in the spool.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_saved
    }

    /// Delivers what waits for the group, within `timeout`, the time included for which others are at it.
    #[must_use]
    pub fn deliver(self, client: &Pushgateway, timeout: Duration) -> SpoolDelivery {
        self.deliver_in_turn(client, timeout, timeout)
    }

    /// Does the same where nobody else delivers to the group; otherwise it is theirs to deliver.
    #[must_use]
    pub fn deliver_if_free(self, client: &Pushgateway, timeout: Duration) -> SpoolDelivery {
        self.deliver_in_turn(client, timeout, Duration::ZERO)
    }

    fn deliver_in_turn(
        mut self,
        client: &Pushgateway,
        timeout: Duration,
        patience: Duration,
    ) -> SpoolDelivery {
        let begin = Instant::now();
        let left = || timeout.saturating_sub(begin.elapsed());
        // Who cannot take turns does not wait for one either.
        if self.turn.is_none() && self.is_usable {
            match self.files.lock_delivery(patience) {
                Ok(Some(turn)) => {
                    self.turn = Some(turn);
                    self.refresh();
                }
                Ok(None) => return self.busy(begin.elapsed()),
                Err(error) => self.trouble(error),
            }
        }
        let (mut run, mut job) = (Ok(None), Ok(None));
        for _ in 0..MOST_ROUNDS {
            run = self.deliver_part(Part::Run, client, &left, run);
            let goes_on = match &run {
                Ok(_) => true,
                Err(NotDelivered::Push(error)) => error.metric().is_some(),
                Err(_) => false,
            };
            if goes_on {
                job = self.deliver_part(Part::Job, client, &left, job);
            }
            if run.is_err() || job.is_err() || !self.entry.state.is_waiting() {
                break;
            }
        }
        self.conclude(run, job)
    }

    /// Sends what waits of a part, and keeps in mind what of it was sent before.
    fn deliver_part(
        &mut self,
        part: Part,
        client: &Pushgateway,
        left: &dyn Fn() -> Duration,
        before: PartResult,
    ) -> PartResult {
        let mut earlier = None;
        loop {
            let Some(step) = self.entry.state.step(part) else {
                return before;
            };
            let result = client.deliver_within(&self.entry.key, step.change(), left());
            let sent = self.entry.state.clone();
            let error = match result {
                Ok(delivered) => {
                    self.arrived(&sent, part);
                    return Ok(Some(delivered));
                }
                Err(error) => error,
            };
            if !error.is_final() {
                self.update(Durability::System, |_| ());
                return Err(error.into());
            }
            // What another run has left is not to take this one's along; that is looked for once.
            let is_first = earlier.is_none();
            earlier = sent.earlier(part).filter(|_| is_first);
            let Some(earlier) = &earlier else {
                self.set_aside(&error, &sent, part);
                return Err(error.into());
            };
            if !self.set_aside(&error, earlier, part) {
                return Err(error.into());
            }
            self.refused_earlier = Some(error);
        }
    }

    /// Takes note that something is there now.
    fn arrived(&mut self, sent: &GroupState, part: Part) {
        self.update(Durability::Process, |state| state.sent(sent, part));
        if self.is_usable {
            return;
        }
        // What could not be used may be usable by now; and what is there is older than what has been delivered.
        let files = self.files.clone();
        match files.lock(Duration::ZERO) {
            Ok(_lock) => {
                self.is_usable = true;
                self.load();
                self.entry.state.sent(sent, part);
                self.save(Durability::System);
            }
            Err(SpoolError::Locked { .. }) => {}
            Err(_) => files.remove(),
        }
    }

    /// Keeps what was refused apart, for a person to look at; false where that cannot be done, and it goes on waiting.
    fn set_aside(&mut self, error: &PushError, what: &GroupState, part: Part) -> bool {
        let what = what.only_waiting(part);
        let mut refused = self.refused.clone().unwrap_or_else(|| SpoolEntry {
            state: GroupState::default(),
            ..self.entry.clone()
        });
        let reasons = refused.refused.iter().cloned().chain([error.to_string()]);
        refused.refused = Some(reasons.collect::<Vec<_>>().join("; "));
        refused.state.backlog = refused.state.backlog.or(what.backlog);
        refused.state.cleared = refused.state.cleared.or(what.cleared.clone());
        refused.state.families.extend(what.families.clone());
        let files = self.files.clone();
        let written = files
            .lock(LOCK_PATIENCE)
            .and_then(|_lock| files.write_refused(&refused));
        if let Err(error) = written {
            self.troubles.push(error);
            self.update(Durability::System, |_| ());
            return false;
        }
        self.refused = Some(refused);
        let metric = error.metric();
        self.update(Durability::System, |state| {
            state.forget(&what, part, metric);
        });
        true
    }

    /// Leaves it to a later delivery.
    #[must_use]
    pub fn leave(mut self) -> Disposition {
        self.update(Durability::System, |_| ());
        if self.is_saved {
            Disposition::Waiting(self.files.waiting())
        } else {
            Disposition::Lost
        }
    }

    fn busy(self, waited: Duration) -> SpoolDelivery {
        let mut this = self;
        let url = this.url.clone();
        if this.has_news {
            this.update(Durability::System, |_| ());
        }
        this.conclude(Err(NotDelivered::Busy { url, waited }), Ok(None))
    }

    fn conclude(self, run: PartResult, job: PartResult) -> SpoolDelivery {
        let is_whole = run.is_ok() && job.is_ok() && !self.entry.state.is_waiting();
        let late = self
            .earlier
            .filter(|_| is_whole && self.refused_earlier.is_none());
        let waiting = self.is_saved.then(|| self.files.waiting());
        let refused = self.refused.is_some().then(|| self.files.refused());
        let undelivered = |reason: NotDelivered| {
            let is_final = matches!(&reason, NotDelivered::Push(error) if error.is_final());
            let disposition = match (&refused, &waiting) {
                (Some(path), _) if is_final => Disposition::Refused(path.clone()),
                (_, Some(path)) => Disposition::Waiting(path.clone()),
                _ => Disposition::Lost,
            };
            Undelivered {
                reason,
                disposition,
            }
        };
        let mut delivery = SpoolDelivery {
            run: run.map_err(undelivered),
            job: job.map_err(undelivered),
            notices: Vec::new(),
        };
        let is_result_lost = delivery
            .errors()
            .any(|error| error.disposition == Disposition::Lost);
        let troubles = self.troubles.into_iter().map(|error| SpoolNotice::Trouble {
            error,
            is_result_lost,
        });
        let earlier = self
            .refused_earlier
            .map(|error| SpoolNotice::EarlierRefused {
                error,
                path: refused.clone(),
            });
        let late = late.map(|Backlog { since, runs }| SpoolNotice::DeliveredLate {
            url: self.url,
            age: age(since),
            runs,
        });
        delivery.notices = troubles.chain(earlier).chain(late).collect();
        delivery
    }

    /// Reads what is known by now, which is what we know ourselves and what others have left; with the lock.
    fn load(&mut self) {
        // Mostly nobody else was there.
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
                Err(error) => return self.trouble(error),
            }
        };
        let is_ours =
            |found: &SpoolEntry| found.gateway == self.entry.gateway && found.key == self.entry.key;
        match found.filter(is_ours) {
            Some(found) if self.is_saved => self.entry.state = found.state,
            Some(found) => self.entry.state.absorb(found.state),
            // It was taken away, and what we know is all that there is.
            None => {}
        }
    }

    /// Writes what is known; with the lock.
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
                // What is there must not be delivered later: it is older than what has been delivered now.
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

    /// Learns what others have left.
    fn refresh(&mut self) {
        let files = self.files.clone();
        match files.lock(LOCK_PATIENCE) {
            Ok(_lock) => {
                self.load();
                self.earlier = self.earlier.or(self.entry.state.backlog);
            }
            Err(error) => self.trouble(error),
        }
    }

    /// Changes what is known, with what others have left meanwhile.
    fn update(&mut self, durability: Durability, change: impl FnOnce(&mut GroupState)) {
        if !self.is_usable {
            return change(&mut self.entry.state);
        }
        let files = self.files.clone();
        match files.lock(LOCK_PATIENCE) {
            Ok(_lock) => {
                self.load();
                // What others have left is on the disk. Should it come back, it would be older than what is known now.
                let runs = self.entry.state.backlog.map_or(0, |backlog| backlog.runs);
                let durability = if runs > u64::from(self.has_news) {
                    Durability::System
                } else {
                    durability
                };
                change(&mut self.entry.state);
                self.save(durability);
            }
            Err(error) => {
                self.trouble(error);
                change(&mut self.entry.state);
            }
        }
    }

    fn trouble(&mut self, error: SpoolError) {
        self.is_usable = false;
        self.troubles.push(error);
    }
}
