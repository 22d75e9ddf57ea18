//! Metrics that a child process has left in its file.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::exposition::{MetricFamilies, NameValidation};
use crate::grouping::{GroupRules, GroupingKey};
use crate::metrics_file::{Contents, MetricsFile, ReadOptions, Reading};
use crate::report::Report;

use super::delivery_error::DeliveryError;
use super::metrics::RunMetrics;

/// Maximum length of a file that is read while the job runs, in bytes.
const MAX_LENGTH_WHILE_RUNNING: u64 = 16 << 20;

/// Maximum number of series that are read then.
const MAX_SERIES_WHILE_RUNNING: usize = 50_000;

/// Maximum length of a file whose metrics are kept in a spool, in bytes: they are read and written several
/// times there.
const MAX_LENGTH_KEPT: u64 = 1 << 20;

/// The metrics that a job has left in its [`MetricsFile`].
#[derive(Debug)]
pub struct FileMetrics {
    file: Arc<MetricsFile>,
    options: ReadOptions,
    /// What the file held when the job had ended, read once for all destinations.
    end: OnceLock<io::Result<Contents>>,
}

impl FileMetrics {
    /// The metrics in this file, for the group of a run with this report: without those that the group
    /// cannot hold beside it.
    #[must_use]
    pub fn new(
        file: Arc<MetricsFile>,
        report: &Report,
        key: &GroupingKey,
        names: NameValidation,
    ) -> Self {
        let rules = GroupRules::of(key).reserve_prefix(report.prefix());
        Self {
            file,
            options: ReadOptions::new(rules).names(names),
            end: OnceLock::new(),
        }
    }

    /// What the file held when the job had ended, with the lines that were skipped. It is read if no
    /// destination has asked for it.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn contents(&self) -> Result<&Contents, &io::Error> {
        let end = self
            .end
            .get_or_init(|| self.read(Reading::Ended, &self.options));
        end.as_ref()
    }

    fn read(&self, reading: Reading, options: &ReadOptions) -> io::Result<Contents> {
        if self.file.is_empty()? {
            return Ok(Contents::default());
        }
        self.file.read(reading, options)
    }
}

impl RunMetrics for FileMetrics {
    /// None where the file is too long to be read now, or cannot be read: no part is taken for all. What is
    /// wrong with it is told at the end.
    fn so_far(&self) -> Result<MetricFamilies, DeliveryError> {
        let options = self.options.clone().most_series(MAX_SERIES_WHILE_RUNNING);
        let length = self.file.length().unwrap_or(u64::MAX);
        let contents =
            (length <= MAX_LENGTH_WHILE_RUNNING).then(|| self.read(Reading::Running, &options));
        Ok(match contents {
            Some(Ok(contents)) if !contents.has_more_series => contents.families,
            _ => MetricFamilies::new(),
        })
    }

    fn at_end(&self, _: Duration) -> Option<&MetricFamilies> {
        Some(&self.contents().ok()?.families)
    }

    fn to_keep(&self) -> Option<&MetricFamilies> {
        let length = self.file.length().ok()?;
        (length <= MAX_LENGTH_KEPT).then_some(&self.contents().ok()?.families)
    }

    fn has_any(&self) -> bool {
        !self.file.is_empty().unwrap_or(true)
    }
}
