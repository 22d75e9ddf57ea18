//! The metrics that the job leaves in its file.

use std::sync::{Arc, OnceLock};

use pushjob::exposition::{MetricFamilies, NameValidation};
use pushjob::grouping::{GroupRules, GroupingKey};
use pushjob::metrics_file::{Contents, METRICS_FILE, MetricsFile, ReadOptions, Reading};
use pushjob::report::Report;

use crate::console::Console;

/// The longest file that is read for a heartbeat or a scrape, in bytes: it is read anew for each.
const LONGEST_BEAT: u64 = 16 << 20;

/// The most series that are read for a heartbeat or a scrape: some tens of megabytes.
const MOST_BEAT_SERIES: usize = 50_000;

/// The longest file of which the metrics are kept in a spool, in bytes: they are read and written several times there.
const LONGEST_KEPT: u64 = 1 << 20;

/// The file of a run, and what may stand in it.
pub(crate) struct JobMetrics {
    file: Arc<MetricsFile>,
    options: ReadOptions,
    /// What it held when the job had ended, which is read once for all gateways.
    end: OnceLock<Result<Contents, String>>,
}

impl JobMetrics {
    pub(crate) fn new(file: Arc<MetricsFile>, options: ReadOptions) -> Self {
        Self {
            file,
            options,
            end: OnceLock::new(),
        }
    }

    /// What there is while the job runs, if there is anything, and no more than may be read then: a part would be taken for all. What is
    /// wrong with it is said at the end.
    pub(crate) fn so_far(&self) -> Option<MetricFamilies> {
        if self.file.length().ok()? > LONGEST_BEAT {
            return None;
        }
        let options = self.options.clone().most_series(MOST_BEAT_SERIES);
        let contents = self.read(Reading::Running, &options).ok()?;
        let families = Some(contents.families).filter(|_| !contents.has_more_series);
        families.filter(|families| !families.is_empty())
    }

    /// Whether what the job has left is more than is kept in a spool.
    pub(crate) fn is_long(&self) -> bool {
        self.file.length().is_ok_and(|length| length > LONGEST_KEPT)
    }

    /// Whether the job has left anything.
    pub(crate) fn has_any(&self) -> bool {
        !self.file.is_empty().unwrap_or(true)
    }

    /// What there is when the job has ended, if there is anything.
    pub(crate) fn all(&self) -> Option<&MetricFamilies> {
        let end = self
            .end
            .get_or_init(|| self.read(Reading::Ended, &self.options));
        let families = &end.as_ref().ok()?.families;
        Some(families).filter(|families| !families.is_empty())
    }

    fn read(&self, reading: Reading, options: &ReadOptions) -> Result<Contents, String> {
        let contents = match self.file.is_empty() {
            Ok(true) => return Ok(Contents::default()),
            Ok(false) => self.file.read(reading, options),
            Err(error) => Err(error),
        };
        contents.map_err(|error| format!("cannot read {METRICS_FILE}: {error}"))
    }

    /// Says what was left out at the end, and whether that was nothing.
    pub(crate) fn say_what_is_left_out(&self, console: Console) -> bool {
        let contents = match self.end.get() {
            None => return true,
            Some(Ok(contents)) => contents,
            Some(Err(reason)) => {
                console.error(reason);
                return false;
            }
        };
        for line in &contents.bad_lines {
            console.warning(format_args!("{METRICS_FILE} {line}; left out"));
        }
        match contents.bad_line_count - contents.bad_lines.len() {
            0 => {}
            1 => console.warning(format_args!("{METRICS_FILE}: 1 more line was left out")),
            more => console.warning(format_args!(
                "{METRICS_FILE}: {more} more lines were left out"
            )),
        }
        contents.bad_line_count == 0
    }
}

/// Options for reading the metrics of a job, with the rules of the group of its run.
pub(crate) fn rules(report: &Report, key: &GroupingKey, names: NameValidation) -> ReadOptions {
    let rules = GroupRules::of(key).reserve_prefix(report.prefix());
    ReadOptions::new(rules).names(names)
}
