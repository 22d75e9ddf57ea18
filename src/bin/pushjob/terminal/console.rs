//! Messages on stderr, and the flags that say how many there are.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use clap::{ArgAction, Args};
pub(crate) use pushjob::chain;
use pushjob::push::Delivered;

use super::printable::printable;

#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(crate) struct MessageArgs {
    /// Print errors only; given twice, print nothing
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "verbose")]
    quiet: u8,

    /// Also print what was done
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

impl MessageArgs {
    pub(crate) fn console(&self) -> Console {
        Console::new(self.quiet, self.verbose)
    }
}

/// Longest wait for stderr to take a message.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writer of messages: at level -1 errors only, at 0 warnings too, at 1 also successes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Console {
    level: i16,
}

impl Console {
    pub(crate) fn new(quiet: u8, verbose: u8) -> Self {
        Self {
            level: i16::from(verbose) - i16::from(quiet),
        }
    }

    /// Begins each further line with the name of a job.
    #[expect(clippy::unused_self, reason = "all that prints is asked of a console")]
    pub(crate) fn name_job(self, job: &str) {
        let job = job
            .chars()
            .take(SHOWN_JOB)
            .map(|c| if c.is_control() { ' ' } else { c });
        // There is one run in a process.
        let _ = JOB.set(format!("{}: ", printable(&job.collect::<String>())));
    }

    pub(crate) fn error(self, message: impl Display) {
        self.line(-1, message);
    }

    pub(crate) fn warning(self, message: impl Display) {
        self.line(0, message);
    }

    pub(crate) fn note(self, message: impl Display) {
        self.line(1, message);
    }

    /// A page of text under one line that says what it is.
    pub(crate) fn page(self, title: impl Display, page: &str) {
        if self.level >= 0 {
            write(format!("pushjob: {}{title}\n{page}", job()));
        }
    }

    /// Tells if only errors are written.
    pub(crate) fn is_quiet(self) -> bool {
        self.level < 0
    }

    /// Lines that are written as they are.
    pub(crate) fn text(self, text: &str) {
        if self.level >= -1 && !text.is_empty() {
            write(text.to_owned());
        }
    }

    fn line(self, least: i16, message: impl Display) {
        if self.level >= least {
            let message = message.to_string().replace(['\n', '\r'], " ");
            write(format!("pushjob: {}{}\n", job(), printable(&message)));
        }
    }
}

/// Longest part of the name of a job that is shown, in characters.
const SHOWN_JOB: usize = 100;

/// The beginning of a line that names the job of a run.
static JOB: OnceLock<String> = OnceLock::new();

fn job() -> &'static str {
    JOB.get().map_or("", String::as_str)
}

/// True once stderr has not taken a message in time: no later message waits for it again.
static STDERR_STUCK: AtomicBool = AtomicBool::new(false);

/// True while the last line is one that the next one replaces.
static TRANSIENT: AtomicBool = AtomicBool::new(false);

/// Shows a line on a terminal that the next one, or the next message, replaces.
pub(crate) fn transient(line: &str) {
    TRANSIENT.store(!line.is_empty(), Ordering::Relaxed);
    // Where there is no terminal any more nobody misses it.
    let _ = write!(io::stderr(), "{CLEAR}{line}");
}

/// Returns to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// Writes in one call, so that lines of several processes do not mix. When stderr is closed, full
/// or not read there is nobody to tell, and the job matters more: it is not waited for longer than
/// [`PATIENCE`] in all.
fn write(text: String) {
    if STDERR_STUCK.load(Ordering::Relaxed) {
        return;
    }
    let text = if TRANSIENT.swap(false, Ordering::Relaxed) {
        format!("{CLEAR}{text}")
    } else {
        text
    };
    let (sender, written) = sync_channel(1);
    let text = Arc::<str>::from(text);
    let shared = Arc::clone(&text);
    let writing = thread::Builder::new().spawn(move || {
        let _ = io::stderr().write_all(shared.as_bytes());
        let _ = sender.send(());
    });
    if writing.is_err() {
        // Where there can be no thread it is better said than not.
        let _ = io::stderr().write_all(text.as_bytes());
    } else if written.recv_timeout(PATIENCE).is_err() {
        STDERR_STUCK.store(true, Ordering::Relaxed);
    }
}

/// Longest part of a URL that is shown, in characters.
const SHOWN_URL: usize = 300;

/// The message of a delivery that succeeded: something was `delivered to` a place, or `deleted`.
pub(crate) fn delivered_message(what: &str, place: &str, delivered: Delivered) -> String {
    let seconds = delivered.elapsed.as_secs_f64();
    let (place, cut) = match place.char_indices().nth(SHOWN_URL) {
        Some((end, _)) => (&place[..end], "…"),
        None => (place, ""),
    };
    let attempts = delivered.attempts;
    format!("{what} {place}{cut}, try {attempts}, {seconds:.3} s")
}
