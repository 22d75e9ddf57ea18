//! The files of a spool.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::entry::Entry;
use super::error::SpoolError;

/// The longest file that is read, in bytes: what a job may leave, and some more.
const READ_LIMIT: u64 = 512 << 20;

/// The most that is read of a file to see what it is about, in bytes.
const HEAD_LIMIT: u64 = 64 << 10;

/// The room for a file as most are, which is then read at once, in bytes.
const USUAL_LENGTH: usize = 8 << 10;

/// The longest that is waited for the files of a group, which no process has for longer than a disk takes. Who waits longer
/// delivers without them.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The pauses between two looks at a file that another process has, from and to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// How many unreadable files are kept of each group.
const MOST_ASIDE: u32 = 9;

/// How a file ends while something waits in it. Where there is one, it is the latest.
pub(super) const WAITING: &str = "waiting";

/// How one ends when all has arrived. The two have names of their own so that who looks for what waits need not read the
/// others, and because a file that takes the place of another makes some systems write it to the disk at once.
const SENT: &str = "sent";

/// How one ends that was refused.
pub(super) const REFUSED: &str = "refused";

/// Whether a file has to outlive the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It outlives the process.
    Process,
    /// It has reached the disk when it is said to be written.
    System,
}

/// The files of one group, which begin alike.
#[derive(Clone, Debug)]
pub(super) struct Files {
    folder: PathBuf,
    stem: String,
}

/// Something that one process has at a time. It is let go when this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Makes the folder, if it is missing.
pub(super) fn make(folder: &Path) -> Result<(), SpoolError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(ErrorKind::NotADirectory.into()),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
    .map_err(|source| SpoolError::Folder {
        path: folder.to_owned(),
        source,
    })
}

/// Writes a file and takes it away again, to see whether that can be done.
pub(super) fn try_out(folder: &Path) -> Result<(), SpoolError> {
    let path = folder.join(format!("{}.new", std::process::id()));
    let written = write(&path, "a test", Durability::Process);
    let written = written.and_then(|_| fs::remove_file(&path));
    written.map_err(|source| SpoolError::Unwritable { path, source })
}

/// The groups of which there is a file that ends like this, by their names.
pub(super) fn groups(folder: &Path, extension: &str) -> Result<Vec<Files>, SpoolError> {
    let unusable = |source| SpoolError::Folder {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for file in fs::read_dir(folder).map_err(unusable)? {
        let path = file.map_err(unusable)?.path();
        if path.extension() == Some(OsStr::new(extension)) {
            let stem = path.file_stem().and_then(OsStr::to_str);
            found.extend(stem.map(|stem| Files {
                folder: folder.to_owned(),
                stem: stem.to_owned(),
            }));
        }
    }
    found.sort_by(|one, other| one.stem.cmp(&other.stem));
    Ok(found)
}

impl Files {
    /// Those of the group at this URL.
    pub(super) fn of(folder: &Path, job: &str, url: &str) -> Self {
        let plain =
            |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
        let mut stem: String = job.chars().filter(plain).take(40).collect();
        // Writing to a string does not fail.
        let _ = write!(stem, "-{:032x}", fingerprint(url.as_bytes()));
        Self {
            folder: folder.to_owned(),
            stem,
        }
    }

    pub(super) fn waiting(&self) -> PathBuf {
        self.path(WAITING)
    }

    pub(super) fn refused(&self) -> PathBuf {
        self.path(REFUSED)
    }

    pub(super) fn path(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.stem))
    }

    /// Waits for the right to read and write the files, which nobody has for long.
    pub(super) fn lock(&self, patience: Duration) -> Result<Lock, SpoolError> {
        let path = self.path("lock");
        let locked = lock(&path, patience)?;
        locked.ok_or(SpoolError::Held {
            path,
            waited: patience,
        })
    }

    /// Waits for the right to deliver to the group, which others may have for as long as a delivery takes. None where it
    /// was not to be had.
    pub(super) fn turn(&self, patience: Duration) -> Result<Option<Lock>, SpoolError> {
        lock(&self.path("turn"), patience)
    }

    /// What is known of the group. What cannot be understood is set aside, and said.
    pub(super) fn read(&self) -> Result<Option<Entry>, SpoolError> {
        match self.read_file(&self.waiting())? {
            Some(entry) => Ok(Some(entry)),
            None => self.read_file(&self.path(SENT)),
        }
    }

    pub(super) fn read_file(&self, path: &Path) -> Result<Option<Entry>, SpoolError> {
        let unreadable = |source| SpoolError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(no_follow())
            .open(path);
        match file {
            Ok(file) => file
                .take(READ_LIMIT)
                .read_to_end(&mut bytes)
                .map_err(unreadable)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let read = String::from_utf8(bytes)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(|text| Entry::of_text(&text));
        match read {
            Ok(entry) => Ok(Some(entry)),
            Err(reason) => {
                let aside = self.set_aside(path)?;
                Err(SpoolError::Foreign {
                    path: path.to_owned(),
                    reason,
                    aside,
                })
            }
        }
    }

    /// What a file is about, without what is known of that. It is not changed, so that there is nobody to wait for.
    pub(super) fn read_head(path: &Path) -> Result<Option<Entry>, SpoolError> {
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(no_follow())
            .open(path);
        let read = match file {
            Ok(file) => file.take(HEAD_LIMIT).read_to_end(&mut bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => Err(error),
        };
        read.map_err(|source| SpoolError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let entry = Entry::head_of_text(&String::from_utf8_lossy(&bytes));
        entry.map(Some).map_err(|reason| SpoolError::NoResult {
            path: path.to_owned(),
            reason,
        })
    }

    fn set_aside(&self, path: &Path) -> Result<PathBuf, SpoolError> {
        let mut names = (1..=MOST_ASIDE).map(|number| self.path(&format!("unreadable{number}")));
        let free = names.find(|path| fs::symlink_metadata(path).is_err());
        let aside = free.unwrap_or_else(|| self.path(&format!("unreadable{MOST_ASIDE}")));
        let moved = fs::rename(path, &aside);
        moved
            .map(|()| aside)
            .map_err(|source| SpoolError::Unwritable {
                path: path.to_owned(),
                source,
            })
    }

    /// Forgets what is known, which is out of date.
    pub(super) fn remove(&self) {
        for path in [self.waiting(), self.path(SENT)] {
            // Where that cannot be done there is nothing else to do.
            let _ = fs::remove_file(path);
        }
    }

    /// Writes what is known, whole or not at all: what was there stays until this is complete. Who keeps the file open can tell
    /// [later](Self::is_still) whether it is still the one that counts.
    pub(super) fn write(&self, entry: &Entry, durability: Durability) -> Result<File, SpoolError> {
        let (waiting, sent) = (self.waiting(), self.path(SENT));
        let (path, other) = if entry.state.is_waiting() {
            (waiting, sent)
        } else {
            (sent, waiting)
        };
        let file = self.replace(&path, entry, durability)?;
        match fs::remove_file(&other) {
            Ok(()) if durability == Durability::System => self.sync(),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
        .map(|()| file)
        .map_err(|source| SpoolError::Unwritable {
            path: other,
            source,
        })
    }

    /// Whether what waits is still in this file. As long as it is open no other can have its number.
    pub(super) fn is_still(&self, file: &File) -> bool {
        let number =
            |found: io::Result<Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        let own = number(file.metadata());
        own.is_some() && own == number(fs::symlink_metadata(self.waiting()))
    }

    /// Writes what was refused, to be looked at.
    pub(super) fn write_refused(&self, entry: &Entry) -> Result<(), SpoolError> {
        let written = self.replace(&self.refused(), entry, Durability::System);
        written.map(drop)
    }

    fn replace(
        &self,
        path: &Path,
        entry: &Entry,
        durability: Durability,
    ) -> Result<File, SpoolError> {
        // Only who has the lock writes it; what one leaves that is killed, the next overwrites.
        let beside = self.path("new");
        let written = write(&beside, &entry.to_text(), durability)
            .and_then(|file| fs::rename(&beside, path).map(|()| file))
            .and_then(|file| match durability {
                Durability::Process => Ok(file),
                Durability::System => self.sync().map(|()| file),
            });
        written.map_err(|source| {
            // On a full disk every byte counts.
            let _ = fs::remove_file(&beside);
            SpoolError::Unwritable {
                path: path.to_owned(),
                source,
            }
        })
    }

    /// Waits until the names of the files have reached the disk.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn write(path: &Path, text: &str, durability: Durability) -> io::Result<File> {
    let mut file = private().truncate(true).open(path)?;
    file.write_all(text.as_bytes())?;
    if durability == Durability::System {
        file.sync_all()?;
    }
    Ok(file)
}

/// A file for nobody else, made if it is missing.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .mode(0o600)
        .custom_flags(no_follow());
    options
}

/// Nobody leads us to a file elsewhere, or to a pipe to wait at.
fn no_follow() -> i32 {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default()
}

fn lock(path: &Path, patience: Duration) -> Result<Option<Lock>, SpoolError> {
    let failed = |source: io::Error| SpoolError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let begin = Instant::now();
    let file = private().open(path).map_err(failed)?;
    let (mut pause, longest) = PAUSES;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(Lock { _file: file })),
            Err(error) => {
                let error = io::Error::from(error);
                match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock => {}
                    _ => return Err(failed(error)),
                }
            }
        }
        let left = patience.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        // The system has no way to wait for it that ends.
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}

/// A number for a text, the same in every version and on every machine: FNV-1a of 128 bits.
fn fingerprint(text: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    text.iter().fold(OFFSET, step)
}
