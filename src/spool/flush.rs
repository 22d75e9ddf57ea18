//! The delivery of all results that wait for a gateway.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use crate::grouping::GroupingKey;
use crate::push::{Pushgateway, for_each_concurrently};

use super::delivery::SpoolDelivery;
use super::error::SpoolError;
use super::group_files::{GroupFiles, WAITING, groups_with};
use super::notice::SpoolNotice;
use super::run_mark::abandoned_marks;
use super::undelivered::{Disposition, NotDelivered};
use super::waiting::Spool;

/// The pauses between two passes, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The outcome of one attempt to deliver all that waits for a gateway.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FlushReport {
    /// The number of groups of which something still waits, with those for which there was no time,
    /// whose gateway is not known.
    pub left: usize,
    /// The number of results that are set aside: the gateway has refused them, or their files are
    /// damaged.
    pub refused: usize,
    /// Everything else that there is to report.
    pub notices: Vec<SpoolNotice>,
}

/// The part of the time for all that is used to look what waits: there may be very many, for others.
const LOOK: u32 = 4;

/// One pass over all gateways.
#[derive(Debug)]
#[non_exhaustive]
pub struct FlushPass {
    /// The outcome for all gateways together.
    pub report: FlushReport,
    /// True when nothing is left, or no time for another pass.
    pub is_last: bool,
}

/// The passes over all gateways until nothing waits for them or the time is up, from
/// [`Spool::flush_passes`].
///
/// Each call of [`next`](Iterator::next) makes one pass, after a pause of at most 30 s where it is
/// not the first.
#[derive(Debug)]
pub struct FlushPasses<'a> {
    spool: &'a Spool,
    clients: &'a [Pushgateway],
    begin: Instant,
    wait: Duration,
    /// The pause before the next pass; None when the last has been made.
    pause: Option<Duration>,
}

impl Spool {
    /// Delivers what waits for a gateway, one group after the other, except one that has had its
    /// turn.
    ///
    /// When the gateway cannot be reached, the remaining groups are not tried. `remaining` is asked
    /// before each group for the time that is left; groups that get none are left.
    pub fn flush(
        &self,
        client: &Pushgateway,
        except: Option<&GroupingKey>,
        remaining: &dyn Fn() -> Duration,
    ) -> FlushReport {
        let mut report = FlushReport::default();
        let begin = Instant::now();
        let longest_look = remaining() / LOOK;
        let has_time = || begin.elapsed() < longest_look;
        let revived = self.report_killed_runs(client, &has_time, &mut report);
        let except = except.filter(|key| !revived.contains(key));
        let (mut found, is_all) = match groups_with(self.directory(), WAITING, &has_time) {
            Ok(found) => found,
            Err(error) => {
                report.count(SpoolNotice::trouble(error));
                return report;
            }
        };
        report.left += usize::from(!is_all);
        rotate(&mut found);
        let gateway = client.address();
        let mut is_cut_off = false;
        let mut looked = begin.elapsed();
        for files in &found {
            if looked >= longest_look {
                report.left += 1;
                continue;
            }
            let look = Instant::now();
            let head = self.head_or_aside(files);
            looked += look.elapsed();
            let key = match head {
                Ok(Some(entry)) if entry.gateway == gateway.base_url() => entry.key,
                Ok(_) => continue,
                Err(error) => {
                    report.count(SpoolNotice::trouble(error));
                    continue;
                }
            };
            if except == Some(&key) {
                continue;
            }
            if is_cut_off || remaining().is_zero() {
                report.left += 1;
                continue;
            }
            let delivery = self.deliver_group(files, &key, client, remaining());
            is_cut_off |= delivery.errors().any(|error| {
                matches!(&error.reason, NotDelivered::Push(error) if error.is_connection_error())
            });
            let is_revived = revived.contains(&key);
            let notices = delivery.into_notices_of_earlier().into_iter();
            notices
                .filter(|notice| !(is_revived && is_of_one_run(notice)))
                .for_each(|notice| report.count(notice));
        }
        report
    }

    /// Delivers what waits for a group in these files. What is another run's to deliver keeps this one
    /// from nothing.
    fn deliver_group(
        &self,
        files: &GroupFiles,
        key: &GroupingKey,
        client: &Pushgateway,
        remaining: Duration,
    ) -> SpoolDelivery {
        let gateway = client.address();
        let mut group = self.resume(&gateway, key);
        if !files.are_named_for(key.job(), &gateway.url(key)) {
            group = group.adopt(files);
        }
        group.deliver_if_free(client, remaining)
    }

    /// Leaves what is to be said of runs that were killed in the files of their groups, and returns
    /// these.
    fn report_killed_runs(
        &self,
        client: &Pushgateway,
        has_time: &dyn Fn() -> bool,
        report: &mut FlushReport,
    ) -> Vec<GroupingKey> {
        let gateway = client.address();
        let mut groups = Vec::new();
        // What is wrong with the directory the look for what waits reports.
        for mark in abandoned_marks(self.directory(), has_time).unwrap_or_default() {
            if mark.entry.gateway != gateway.base_url() || !has_time() {
                continue;
            }
            let key = mark.entry.key.clone();
            let notice = mark.notice(gateway.url(&key));
            match self.stored(&gateway, &key).add_killed(mark) {
                Ok(()) => report.count(notice),
                Err(errors) => {
                    let errors = errors.into_iter().map(SpoolNotice::trouble);
                    errors.for_each(|error| report.count(error));
                }
            }
            groups.push(key);
        }
        groups
    }

    /// Delivers what waits for these gateways, in parallel and each within its client's timeout,
    /// again and again until nothing waits for them or `wait` has passed. There is always one pass.
    #[must_use]
    pub fn flush_passes<'a>(
        &'a self,
        clients: &'a [Pushgateway],
        wait: Duration,
    ) -> FlushPasses<'a> {
        FlushPasses {
            spool: self,
            clients,
            begin: Instant::now(),
            wait,
            pause: Some(Duration::ZERO),
        }
    }
}

/// Returns true for a late result of one run: where that was killed, the user has been told.
fn is_of_one_run(notice: &SpoolNotice) -> bool {
    matches!(notice, SpoolNotice::DeliveredLate { runs: 1, .. })
}

/// Begins each time with another one, so that one that takes all the time takes it only once from each
/// of the others.
fn rotate<T>(found: &mut [T]) {
    if !found.is_empty() {
        let chance = RandomState::new().hash_one(0) % found.len() as u64;
        found.rotate_left(usize::try_from(chance).unwrap_or_default());
    }
}

impl FlushReport {
    /// Adds a notice, and counts what it says is left.
    fn count(&mut self, notice: SpoolNotice) {
        let (left, refused) = match &notice {
            SpoolNotice::Trouble {
                error: SpoolError::Quarantined { .. },
                ..
            }
            | SpoolNotice::EarlierRefused { .. } => (0, 1),
            SpoolNotice::EarlierUndelivered(error) => match error.disposition {
                Disposition::Refused(_) => (0, 1),
                _ => (1, 0),
            },
            SpoolNotice::Trouble { .. } => (1, 0),
            SpoolNotice::DeliveredLate { .. } | SpoolNotice::KilledRun { .. } => (0, 0),
        };
        self.left += left;
        self.refused += refused;
        self.notices.push(notice);
    }
}

impl Iterator for FlushPasses<'_> {
    type Item = FlushPass;

    fn next(&mut self) -> Option<FlushPass> {
        let pause = self.pause?;
        thread::sleep(pause.min(self.wait.saturating_sub(self.begin.elapsed())));
        let reports = for_each_concurrently(self.clients, |client| {
            let begin = Instant::now();
            let remaining = || client.timeout().saturating_sub(begin.elapsed());
            self.spool.flush(client, None, &remaining)
        });
        let mut report = FlushReport::default();
        for other in reports {
            report.left += other.left;
            report.refused += other.refused;
            report.notices.extend(other.notices);
        }
        let is_last = report.left == 0 || self.begin.elapsed() >= self.wait;
        let (shortest, longest) = PAUSES;
        self.pause = (!is_last).then(|| (pause * 2).clamp(shortest, longest));
        Some(FlushPass { report, is_last })
    }
}
