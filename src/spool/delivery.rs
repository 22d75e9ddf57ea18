//! The outcome of one delivery from a spool.

use crate::push::Delivered;

use super::notice::SpoolNotice;
use super::undelivered::Undelivered;

/// The outcome of one delivery.
#[derive(Debug)]
#[non_exhaustive]
pub struct SpoolDelivery {
    /// The delivery of what the run does to the group; None where there was nothing to send,
    /// because others have sent it or a later run has done otherwise.
    pub run: Result<Option<Delivered>, Undelivered>,
    /// The delivery of the metrics of the job, in the same way.
    pub job: Result<Option<Delivered>, Undelivered>,
    /// Everything else that there is to report: what is wrong with the spool, and the results of
    /// earlier runs that were delivered or refused.
    pub notices: Vec<SpoolNotice>,
}

impl SpoolDelivery {
    /// The errors of both parts.
    pub(super) fn errors(&self) -> impl Iterator<Item = &Undelivered> {
        [&self.run, &self.job]
            .into_iter()
            .filter_map(|part| part.as_ref().err())
    }

    /// Everything that there is to report of a delivery of earlier results alone: the notices, and
    /// the errors as such.
    #[must_use]
    pub fn into_notices_of_earlier(self) -> Vec<SpoolNotice> {
        let errors = [self.run.err(), self.job.err()].into_iter().flatten();
        let errors = errors.map(SpoolNotice::EarlierUndelivered);
        self.notices.into_iter().chain(errors).collect()
    }
}
