//! The delivery of everything that is known of a group.

use std::time::{Duration, Instant};

use crate::files::FileLock;
use crate::push::{Delivered, PushError, Pushgateway};

use super::delivery::SpoolDelivery;
use super::group_files::GroupFiles;
use super::notice::{SpoolNotice, age};
use super::state::{Backlog, GroupState, Origin, RunResult};
use super::stored_group::StoredGroup;
use super::undelivered::{Disposition, NotDelivered, Undelivered};

/// The largest number of times that results which others have left meanwhile are delivered too,
/// before they are left to them.
const MOST_ROUNDS: u32 = 8;

/// The delivery of one origin.
type PartResult = Result<Option<Delivered>, NotDelivered>;

/// A group of which something is kept in a spool.
#[derive(Debug)]
pub struct SpooledGroup {
    stored: StoredGroup,
    url: String,
    /// The runs whose results waited before.
    earlier: Option<Backlog>,
    /// Why the gateway has refused what earlier runs had left.
    refused_earlier: Option<PushError>,
    /// The right to deliver to the group.
    delivery_lock: Option<FileLock>,
}

impl SpooledGroup {
    pub(super) fn new(stored: StoredGroup, url: String) -> Self {
        Self {
            stored,
            url,
            earlier: None,
            refused_earlier: None,
            delivery_lock: None,
        }
    }

    /// Keeps the result of a run at once.
    pub(super) fn keep(mut self, result: &RunResult<'_>) -> Self {
        (self.earlier, self.delivery_lock) = self.stored.keep(result);
        self
    }

    /// Takes over what waits in files that were renamed.
    pub(super) fn adopt(mut self, files: &GroupFiles) -> Self {
        self.stored.adopt(files);
        self
    }

    /// Returns true when the result is in the spool.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.stored.is_saved()
    }

    /// Delivers what waits for the group within `timeout`, which includes the time for which others
    /// deliver to it.
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
        self.stored.limit_patience(timeout / 4);
        // Without files nobody can take turns.
        if self.delivery_lock.is_none() && self.stored.is_usable() {
            match self.stored.lock_delivery(patience) {
                Ok(Some(lock)) => {
                    self.delivery_lock = Some(lock);
                    let waiting = self.stored.refresh();
                    self.earlier = self.earlier.or(waiting);
                }
                Ok(None) => return self.finish_busy(begin.elapsed()),
                Err(error) => self.stored.disable_files(error),
            }
        }
        let (mut run, mut job) = (Ok(None), Ok(None));
        for _ in 0..MOST_ROUNDS {
            run = self.deliver_origin(Origin::Run, client, &left, run);
            let goes_on = match &run {
                Ok(_) => true,
                Err(NotDelivered::Push(error)) => error.metric().is_some(),
                Err(_) => false,
            };
            if goes_on {
                job = self.deliver_origin(Origin::Job, client, &left, job);
            }
            if run.is_err() || job.is_err() || !self.stored.state().is_waiting() {
                break;
            }
        }
        self.finish(run, job)
    }

    /// Sends what waits of an origin; `before` is the result where nothing does.
    fn deliver_origin(
        &mut self,
        origin: Origin,
        client: &Pushgateway,
        left: &dyn Fn() -> Duration,
        before: PartResult,
    ) -> PartResult {
        let mut earlier: Option<GroupState> = None;
        loop {
            let Some(change) = self.stored.state().next_change(origin) else {
                return before;
            };
            let result = client.deliver_within(self.stored.key(), change.as_change(), left());
            let sent = self.stored.state().clone();
            let error = match result {
                Ok(delivered) => {
                    self.stored.mark_sent(&sent, origin);
                    return Ok(Some(delivered));
                }
                Err(error) => error,
            };
            if !error.is_final() {
                self.stored.sync();
                return Err(error.into());
            }
            // What another run has left is not to take this one's along; that is looked for once.
            let is_first = earlier.is_none();
            earlier = sent.earlier(origin).filter(|_| is_first);
            let refused = earlier.as_ref().unwrap_or(&sent);
            let is_set_aside = self.stored.set_refused(refused, origin, &error);
            if earlier.is_none() || !is_set_aside {
                return Err(error.into());
            }
            self.refused_earlier = Some(error);
        }
    }

    /// Leaves it to a later delivery.
    #[must_use]
    pub fn leave(mut self) -> Disposition {
        self.stored.sync();
        let waiting = self.stored.waiting_file();
        waiting.map_or(Disposition::Lost, Disposition::Waiting)
    }

    fn finish_busy(mut self, waited: Duration) -> SpoolDelivery {
        if self.stored.has_result() {
            self.stored.sync();
        }
        let url = self.url.clone();
        self.finish(Err(NotDelivered::Busy { url, waited }), Ok(None))
    }

    fn finish(self, run: PartResult, job: PartResult) -> SpoolDelivery {
        let is_whole = run.is_ok() && job.is_ok() && !self.stored.state().is_waiting();
        let (waiting, refused) = (self.stored.waiting_file(), self.stored.refused_file());
        let undelivered = |reason| Undelivered::new(reason, waiting.as_deref(), refused.as_deref());
        let run = run.map_err(undelivered);
        let job = job.map_err(undelivered);
        let errors = [run.as_ref().err(), job.as_ref().err()];
        let is_result_lost = errors
            .into_iter()
            .flatten()
            .any(|error| error.disposition == Disposition::Lost);
        let troubles = self.stored.into_troubles().into_iter();
        let mut notices: Vec<_> = troubles
            .map(|error| SpoolNotice::Trouble {
                error,
                is_result_lost,
            })
            .collect();
        match (self.refused_earlier, self.earlier) {
            (Some(error), _) => notices.push(SpoolNotice::EarlierRefused {
                error,
                path: refused,
            }),
            (None, Some(Backlog { since, runs })) if is_whole => {
                notices.push(SpoolNotice::DeliveredLate {
                    url: self.url,
                    age: age(since),
                    runs,
                });
            }
            _ => {}
        }
        SpoolDelivery { run, job, notices }
    }
}
