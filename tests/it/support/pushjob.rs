use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Listening, listener, within};

/// The longest that a test waits for a command.
const LONGEST: Duration = Duration::from_secs(60);

/// The command under test, in an environment without variables of its own or proxies, and without the terminal that the
/// tests may be run from. `setsid` becomes the command, under the same number.
pub(crate) fn pushjob<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Pushjob {
    pushjob_by([""; 0], args)
}

/// The same, started by another command that becomes it.
pub(crate) fn pushjob_by<A: AsRef<OsStr>>(
    caller: impl IntoIterator<Item = impl AsRef<OsStr>>,
    args: impl IntoIterator<Item = A>,
) -> Pushjob {
    let mut command = Command::new("setsid");
    command.args(caller).arg(env!("CARGO_BIN_EXE_pushjob"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_lowercase();
        if text.starts_with("pushjob_") || text.ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command.args(args);
    Pushjob {
        command,
        input: Vec::new(),
    }
}

/// Whether the tests may make namespaces without becoming another user in them.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    super::needs("namespaces");
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The command as the first process of a PID namespace. Where none can be made that is what it says, and no test passes.
pub(crate) fn pushjob_as_pid_1<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Pushjob {
    let namespace = ["unshare", "--fork", "--pid", "--mount-proc"];
    let other_user = (!is_root()).then_some("--map-root-user");
    pushjob_by(namespace.into_iter().chain(other_user), args)
}

/// A run of which only the code and the output of the job matter.
pub(crate) fn unreported() -> Pushjob {
    pushjob(["run", "-qq", "--job", "j"])
}

/// `pushjob run` of a job called `j` for this gateway.
pub(crate) fn run_to(gateway: impl AsRef<OsStr>) -> Pushjob {
    pushjob(["run", "--job", "j", "--gateway"]).arg(gateway)
}

/// `pushjob push` of a gauge to the group of the job `j` on this gateway.
pub(crate) fn push_to(gateway: impl AsRef<OsStr>) -> Pushjob {
    pushjob(["push", "--job", "j", "--gauge", "a=1", "--gateway"]).arg(gateway)
}

/// A command that has not begun.
pub(crate) struct Pushjob {
    command: Command,
    input: Vec<u8>,
}

impl Pushjob {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// The job to run, its program and arguments.
    pub(crate) fn job<A: AsRef<OsStr>>(self, command: impl IntoIterator<Item = A>) -> Self {
        self.arg("--").args(command)
    }

    /// The job to run, as a script.
    pub(crate) fn script(self, script: impl AsRef<OsStr>) -> Self {
        self.job(["sh", "-c"]).arg(script)
    }

    /// The job to run, a program that writes which signals reach it.
    pub(crate) fn listener(self) -> Self {
        self.job([listener()])
    }

    /// The job to run, one in Perl from `fixtures/jobs`.
    pub(crate) fn fixture(self, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jobs");
        self.job(["perl".as_ref(), folder.join(name).as_os_str()])
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Finished {
        self.start().wait()
    }

    /// Starts it and leaves it running.
    pub(crate) fn start(mut self) -> Running {
        let begin = Instant::now();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input;
        // The command may end without reading; that is for the test to judge.
        thread::spawn(move || drop(stdin.write_all(&input)));
        Running {
            line: format!("{:?}", self.command),
            child: Some(child),
            begin,
        }
    }
}

/// A command that runs.
pub(crate) struct Running {
    line: String,
    /// None when it has been waited for.
    child: Option<Child>,
    begin: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// A line of its status, in kB.
    #[track_caller]
    pub(crate) fn status_kb(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.unwrap().trim_matches(|c: char| !c.is_ascii_digit());
        number.parse().unwrap()
    }

    /// Sends it a signal, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.pid());
    }

    /// Kills it, if it has not ended.
    pub(crate) fn kill(&mut self) {
        self.child.as_mut().unwrap().kill().unwrap();
    }

    /// Waits for the next line that the job writes to stdout, without its end. [`Finished::stdout`] is what follows.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        next_line(&mut self.child.as_mut().unwrap().stdout, &self.line)
    }

    /// Waits until the listener is ready.
    #[track_caller]
    pub(crate) fn listener_is_ready(&mut self) -> Listening {
        Listening::read(&self.next_line())
    }

    /// Waits for the next line that it writes to stderr and that is not on a job that has failed. [`Finished::stderr`] is what follows.
    #[track_caller]
    pub(crate) fn next_message(&mut self) -> String {
        loop {
            let line = next_line(&mut self.child.as_mut().unwrap().stderr, &self.line);
            if !says_that_a_job_failed(&line) {
                return line;
            }
        }
    }

    /// Waits until it waits without an end: for a signal, and for no time to come. Linux shows the arguments of the system
    /// call, of which the third is that time.
    #[track_caller]
    pub(crate) fn waits_without_a_timer(&self) {
        let file = format!("/proc/{}/syscall", self.pid());
        let missing = format!("it does not wait without a timer: {}", self.line);
        within(LONGEST, &missing, || {
            let call = std::fs::read_to_string(&file).unwrap();
            call.split(' ').nth(3) == Some("0x0")
        });
    }

    /// The number of its only child.
    pub(crate) fn child_pid(&self) -> u32 {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        children.unwrap().trim().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn wait(mut self) -> Finished {
        let (sender, receiver) = mpsc::channel();
        let child = self.child.take().unwrap();
        let pid = child.id();
        thread::spawn(move || sender.send(child.wait_with_output()));
        let output = receiver.recv_timeout(LONGEST).unwrap_or_else(|_| {
            signal("KILL", pid);
            panic!(
                "it, or what it left behind, is not at its end: {}",
                self.line
            )
        });
        let output = output.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let (failed, others): (Vec<_>, Vec<_>) = stderr
            .split_inclusive('\n')
            .partition(|line| says_that_a_job_failed(line));
        Finished {
            line: std::mem::take(&mut self.line),
            status: output.status,
            stdout: output.stdout,
            stderr: others.concat(),
            outcome: failed.concat(),
            elapsed: self.begin.elapsed(),
        }
    }
}

/// Whether a line of `pushjob: NAME: ...` says how a job has failed.
fn says_that_a_job_failed(line: &str) -> bool {
    let message = line.strip_prefix("pushjob: ").unwrap_or_default();
    // Without a name where a mistake in the environment leaves open what it is.
    let rest = message.split_once(": ").map_or("", |(_, rest)| rest);
    let beginnings = [
        "failed with code ",
        "killed by ",
        "timed out after ",
        "interrupted by ",
    ];
    let begins = |text: &str| beginnings.iter().any(|it| text.starts_with(it));
    begins(message) || begins(rest)
}

/// Sends a process a signal.
pub(crate) fn signal(name: &str, pid: u32) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -s {name} {pid}")])
        .status()
        .unwrap();
    assert!(status.success(), "kill -s {name}");
}

/// Reads a line and not a byte more, and leaves the stream where it was.
#[track_caller]
fn next_line<R: Read + Send + 'static>(stream: &mut Option<R>, command: &str) -> String {
    let mut from = stream.take().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = Vec::new();
        let mut byte = [0];
        while let Ok(1) = from.read(&mut byte) {
            if byte == *b"\n" {
                break;
            }
            line.extend(byte);
        }
        sender.send((String::from_utf8(line).unwrap(), from))
    });
    let Ok((line, from)) = receiver.recv_timeout(LONGEST) else {
        panic!("no line from: {command}");
    };
    *stream = Some(from);
    line
}

/// A command that has ended.
pub(crate) struct Finished {
    line: String,
    status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    /// All messages but that on a job that has failed.
    pub(crate) stderr: String,
    /// The line on a job that has failed, or nothing.
    pub(crate) outcome: String,
    pub(crate) elapsed: Duration,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line)?;
        writeln!(f, "{} after {:?}", self.status, self.elapsed)?;
        let shown = &self.stdout[..self.stdout.len().min(2000)];
        writeln!(f, "stdout: {}", String::from_utf8_lossy(shown))?;
        writeln!(f, "stderr: {}{}", self.outcome, self.stderr)
    }
}

impl Finished {
    /// Whether KILL ended it.
    pub(crate) fn is_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.status.signal(), None, "{self}");
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn prints(&self, stdout: impl AsRef<[u8]>) -> &Self {
        assert!(self.stdout == stdout.as_ref(), "{self}");
        self
    }

    /// stderr is exactly this.
    #[track_caller]
    pub(crate) fn says(&self, stderr: &str) -> &Self {
        assert_eq!(self.stderr, stderr, "{self}");
        self
    }

    /// The line on the job, which has failed, is this.
    #[track_caller]
    pub(crate) fn ends_with_the_line(&self, outcome: &str) -> &Self {
        assert_eq!(self.outcome, outcome, "{self}");
        self
    }

    /// stderr begins with this.
    #[track_caller]
    pub(crate) fn starts_by_saying(&self, stderr: &str) -> &Self {
        assert!(self.stderr.starts_with(stderr), "no {stderr:?} in: {self}");
        self
    }

    /// stderr has this in it.
    #[track_caller]
    pub(crate) fn says_somewhere(&self, part: &str) -> &Self {
        assert!(self.stderr.contains(part), "no {part:?} in: {self}");
        self
    }

    /// stderr is one line of ours with this in it.
    #[track_caller]
    pub(crate) fn says_one_line_with(&self, part: &str) -> &Self {
        assert_eq!(self.stderr.lines().count(), 1, "{self}");
        assert!(self.stderr.starts_with("pushjob: "), "{self}");
        assert!(self.stderr.contains(part), "no {part:?} in: {self}");
        self
    }

    /// Of the lines on stderr, one has this in it.
    #[track_caller]
    pub(crate) fn says_among_others(&self, part: &str) -> &Self {
        let lines = self.stderr.lines().filter(|line| line.contains(part));
        assert_eq!(lines.count(), 1, "no {part:?} in: {self}");
        self
    }

    #[track_caller]
    pub(crate) fn took_at_most(&self, limit: Duration) -> &Self {
        assert!(self.elapsed <= limit, "more than {limit:?}: {self}");
        self
    }
}
