//! What tests are told with: the command, a real gateway, and a scripted one for what a real one does not do on demand.

mod client;
mod clock;
mod fake;
mod log;
mod node_exporter;
mod pki;
mod place;
mod prometheus;
mod proxy;
mod pushjob;
mod real;
mod source;
mod terminal;

pub(crate) use client::{Answered, ask, connect, get};
pub(crate) use clock::FakeClock;
pub(crate) use fake::{Answer, FakeGateway};
pub(crate) use log::logged;
pub(crate) use node_exporter::NodeExporter;
pub(crate) use pki::pki;
pub(crate) use place::{Place, nobody};
pub(crate) use prometheus::Prometheus;
pub(crate) use proxy::Proxy;
pub(crate) use pushjob::{
    Finished, Pushjob, Running, is_root, push_to, pushjob, pushjob_as_pid_1, pushjob_by, run_to,
    signal, unreported,
};
pub(crate) use real::{Group, Pushgateway};
pub(crate) use source::{Import, SourceFile, SourceTree, Target};
pub(crate) use terminal::Terminal;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use ::pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
use ::pushjob::grouping::GroupingKey;

/// Fails a test that needs something to be installed or allowed when `tests/run --quick` leaves such tests out.
#[track_caller]
pub(crate) fn needs(what: &str) {
    let is_left_out = std::env::var_os("TESTS_QUICK").is_some();
    assert!(!is_left_out, "left out: needs {what}");
}

/// The group of the job `j`.
pub(crate) fn key() -> GroupingKey {
    GroupingKey::new("j").unwrap()
}

/// A gauge of one series, with the value 1.
pub(crate) fn gauge(name: &'static str) -> MetricFamilies {
    let mut families = MetricFamilies::new();
    let name = MetricName::new(name).unwrap();
    families.insert(MetricFamily::gauge(name, 1.0)).unwrap();
    families
}

/// An answer that is a success.
pub(crate) fn ok() -> Answer {
    Answer::Respond("200 OK", "", "")
}

/// A line of a script that appends these lines, as `printf` writes them, to the file of the job.
pub(crate) fn appending(lines: &str) -> String {
    format!("printf '{lines}' >> \"$PUSHJOB_METRICS_FILE\"\n")
}

/// Makes a named pipe, on which two processes wait for each other: opening one end waits for the other.
pub(crate) fn fifo(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success(), "mkfifo {}", path.display());
}

/// A job in C from `fixtures/jobs`, compiled once.
pub(crate) fn listener() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jobs/listener.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("listener");
        // Another run of the tests may be using the one that is there.
        let new = tempfile::Builder::new()
            .tempfile_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap()
            .into_temp_path();
        let compiled = Command::new("cc")
            .args(["-Wall", "-Werror", "-o"])
            .args([&*new, &source])
            .status();
        assert!(compiled.unwrap().success());
        new.persist(&program).unwrap();
        program
    });
    &PROGRAM
}

/// The numbers that a listener writes when it is ready.
pub(crate) struct Listening {
    pub(crate) parent: u32,
    pub(crate) own: u32,
}

impl Listening {
    /// Reads its line.
    #[track_caller]
    pub(crate) fn read(line: &str) -> Self {
        let numbers = line.strip_prefix("ready ").and_then(|numbers| {
            let (parent, own) = numbers.split_once(' ')?;
            Some((parent.parse().ok()?, own.parse().ok()?))
        });
        let Some((parent, own)) = numbers else {
            panic!("{line:?} is not what a listener writes first");
        };
        Self { parent, own }
    }
}

/// Waits until something holds, and for no longer than this. Otherwise says what does not.
#[track_caller]
pub(crate) fn within(limit: Duration, missing: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "{missing}");
        thread::yield_now();
    }
}

/// What the other side writes to a named pipe, within a minute.
#[track_caller]
pub(crate) fn read_pipe(path: &Path) -> String {
    let (sender, receiver) = mpsc::channel();
    let pipe = path.to_owned();
    thread::spawn(move || sender.send(std::fs::read_to_string(pipe)));
    let Ok(content) = receiver.recv_timeout(Duration::from_secs(60)) else {
        panic!("nothing came from {}", path.display());
    };
    content.unwrap()
}

/// Writes to a named pipe as soon as the other side reads, within a minute.
#[track_caller]
pub(crate) fn write_pipe(path: &Path, content: &'static str) {
    let (sender, receiver) = mpsc::channel();
    let pipe = path.to_owned();
    thread::spawn(move || sender.send(std::fs::write(pipe, content)));
    let Ok(written) = receiver.recv_timeout(Duration::from_secs(60)) else {
        panic!("nobody reads {}", path.display());
    };
    written.unwrap();
}

/// A folder with a named pipe, on which a job says that it is ready.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fifo(&folder.path().join("ready"));
        Self { folder }
    }

    pub(crate) fn ready(&self) -> PathBuf {
        self.folder.path().join("ready")
    }

    /// Waits until the job has written to the pipe `ready`, and returns what.
    #[track_caller]
    pub(crate) fn wait_until_ready(&self) -> String {
        read_pipe(&self.ready())
    }
}

/// Writes a file with the mode bits of an executable script.
pub(crate) fn script(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
