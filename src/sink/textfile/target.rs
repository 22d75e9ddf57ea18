//! A textfile as a destination of changes.

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exposition::{Gather, MetricFamilies};
use crate::files::Replacement;
use crate::grouping::{GroupRules, GroupingKey};
use crate::push::{Change, Delivered};
use crate::sink::{Sink, SinkError};

use super::contents::TextfileContents;
use super::error::{MAX_BYTES, TextfileError};
use super::storage::{begin_replacement, move_aside, read, unwritable};

/// The end of the name of a file that node exporter reads.
const EXTENSION: &str = ".prom";

/// The longest wait for other processes that write the same file, where none is given.
const PATIENCE: Duration = Duration::from_secs(10);

/// Characters percent-encoded in file names. The percent sign is one of them, so that no two jobs
/// share a file.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A file for the [textfile collector] of node exporter, for jobs on a machine that has one:
/// nothing has to be reached over the network, and the metrics are there for as long as the file
/// is.
///
/// ```
/// use pushjob::exposition::{MetricFamily, MetricName};
/// use pushjob::grouping::GroupingKey;
/// use pushjob::sink::Textfile;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path();
/// let rows = MetricFamily::gauge(MetricName::new("rows")?, 42.0);
/// let textfile = Textfile::new(path)?; // "/var/lib/prometheus/node-exporter"
/// let written = textfile.push_add(&GroupingKey::new("etl")?, &rows)?;
/// assert_eq!(
///     std::fs::read_to_string(written.path)?,
///     "# pushjob group {job_name=\"etl\"}\n# TYPE rows gauge\nrows{job_name=\"etl\"} 42\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Which file
///
/// A path that is a directory when something is delivered stands for `JOB.prom` in it. In the name
/// of the job whatever is no letter, digit, `-`, `_` or `.` of ASCII is [percent-encoded], and so
/// is a dot at its beginning. Any other path has to end in `.prom`, because node exporter reads
/// nothing else.
///
/// # Contents
///
/// Each series has the labels of its group, with `job` as `job_name`, because Prometheus gives
/// `job` to what it scrapes; so it does with `instance`, which becomes `exported_instance` there
/// unless `honor_labels` is set. A comment before series says whose they are, so that several jobs
/// can write the same file: [`Change::Push`] replaces what the group had there, [`Change::PushAdd`]
/// its families of the same names, [`Change::Delete`] takes it away, and with the last series the
/// file. What others have written stays, but for their comments. A series that stands under no such
/// comment is nobody's; it becomes that of a group which writes it.
///
/// A metric has one type and one help text in the file, the one that was written last; another type
/// is an error. The same goes for all files in the directory, which is not checked here: of a
/// metric with different types or help texts in two files node exporter shows only the series of
/// the first file, by name. Names that are not of the legacy scheme are written in quotation marks;
/// a node exporter that does not know those passes over the whole file.
///
/// # Writing
///
/// The new file is `.NAME.prom.new` until it is complete and on the disk, with the mode 0644
/// whatever the umask, and takes the place of the old one then, so that whoever reads it sees the
/// one or the other. While one is being written others wait, for no longer than the timeout. One
/// that was left behind by a process that was killed is taken away by the next.
///
/// A file that is not in the text format becomes `NAME.prom.bad`, or `.bad2` and so on up to
/// `.bad9`, which is written over. Nothing is read from a file of more than 16 MiB, or from what is
/// no file; nothing longer is written; and a symbolic link in the place of the file is not
/// followed: these are errors. A file system that hangs holds it up.
///
/// [textfile collector]: https://github.com/prometheus/node_exporter#textfile-collector
/// [percent-encoded]: https://datatracker.ietf.org/doc/html/rfc3986#section-2.1
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Textfile {
    path: PathBuf,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenFile {
    /// The file.
    pub path: PathBuf,
    /// The time that it took, in one attempt.
    pub delivered: Delivered,
    /// The file that stood there and could not be read.
    pub quarantined: Option<Quarantined>,
}

/// A file that was not in the text format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quarantined {
    /// Where it was.
    pub file: PathBuf,
    /// Where it is now.
    pub path: PathBuf,
    /// The fault in it.
    pub reason: String,
}

/// The message about it.
impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, path, reason } = self;
        let (file, path) = (file.display(), path.display());
        write!(
            f,
            "{file} was not in the text format: {reason}; set aside as {path}"
        )
    }
}

impl Textfile {
    /// One at a path, which is looked at when something is delivered.
    ///
    /// # Errors
    ///
    /// [`TextfileError::EmptyPath`].
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, TextfileError> {
        let path = path.into();
        if path.as_os_str().is_empty() {
            return Err(TextfileError::EmptyPath);
        }
        Ok(Self { path })
    }

    /// The path that was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of a group: the path itself, or one in it where that is a directory.
    ///
    /// # Errors
    ///
    /// [`TextfileError::Name`] when it is neither a directory nor ends in `.prom`, [`TextfileError::Unreadable`] when that
    /// cannot be found out.
    pub fn file(&self, key: &GroupingKey) -> Result<PathBuf, TextfileError> {
        let path = &self.path;
        let is_directory = match fs::metadata(path) {
            Ok(found) => found.is_dir(),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(source) => {
                return Err(TextfileError::Unreadable {
                    path: path.clone(),
                    source,
                });
            }
        };
        let bytes = path.as_os_str().as_encoded_bytes();
        if is_directory {
            Ok(path.join(file_name(key.job())))
        } else if bytes.ends_with(EXTENSION.as_bytes()) {
            Ok(path.clone())
        } else {
            Err(TextfileError::Name { path: path.clone() })
        }
    }

    /// Checks that something could be delivered: begins a new file and removes it again. It does
    /// not wait for another process that writes the file.
    ///
    /// # Errors
    ///
    /// [`TextfileError`], as from [`deliver_within`](Self::deliver_within).
    pub fn check(&self, key: &GroupingKey) -> Result<(), TextfileError> {
        let path = self.file(key)?;
        match begin_replacement(&path, Duration::ZERO) {
            Ok(_) | Err(TextfileError::Locked { .. }) => read(&path).map(drop),
            Err(error) => Err(error),
        }
    }

    /// Replaces all metrics of a group with these. While others write the same file it waits, for
    /// 10 s at most.
    ///
    /// # Errors
    ///
    /// [`TextfileError::Gather`] when the metrics cannot be had; otherwise see [`deliver_within`](Self::deliver_within).
    pub fn push<G: Gather + ?Sized>(
        &self,
        key: &GroupingKey,
        metrics: &G,
    ) -> Result<WrittenFile, TextfileError> {
        let families = gather(metrics)?;
        self.deliver_within(key, Change::Push(&families), PATIENCE)
    }

    /// Replaces the metrics of the same names in a group, whatever their labels, and keeps the
    /// others. While others write the same file it waits, for 10 s at most.
    ///
    /// # Errors
    ///
    /// [`TextfileError::Gather`] when the metrics cannot be had; otherwise see [`deliver_within`](Self::deliver_within).
    pub fn push_add<G: Gather + ?Sized>(
        &self,
        key: &GroupingKey,
        metrics: &G,
    ) -> Result<WrittenFile, TextfileError> {
        let families = gather(metrics)?;
        self.deliver_within(key, Change::PushAdd(&families), PATIENCE)
    }

    /// Takes a group away, and with the last the file. While others write the same file it waits,
    /// for 10 s at most.
    ///
    /// # Errors
    ///
    /// [`TextfileError`], see [`deliver_within`](Self::deliver_within).
    pub fn delete(&self, key: &GroupingKey) -> Result<WrittenFile, TextfileError> {
        self.deliver_within(key, Change::Delete, PATIENCE)
    }

    /// Carries out a change, and waits no longer than `timeout` for others that write the same
    /// file.
    ///
    /// # Errors
    ///
    /// [`TextfileError`] when it was not written. The old file is there as it was, or moved aside where it could not be read.
    pub fn deliver_within(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<WrittenFile, TextfileError> {
        self.deliver_revised(key, change, timeout, |_| None)
    }

    /// Does the same, unless `revise` decides otherwise from what the group holds in the file: the
    /// families that it returns are added in place of the change. It is called when nobody else can
    /// change the file any more, and only for a group that is there; the families have the labels
    /// of the file.
    ///
    /// # Errors
    ///
    /// As [`deliver_within`](Self::deliver_within).
    pub fn deliver_revised(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
        revise: impl FnOnce(&MetricFamilies) -> Option<MetricFamilies>,
    ) -> Result<WrittenFile, TextfileError> {
        let begin = Instant::now();
        let path = self.file(key)?;
        if let Change::Push(families) | Change::PushAdd(families) = change {
            let checked = GroupRules::of(key).check(families);
            checked.map_err(|source| TextfileError::Unpushable {
                path: path.clone(),
                source,
            })?;
        }
        let replacement = begin_replacement(&path, timeout)?;
        let quarantined = replace(replacement, &path, (key, change), revise)?;
        Ok(WrittenFile {
            path,
            delivered: Delivered {
                attempts: 1,
                elapsed: begin.elapsed(),
            },
            quarantined,
        })
    }
}

fn gather<G: Gather + ?Sized>(metrics: &G) -> Result<Cow<'_, MetricFamilies>, TextfileError> {
    metrics
        .families()
        .map_err(|source| TextfileError::Gather { source })
}

/// Replaces a file by what it is after a change of a group.
fn replace(
    mut replacement: Replacement,
    path: &Path,
    (key, change): (&GroupingKey, Change<'_>),
    revise: impl FnOnce(&MetricFamilies) -> Option<MetricFamilies>,
) -> Result<Option<Quarantined>, TextfileError> {
    let inconsistent = |source| TextfileError::Inconsistent {
        path: path.to_owned(),
        source,
    };
    let failed = |error| unwritable(path, error);
    let (contents, unreadable) = match read(path)?.map(|bytes| TextfileContents::of_text(&bytes)) {
        Some(Ok(contents)) => (contents, None),
        Some(Err(reason)) => (TextfileContents::default(), Some(reason)),
        None => (TextfileContents::default(), None),
    };
    let held = contents.families_of(key).map_err(inconsistent)?;
    let had_any = held.is_some();
    let revised = held.and_then(revise);
    let change = revised.as_ref().map_or(change, Change::PushAdd);
    let contents = contents.after(key, change).map_err(inconsistent)?;
    let is_empty = contents.is_empty();
    // What others have there is not written anew for nothing.
    let is_as_before = !had_any && (is_empty || matches!(change, Change::Delete));
    if !is_empty && !is_as_before {
        let text = contents.to_text();
        if text.len() as u64 > MAX_BYTES {
            let path = path.to_owned();
            return Err(TextfileError::WouldBeTooLong { path });
        }
        replacement.write(&text).map_err(failed)?;
    }
    // Not before there is something to put in its place.
    let quarantined = unreadable.map(|reason| {
        let (file, path) = (path.to_owned(), move_aside(path)?);
        Ok(Quarantined { file, path, reason })
    });
    let quarantined = quarantined.transpose()?;
    match (is_as_before, is_empty) {
        (true, _) => {}
        (false, true) => replacement.remove().map_err(failed)?,
        (false, false) => replacement.replace().map_err(failed)?,
    }
    Ok(quarantined)
}

/// The name of the file of a job, which leads nowhere else.
fn file_name(job: &str) -> String {
    let mut name = utf8_percent_encode(job, ENCODED).to_string();
    // Not hidden, and none of `.` and `..`.
    if name.starts_with('.') {
        name.replace_range(..1, "%2E");
    }
    name + EXTENSION
}

impl Sink for Textfile {
    fn deliver(
        &self,
        key: &GroupingKey,
        change: Change<'_>,
        timeout: Duration,
    ) -> Result<Delivered, SinkError> {
        let written = self.deliver_within(key, change, timeout)?;
        Ok(written.delivered)
    }
    fn name(&self) -> String {
        self.path.display().to_string()
    }
}
