//! Metrics from inside a job: the file that a job appends them to, and the run that reads it.
//!
//! A run [makes](MetricsFile::create) the file and names it to the job in the variable
//! [`METRICS_FILE`]. The job [appends](append) to it, and so may all processes that it starts, at
//! the same time and in any language, because it holds the [text format](crate::exposition). When
//! the job has ended the run [reads](MetricsFile::read) it.
//!
//! ```
//! use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName, encode};
//! use pushjob::metrics_file::{MetricsFile, Operation, ReadOptions, Reading, append};
//!
//! let file = MetricsFile::create()?;
//!
//! // The job.
//! let mut rows = MetricFamilies::new();
//! rows.insert(MetricFamily::gauge(MetricName::new("rows")?, 40.0))?;
//! append(file.path(), &rows, Operation::Set)?;
//! append(file.path(), &rows, Operation::Add)?;
//!
//! // The run.
//! let contents = file.read(Reading::Ended, &ReadOptions::default())?;
//! assert_eq!(encode(&contents.families), "# TYPE rows gauge\nrows 80\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it differs from a scrape
//!
//! It is a log. A series that occurs again is an update: the last value counts, and so does the
//! last help text. A comment of the form `# PUSHJOB ADD files_total{table="a"} 1` adds to what a
//! series has had, or to 0; any other reader takes it for a comment. Additions can come in any
//! order, so that processes that count in parallel need no lock.
//!
//! Every line is checked by itself. One that is wrong is a [`BadLine`] and left out, and the others
//! count. So is one that has no end, because its writer has died.

mod append;
mod builder;
mod contents;
mod error;
mod file;
mod options;
mod reader;

pub use append::{AppendError, Operation, append};
pub use contents::Contents;
pub use error::{BadLine, MetricsLineError};
pub use file::{CreateError, METRICS_FILE, MetricsFile};
pub use options::ReadOptions;
pub use reader::Reading;
