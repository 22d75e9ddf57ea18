//! Makes a destination of a textfile.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::exposition::MetricFamilies;
use crate::grouping::GroupingKey;
use crate::push::{Change, Delivered};
use crate::sink::{Textfile, TextfileError, WrittenFile};

use super::delivery_error::DeliveryError;
use super::destination::Destination;
use super::end::{EndMethod, RunEnd};
use super::notice::Notice;
use super::parts::{EndDelivery, EndPart};
use super::progress::Progress;
use super::update::RunUpdate;
use super::updates::Updates;

/// A textfile that a run is recorded in. A run that ended later keeps its place there, also where an
/// earlier one comes to write only then.
#[derive(Debug)]
pub struct TextfileDestination {
    textfile: Textfile,
    /// Files that were moved aside by updates.
    quarantined: Mutex<Vec<Notice>>,
}

impl TextfileDestination {
    /// A destination that writes this textfile.
    #[must_use]
    pub fn new(textfile: Textfile) -> Self {
        Self {
            textfile,
            quarantined: Mutex::default(),
        }
    }
}

impl Destination for TextfileDestination {
    fn name(&self, _: &GroupingKey) -> String {
        self.textfile.path().display().to_string()
    }

    fn update(&self, update: &RunUpdate) -> Result<(), DeliveryError> {
        let written = update.deliver(|families| {
            let change = Change::PushAdd(families);
            self.textfile
                .deliver_within(update.key(), change, update.timeout())
        })?;
        let notices = self.quarantined.lock();
        let mut notices = notices.unwrap_or_else(PoisonError::into_inner);
        notices.extend(written.quarantined.map(Notice::Quarantined));
        Ok(())
    }

    fn end(&self, end: &RunEnd, updates: Updates, progress: &Progress) {
        progress.updates(updates.finish(end.timeout()));
        let earlier = self.quarantined.lock();
        let mut earlier = earlier.unwrap_or_else(PoisonError::into_inner);
        for notice in earlier.drain(..) {
            progress.notice(notice);
        }
        drop(earlier);
        let name = self.name(end.key());
        let delivery = EndDelivery::new(end, &name, progress);
        // A run that ended later may have been faster.
        let newer = |held: &MetricFamilies, part| {
            let newer = end
                .report()
                .newer_than(end.families(), held, SystemTime::now());
            newer.map(|newer| match part {
                EndPart::Report => newer,
                EndPart::Metrics => MetricFamilies::new(),
            })
        };
        delivery.run(
            |part, change| {
                let revise = |held: &MetricFamilies| newer(held, part);
                self.textfile
                    .deliver_revised(end.key(), change, end.remaining(), revise)
                    .map(|written| note(end, progress, written))
            },
            TextfileError::is_about_the_metrics,
        );
    }
}

/// Reports what was written; in a directory the name of the file depends on the job.
fn note(end: &RunEnd, progress: &Progress, written: WrittenFile) -> Delivered {
    let path = written.path.display();
    progress.name(match end.method() {
        EndMethod::Delete => format!("the group in {path}"),
        _ => path.to_string(),
    });
    if let Some(file) = written.quarantined {
        progress.notice(Notice::Quarantined(file));
    }
    written.delivered
}
