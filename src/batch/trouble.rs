use std::any::Any;
use std::error::Error;

use crate::chain::chain;
use crate::exposition::NameError;
use crate::grouping::GroupingError;
use crate::push::ConfigError;
use crate::sink::SinkError;
#[cfg(all(feature = "scrape", unix))]
use crate::sink::scrape::ScrapeError;
#[cfg(target_os = "linux")]
use crate::sink::{Quarantined, TextfileError};

/// What keeps a run from being recorded. The run goes on all the same, and returns what it returns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A job name or label that cannot be. Nothing is recorded.
    #[error("{0}")]
    Grouping(GroupingError),
    /// A prefix that no metric name can begin with. Nothing is recorded.
    #[error("metric prefix: {0}")]
    Prefix(NameError),
    /// A gateway that cannot be talked to as configured. Nothing is delivered to it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A textfile that cannot be. Nothing is written.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Textfile(#[from] TextfileError),
    /// A textfile that was not in the text format, with the last success that may have stood there. It was set aside, and another written.
    #[cfg(target_os = "linux")]
    #[error("{0}")]
    SetAside(Quarantined),
    /// An address that cannot be listened on. Nothing is served.
    #[cfg(all(feature = "scrape", unix))]
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// There is no gateway or other sink.
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
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The result was not delivered.
    #[error("the result of job {job} was not delivered")]
    Result {
        /// The job name.
        job: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What is in the registry of the run was not delivered.
    #[error("the metrics of job {job} were not delivered")]
    Metrics {
        /// The job name.
        job: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A metric in the registry of the run that has the name of one of the report. It was not delivered; the others were.
    #[error("metric {metric} of job {job} was not delivered: the report has one of this name")]
    Taken {
        /// The job name.
        job: String,
        /// The metric name.
        metric: String,
    },
}

impl Trouble {
    /// For who has not asked to be told.
    pub(super) fn log(&self) {
        log::warn!(target: "pushjob", "{}", chain(self));
    }
}

/// Why a sink or a collector, which may be a program's own, gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("the collectors took too long")]
    SlowCollectors,
    #[error("it is still under way, and may arrive after the end")]
    Overdue,
    #[error("the {what} panicked: {message}")]
    Panic { what: &'static str, message: String },
}

impl Failure {
    pub(super) fn of_panic(what: &'static str, payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("without a message").to_owned();
        Self::Panic { what, message }
    }
}
