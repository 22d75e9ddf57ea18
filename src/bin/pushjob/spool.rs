//! What is said of a spool, and what is delivered from it.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
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
pub(crate) fn undelivered(error: &NotDelivered, delivery: &SpoolDelivery) -> String {
    format!("{}{}", chain(error), fate(&delivery.kept(error)))
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
    let mut errors = errors(delivery);
    let is_lost = errors.any(|error| delivery.kept(error) == Kept::Lost);
    let troubles = delivery.troubles.iter().map(|trouble| {
        let lost = if is_lost {
            "; what was not delivered is lost"
        } else {
            ""
        };
        Notice::Warning(format!("{}{lost}", chain(trouble)))
    });
    let refused = delivery.refused_earlier.as_ref().map(|error| {
        let error = chain(error);
        let path = delivery.refused().map(Path::display);
        let path = path.map(|path| format!("; set aside in {path}"));
        let path = path.unwrap_or_default();
        Notice::Warning(format!(
            "cannot push what an earlier run had left: {error}{path}"
        ))
    });
    let late = delivery
        .late
        .map(|(since, runs)| Notice::Warning(late(url, since, runs)));
    troubles.chain(refused).chain(late).collect()
}

fn errors(delivery: &SpoolDelivery) -> impl Iterator<Item = &NotDelivered> {
    let both = [delivery.run.as_ref().err(), delivery.job.as_ref().err()];
    both.into_iter().flatten()
}

/// What there is to say of a delivery of which all was left by earlier runs.
pub(crate) fn notices_of_earlier(delivery: &SpoolDelivery, url: &str) -> Vec<Notice> {
    let mut notices = notices(delivery, url);
    notices.extend(errors(delivery).map(|error| {
        let message = format!(
            "cannot push what was kept: {}",
            undelivered(error, delivery)
        );
        match delivery.kept(error) {
            Kept::Refused(_) => Notice::Warning(message),
            _ => Notice::Note(message),
        }
    }));
    notices
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
    /// How many were refused.
    pub(crate) refused: usize,
    pub(crate) notices: Vec<Notice>,
}

/// Delivers what waits for a gateway, one group after the other, but for one that has had its turn. Where the gateway cannot be
/// talked to the others are not tried.
pub(crate) fn flush(
    spool: &Spool,
    client: &Pushgateway,
    done: Option<&GroupingKey>,
    remaining: &dyn Fn() -> Duration,
) -> Flushed {
    let mut flushed = Flushed::default();
    let (mut waiting, troubles) = match spool.waiting() {
        Ok(found) => found,
        Err(error) => (Vec::new(), vec![error]),
    };
    for trouble in &troubles {
        flushed.notices.push(Notice::Warning(chain(trouble)));
        flushed.left += 1;
    }
    let gateway = client.address();
    waiting.retain(|waiting| waiting.gateway == gateway.base_url() && done != Some(&waiting.key));
    // Each time with another one, so that one that takes all the time takes it only once from each of the others.
    if !waiting.is_empty() {
        let chance = RandomState::new().hash_one(0) % waiting.len() as u64;
        waiting.rotate_left(usize::try_from(chance).unwrap_or_default());
    }
    let mut is_cut_off = false;
    for Waiting { key, .. } in &waiting {
        if is_cut_off || remaining().is_zero() {
            flushed.left += 1;
            continue;
        }
        // What is another run's to deliver keeps this one from nothing.
        let group = spool.resume(&gateway, key);
        let delivery = group.deliver_unless_busy(client, remaining());
        for error in errors(&delivery) {
            match (delivery.kept(error), error) {
                (Kept::Refused(_), _) => flushed.refused += 1,
                (_, NotDelivered::Push(error)) => {
                    is_cut_off = error.is_connection_error();
                    flushed.left += 1;
                }
                _ => flushed.left += 1,
            }
        }
        let notices = notices_of_earlier(&delivery, &client.url(key));
        flushed.notices.extend(notices);
    }
    flushed
}
