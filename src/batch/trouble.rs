//! Reasons why a run is not recorded.

use std::error::Error;

use crate::chain::chain;
use crate::exposition::NameError;
use crate::grouping::GroupingError;
use crate::push::ConfigError;
use crate::record::{DestinationReport, KeptIn, Notice, NoticeLevel, UpdateTrouble};
#[cfg(target_os = "linux")]
use crate::sink::TextfileError;
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::ScrapeError;

/// Reason why a run is not recorded as it should be. The run goes on all the same, and returns what it
/// returns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A job name or label that is not valid. Nothing is recorded.
    #[error("{0}")]
    Grouping(GroupingError),
    /// A prefix that no metric name can begin with. Nothing is recorded.
    #[error("metric prefix: {0}")]
    Prefix(NameError),
    /// A gateway that cannot be used as configured. Nothing is delivered to it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A textfile that cannot be used as configured. Nothing is written.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Textfile(#[from] TextfileError),
    /// An address that cannot be listened on. Nothing is served.
    #[cfg(all(feature = "scrape", unix))]
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// The job has no destination.
    #[error("job {job} has no gateway and no other sink")]
    NoSink {
        /// The job name.
        job: String,
    },
    /// The start was not announced.
    #[error("the start of job {job} was not announced")]
    Start {
        /// The job name.
        job: String,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Some heartbeats were not delivered.
    #[error("heartbeats of job {job}")]
    Heartbeats {
        /// The job name.
        job: String,
        /// How many, and the reason.
        source: UpdateTrouble,
    },
    /// The result was not delivered.
    #[error("the result of job {job} was not delivered{}", but(kept.as_ref()))]
    Result {
        /// The job name.
        job: String,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
        /// The file that keeps it, to be delivered by a later run.
        kept: Option<KeptIn>,
    },
    /// The metrics in the registry of the run were not delivered.
    #[error("the metrics of job {job} were not delivered{}", but(kept.as_ref()))]
    Metrics {
        /// The job name.
        job: String,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
        /// The file that keeps them, to be delivered by a later run.
        kept: Option<KeptIn>,
    },
    /// A metric in the registry of the run has the name of one of the report. It was not delivered; the
    /// others were.
    #[error("metric {metric} of job {job} was not delivered: the report has one of this name")]
    Taken {
        /// The job name.
        job: String,
        /// The metric name.
        metric: String,
    },
    /// Something that a destination reports beside the result, such as a result of an earlier run that has
    /// been delivered now.
    #[error("{0}")]
    Notice(Box<Notice>),
}

fn but(kept: Option<&KeptIn>) -> String {
    kept.map(|kept| format!(" but {kept}")).unwrap_or_default()
}

impl Trouble {
    /// Logs it, where the program has not asked to be told.
    pub(super) fn log(&self) {
        log::warn!(target: "pushjob", "{}", chain(self));
    }

    /// The troubles of a destination. One message is enough when the metrics or the start did not arrive
    /// there either.
    pub(super) fn of_report(report: DestinationReport, job: &str) -> Vec<Self> {
        let job = job.to_owned();
        let mut troubles: Vec<_> = report
            .notices
            .into_iter()
            .filter(|notice| notice.level() >= NoticeLevel::Warning)
            .map(|notice| Self::Notice(Box::new(notice)))
            .collect();
        troubles.extend(match (report.run, report.metrics, report.updates) {
            (Err(failure), ..) => Some(Self::Result {
                job,
                source: failure.error,
                kept: failure.kept,
            }),
            (_, Err(failure), _) => Some(Self::Metrics {
                job,
                source: failure.error,
                kept: failure.kept,
            }),
            (.., Some(UpdateTrouble::Start(source))) => Some(Self::Start { job, source }),
            (.., Some(UpdateTrouble::StartCutOff(source))) => Some(Self::Start {
                job,
                source: format!("{}: {source}", report.name).into(),
            }),
            (.., Some(source)) => Some(Self::Heartbeats { job, source }),
            _ => None,
        });
        troubles
    }
}
