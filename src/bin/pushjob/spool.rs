//! What is said of a spool, and what is delivered from it.

use std::time::{Duration, SystemTime};

use humantime::format_duration;
use pushjob::grouping::GroupingKey;
use pushjob::push::Pushgateway;
use pushjob::spool::{Kept, NotDelivered, Spool, SpoolDelivery, Waiting};

use crate::console::{Console, chain};

/// Where the end of a run is kept until it has arrived.
#[derive(Debug)]
pub(crate) struct RunSpool {
    pub(crate) spool: Spool,
    /// The names that are sent again later.
    pub(crate) lasting: Vec<String>,
}

/// Something to say.
#[derive(Debug)]
pub(crate) enum Notice {
    Warning(String),
    Note(String),
}

impl Notice {
    pub(crate) fn say(self, console: Console) {
        match self {
            Self::Warning(message) => console.warning(message),
            Self::Note(message) => console.note(message),
        }
    }
}

/// Why something has not arrived, and where it is.
pub(crate) fn undelivered(error: &NotDelivered, kept: &Kept) -> String {
    format!("{}{}", chain(error), fate(kept))
}

/// What became of what has not arrived, to be said behind the reason.
pub(crate) fn fate(kept: &Kept) -> String {
    match kept {
        Kept::Waiting(path) => format!("; kept in {}", path.display()),
        Kept::Refused(path) => format!("; set aside in {}", path.display()),
        _ => String::new(),
    }
}

/// What there is to say of a delivery beside how it went.
pub(crate) fn notices(delivery: &SpoolDelivery, url: &str) -> Vec<Notice> {
    let troubles = delivery.troubles.iter().map(|trouble| {
        let lost = match delivery.kept {
            Kept::Lost => "; what was not delivered is lost",
            _ => "",
        };
        Notice::Warning(format!("{}{lost}", chain(trouble)))
    });
    let late = delivery
        .late
        .map(|(since, runs)| Notice::Warning(late(url, since, runs)));
    troubles.chain(late).collect()
}

fn late(url: &str, since: SystemTime, runs: u64) -> String {
    let age = age(since);
    match runs {
        1 => format!("delivered to {url} what an earlier run had left {age} ago"),
        _ => format!("delivered to {url} what {runs} earlier runs had left, the first {age} ago"),
    }
}

/// How long ago this was, in whole seconds.
pub(crate) fn age(since: SystemTime) -> String {
    let age = SystemTime::now().duration_since(since).unwrap_or_default();
    format_duration(Duration::from_secs(age.as_secs())).to_string()
}

/// How it went with what waits for one gateway.
#[derive(Debug, Default)]
pub(crate) struct Flushed {
    /// How many groups still have something that waits.
    pub(crate) left: usize,
    /// How many others are at.
    pub(crate) busy: usize,
    /// How many were refused.
    pub(crate) refused: usize,
    pub(crate) notices: Vec<Notice>,
}

/// Delivers what waits for a gateway, one group after the other, but for one that has had its turn. Where the gateway does not
/// answer the others are not tried.
pub(crate) fn flush(
    spool: &Spool,
    client: &Pushgateway,
    done: Option<&GroupingKey>,
    remaining: &dyn Fn() -> Duration,
) -> Flushed {
    let mut flushed = Flushed::default();
    let waiting = match spool.waiting() {
        Ok((waiting, troubles)) => {
            let troubles = troubles.iter().map(|error| Notice::Warning(chain(error)));
            flushed.notices.extend(troubles);
            waiting
        }
        Err(error) => {
            flushed.notices.push(Notice::Warning(chain(&error)));
            flushed.left += 1;
            return flushed;
        }
    };
    let gateway = client.address();
    let ours = |waiting: &&Waiting| {
        let is_other = done != Some(&waiting.key);
        waiting.gateway == gateway.base_url() && is_other
    };
    for waiting in waiting.iter().filter(ours) {
        let url = client.url(&waiting.key);
        if flushed.left > 0 || remaining().is_zero() {
            flushed.left += 1;
            continue;
        }
        // What is another run's to deliver keeps this one from nothing.
        let group = spool.resume(&gateway, &waiting.key);
        let delivery = group.deliver_unless_busy(client, remaining());
        flushed.notices.extend(notices(&delivery, &url));
        if matches!(delivery.run, Err(NotDelivered::Busy { .. })) {
            flushed.busy += 1;
            continue;
        }
        let wrong = [delivery.run.as_ref().err(), delivery.job.as_ref().err()];
        for error in wrong.into_iter().flatten() {
            let message = undelivered(error, &delivery.kept);
            flushed
                .notices
                .push(if matches!(delivery.kept, Kept::Refused(_)) {
                    flushed.refused += 1;
                    Notice::Warning(format!("cannot push what was kept: {message}"))
                } else {
                    flushed.left += 1;
                    Notice::Note(format!("cannot push what was kept: {message}"))
                });
        }
    }
    flushed
}
