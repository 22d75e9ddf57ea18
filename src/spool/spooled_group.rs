//! The delivery of everything that is known of a group.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::ptr;
use std::time::{Duration, Instant};

use crate::files::FileLock;
use crate::push::{Delivered, GroupQuery, PushError, Pushgateway};

use super::delivery::SpoolDelivery;
use super::group_files::GroupFiles;
use super::notice::{SpoolNotice, age};
use super::state::{Backlog, GroupState, NextChange, Origin, RunResult};
use super::stored_group::StoredGroup;
use super::undelivered::{Disposition, NotDelivered, Undelivered};

/// The largest number of requests of one delivery. What others leave meanwhile is delivered too, and
/// left to them after so many.
const MOST_REQUESTS: u32 = 64;

/// The most that is read of the groups of a gateway, in bytes.
const LOOK_LIMIT: u64 = 64 << 20;

/// The part of the time that a look at the groups of a gateway may take.
const LOOK: u32 = 4;

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
    /// The names that the gateway has got by this delivery.
    just_sent: BTreeSet<String>,
}

impl SpooledGroup {
    pub(super) fn new(stored: StoredGroup, url: String) -> Self {
        Self {
            stored,
            url,
            earlier: None,
            refused_earlier: None,
            delivery_lock: None,
            just_sent: BTreeSet::new(),
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
        let (run, job) = self.deliver_levels(client, &left);
        self.finish(run, job)
    }

    /// Sends what waited before by itself first, and then the last result. Where the gateway refuses
    /// several results, they are sent one by one, so that none takes another along.
    fn deliver_levels(
        &mut self,
        client: &Pushgateway,
        left: &dyn Fn() -> Duration,
    ) -> (PartResult, PartResult) {
        let (mut run, mut job) = (Ok(None), Ok(None));
        let mut is_one_by_one = false;
        for _ in 0..MOST_REQUESTS {
            let level = self.stored.state().next_level(is_one_by_one);
            let is_last = ptr::eq(level, self.stored.state());
            let level = level.clone();
            let mut origins = Origin::BOTH.into_iter();
            let next = origins.find_map(|origin| Some((origin, level.next_change(origin)?)));
            let Some((origin, change)) = next else { break };
            let change = match origin {
                Origin::Run => self.without_known(change, &level, client, left()),
                Origin::Job => change,
            };
            let part = match origin {
                Origin::Run => &mut run,
                Origin::Job => &mut job,
            };
            let sent = client.deliver_within(self.stored.key(), change.as_change(), left());
            let error = match sent {
                Ok(delivered) => {
                    self.stored.mark_sent(&level, origin);
                    let names = change.names().map(str::to_owned);
                    self.just_sent.extend(names);
                    if is_last && part.is_ok() {
                        *part = Ok(Some(delivered));
                    }
                    continue;
                }
                Err(error) => error,
            };
            if !error.is_final() {
                self.stored.sync();
                // What comes after it waits too.
                let part = if is_last { part } else { &mut run };
                *part = Err(error.into());
                break;
            }
            if level.has_levels() && !is_one_by_one {
                is_one_by_one = true;
                continue;
            }
            let refused = level.refused_part(origin, error.metric());
            let is_own = self.stored.is_own(&refused);
            let is_set_aside = self.stored.set_refused(&refused, origin, &error);
            if is_own || !is_set_aside {
                *part = Err(error.into());
            } else {
                self.refused_earlier = Some(error);
            }
            if !is_set_aside {
                break;
            }
        }
        (run, job)
    }

    /// A change without what is only sent again and the gateway has: that may be newer, from a run
    /// without the spool. Where it cannot be seen what the gateway has, nothing is sent again.
    fn without_known(
        &self,
        change: NextChange,
        level: &GroupState,
        client: &Pushgateway,
        left: Duration,
    ) -> NextChange {
        let (mut known, mut again): (Vec<_>, Vec<_>) = level
            .names_sent_again()
            .into_iter()
            .partition(|name| self.just_sent.contains(*name));
        if again.is_empty() {
            return change.without(&known);
        }
        // Every metric is wanted by its own name, and they begin alike.
        let first = again.iter().copied().reduce(common_prefix);
        let query = GroupQuery::new()
            .values_of(first.unwrap_or_default())
            .max_bytes(LOOK_LIMIT)
            .timeout(left / LOOK);
        let mut held = None;
        let read = client.read_groups(&query, &mut |group| {
            if group.is_of(self.stored.key()) {
                held = Some(group);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if read.is_ok() {
            again.retain(|name| held.as_ref().is_some_and(|it| it.value(name).is_some()));
        }
        known.extend(again);
        change.without(&known)
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

/// The text with which both begin.
fn common_prefix<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.char_indices().zip(other.chars());
    let end = same.take_while(|((_, own), other)| own == other).last();
    &one[..end.map_or(0, |((at, last), _)| at + last.len_utf8())]
}
