//! What becomes of a job under pushjob and under what else wraps jobs, side by side. Run by hand, with the Debian packages
//! tini and dumb-init: `cargo bench --bench supervision`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends when something is wrong"
)]

#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
mod support;

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use support::{Listening, Terminal, listener};

/// How long to wait for what may never come.
const PATIENCE: Duration = Duration::from_millis(250);

/// What stands before the command of a job.
const TOOLS: [(&str, &[&str]); 4] = [
    (
        "pushjob run",
        &[
            env!("CARGO_BIN_EXE_pushjob"),
            "run",
            "-qq",
            "--job",
            "j",
            "--",
        ],
    ),
    ("tini -g", &["tini", "-s", "-g", "--"]),
    ("timeout", &["timeout", "1000"]),
    ("dumb-init", &["dumb-init", "--"]),
];

/// A name, and what to do with what stands before the command.
type Scenario = (&'static str, fn(&[&str]) -> String);

const SCENARIOS: [Scenario; 21] = [
    ("catchable signals that reach the job", signals),
    ("TERM three times", |tool| repeated(tool, "15", 3)),
    ("nine real-time signals at once", burst),
    ("TERM reaches a child of the job", grandchild),
    ("Ctrl-C reaches the job", ctrl_c),
    ("Ctrl-Z stops, fg continues", ctrl_z),
    ("prompt on the terminal", prompt),
    ("signal mask as the caller's", |tool| {
        state(tool, "SigBlk", "0000000000000200")
    }),
    ("ignored signals as the caller's", |tool| {
        state(tool, "SigIgn", "0000000000001001")
    }),
    ("closed stdout stays closed", closed),
    ("descriptors that are not the caller's", descriptors),
    ("code, SIGCHLD ignored by the caller", |tool| {
        code(&ignoring_child(tool), "exit 6")
    }),
    ("code of exit 7", |tool| code(&words(tool), "exit 7")),
    ("code when killed by TERM", |tool| {
        code(&words(tool), "kill -TERM $$")
    }),
    ("code when not found", |tool| {
        code_of(&words(tool), &["/nonexistent/command"])
    }),
    ("code when not executable", |tool| {
        code_of(&words(tool), &["/"])
    }),
    ("PID 1: of 1000 orphans at once", orphans),
    ("PID 1: code of TERM, no handler", init_term),
    ("PID 1: code when an orphan exits 9", init_orphan),
    ("daemon of the job lives on", daemon),
    ("waits for who holds stdout", holder),
];

fn words(tool: &[&str]) -> Vec<String> {
    tool.iter().map(|&word| word.to_owned()).collect()
}

/// A command without a terminal, whose lines are read as they come.
struct Job {
    child: Child,
    lines: Receiver<String>,
}

impl Job {
    fn start(command: &[String]) -> Self {
        let mut child = Command::new("setsid")
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// The listener, and its own number.
    fn listening(tool: &[&str]) -> (Self, u32) {
        let mut command = words(tool);
        command.push(listener().display().to_string());
        let job = Self::start(&command);
        let line = job.line().expect("the listener is not ready");
        (job, Listening::read(&line).own)
    }

    fn line(&self) -> Option<String> {
        self.lines.recv_timeout(4 * PATIENCE).ok()
    }

    /// All that it writes until its end, or until it is silent.
    fn rest(&self) -> Vec<String> {
        let next = || self.lines.recv_timeout(PATIENCE).ok();
        std::iter::from_fn(next).collect()
    }

    /// Its code, if it ends soon.
    fn code(&mut self) -> String {
        let deadline = Instant::now() + 20 * PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status
                    .code()
                    .map_or_else(|| status.to_string(), |code| code.to_string());
            }
            thread::sleep(Duration::from_millis(5));
        }
        "does not end".to_owned()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process is there, and not only its status.
fn exists(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    state.is_ok_and(|state| !state.contains(") Z "))
}

/// Sends a signal to a process that may be there or not.
fn signal(name: &str, pid: u32) {
    Command::new("sh")
        .args(["-c", &format!("kill -s {name} {pid} 2>/dev/null")])
        .status()
        .unwrap();
}

/// Ends what may be there or not.
fn end(pid: u32) {
    signal("KILL", pid);
}

fn signals(tool: &[&str]) -> String {
    let catchable = (1..=64).filter(|number| ![9, 19, 32, 33].contains(number));
    let mut missed = Vec::new();
    let mut killed = Vec::new();
    for number in catchable {
        let (mut job, pid) = Job::listening(tool);
        signal(&number.to_string(), job.child.id());
        let heard = job.line();
        // A second one would come at once.
        let again = job.lines.try_recv().is_ok();
        if heard != Some(number.to_string()) || again {
            if job.child.try_wait().unwrap().is_some() {
                killed.push(number);
            }
            missed.push(number);
        }
        end(pid);
    }
    format!("{} of 60, {} end it", 60 - missed.len(), killed.len())
}

fn repeated(tool: &[&str], number: &str, times: usize) -> String {
    let (job, pid) = Job::listening(tool);
    let mut heard = 0;
    for _ in 0..times {
        signal(number, job.child.id());
        heard += usize::from(job.line().as_deref() == Some(number));
    }
    end(pid);
    format!("{heard} of {times}")
}

fn burst(tool: &[&str]) -> String {
    let (job, pid) = Job::listening(tool);
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8 9; do kill -s 40 {}; done",
        job.child.id()
    );
    Command::new("sh").args(["-c", &script]).status().unwrap();
    let heard = job.rest().iter().filter(|line| *line == "40").count();
    end(pid);
    format!("{heard} of 9")
}

fn grandchild(tool: &[&str]) -> String {
    let mut command = words(tool);
    let script = format!("trap : TERM; {} & wait; wait; :", listener().display());
    command.extend(["sh".to_owned(), "-c".to_owned(), script]);
    let job = Job::start(&command);
    let pid = Listening::read(&job.line().unwrap()).own;
    signal("TERM", job.child.id());
    let heard = job.line().is_some();
    end(pid);
    if heard { "yes" } else { "no" }.to_owned()
}

fn ctrl_c(tool: &[&str]) -> String {
    let mut terminal =
        Terminal::running(&format!("exec {} {}", tool.join(" "), listener().display()));
    let pid = terminal.listener_is_ready().own;
    terminal.types("\x03");
    thread::sleep(PATIENCE);
    let alive = exists(pid);
    if alive {
        signal("64", pid);
    }
    let (_, shown) = terminal.ends();
    let heard = shown.lines().filter(|line| ["2", "^C2"].contains(line));
    let heard = heard.count();
    format!("{heard} x{}", if alive { "" } else { ", job gone" })
}

/// What happens, or the word for that it does not.
fn within_reason(what: impl FnOnce() -> String) -> String {
    catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(|_| "no".to_owned())
}

fn ctrl_z(tool: &[&str]) -> String {
    within_reason(|| {
        let mut shell = Terminal::with_shell();
        shell.types(&format!(
            "{} {} default\n",
            tool.join(" "),
            listener().display()
        ));
        let pid = shell.listener_is_ready().own;
        let works = within_reason(|| {
            shell.types("\x1a");
            shell.shows("Stopped").shows("prompt ");
            shell.types("fg\n");
            shell.line();
            shell.shows("18\r\n");
            "yes".to_owned()
        });
        end(pid);
        works
    })
}

fn prompt(tool: &[&str]) -> String {
    within_reason(|| {
        let mut shell = Terminal::with_shell();
        shell.types(&format!(
            "{} sh -c 'printf \"Pass\"\"word: \"; read -r it </dev/tty; echo got $it'\n",
            tool.join(" ")
        ));
        shell.shows("Password: ");
        shell.types("sesame\n");
        shell.shows("got sesame");
        "yes".to_owned()
    })
}

/// A field of the job's own state, where the caller blocks USR1 and ignores HUP and PIPE.
fn state(tool: &[&str], field: &str, expected: &str) -> String {
    let caller = "use POSIX; $SIG{HUP} = $SIG{PIPE} = 'IGNORE'; \
                  sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR1)); exec @ARGV";
    let mut command = words(&["perl", "-e", caller]);
    command.extend(words(tool));
    command.extend(words(&["grep", field, "/proc/self/status"]));
    let found = Job::start(&command).line().unwrap_or_default();
    let found = found.rsplit_once('\t').map_or("", |(_, bits)| bits);
    // What the library that starts this has it ignore for itself.
    let bits = |text: &str| u64::from_str_radix(text, 16).unwrap_or_default() & !(3 << 31);
    if bits(found) == bits(expected) {
        "yes".to_owned()
    } else {
        "no".to_owned()
    }
}

fn closed(tool: &[&str]) -> String {
    let mut command = words(&["sh", "-c", "exec \"$@\" >&-", "sh"]);
    command.extend(words(tool));
    let code = code(&command, "echo hello; [ $? -ne 0 ] && exit 3");
    if code == "3" { "yes" } else { "no" }.to_owned()
}

fn descriptors(tool: &[&str]) -> String {
    let list = "for fd in /proc/self/fd/*; do [ -e \"$fd\" ] && echo \"${fd##*/}\"; done";
    let count = |tool: &[&str]| {
        Job::start(&words(&[tool, &["sh", "-c", list]].concat()))
            .rest()
            .len()
    };
    count(tool).saturating_sub(count(&[])).to_string()
}

fn ignoring_child(tool: &[&str]) -> Vec<String> {
    let mut command = words(&["perl", "-e", "$SIG{CHLD} = 'IGNORE'; exec @ARGV"]);
    command.extend(words(tool));
    command
}

fn code(tool: &[String], script: &str) -> String {
    code_of(tool, &["sh", "-c", script])
}

fn code_of(tool: &[String], job: &[&str]) -> String {
    Job::start(&[tool, &words(job)].concat()).code()
}

fn as_pid_1(tool: &[&str]) -> Vec<String> {
    let mut command = words(&["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]);
    command.extend(words(tool));
    command
}

fn orphans(tool: &[&str]) -> String {
    let mut command = as_pid_1(tool);
    let job = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/jobs/orphans.pl");
    command.extend(words(&["perl", job]));
    match Job::start(&command).code().as_str() {
        "0" => "all reaped".to_owned(),
        _ => "not all".to_owned(),
    }
}

fn init_term(tool: &[&str]) -> String {
    let mut command = as_pid_1(tool);
    command.extend(words(&["sh", "-c", "echo ready; exec sleep 1000"]));
    let mut job = Job::start(&command);
    job.line();
    let unshare = job.child.id();
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let pid_1 = std::fs::read_to_string(children).unwrap();
    signal("TERM", pid_1.trim().parse().unwrap());
    job.code()
}

fn init_orphan(tool: &[&str]) -> String {
    let script = "(sh -c 'while [ \"$(cut -d\" \" -f4 /proc/$$/stat)\" != 1 ]; do :; done; echo $$; exit 9' &) | {\n\
                  read -r orphan; i=0; while [ -e \"/proc/$orphan\" ] && [ $i -lt 99999 ]; do i=$((i+1)); done; }; exit 3";
    code(&as_pid_1(tool), script)
}

fn daemon(tool: &[&str]) -> String {
    let mut command = words(tool);
    let script = "sleep 1000 >/dev/null 2>&1 & echo $!";
    command.extend(words(&["sh", "-c", script]));
    let mut job = Job::start(&command);
    let pid: u32 = job.line().unwrap().parse().unwrap();
    job.code();
    let alive = exists(pid);
    end(pid);
    if alive { "yes" } else { "no" }.to_owned()
}

fn holder(tool: &[&str]) -> String {
    let mut command = words(tool);
    command.extend(words(&["sh", "-c", "sleep 1000 & echo $!; exit 3"]));
    let mut job = Job::start(&command);
    let pid: u32 = job.line().unwrap().parse().unwrap();
    let code = job.code();
    end(pid);
    if code == "3" { "no" } else { "yes" }.to_owned()
}

/// Limits, which of the others only `timeout` has: the code, and whether the group of the job is gone.
fn limits() -> [(&'static str, String, String); 3] {
    let pushjob = |more: &[&str]| {
        let mut command = words(TOOLS[0].1);
        command.splice(2..2, words(more));
        command
    };
    let timeout = |more: &[&str]| [&words(&["timeout"]), &words(more)[..]].concat();
    let group = |mut command: Vec<String>| {
        command.extend(words(&["sh", "-c", "sleep 1000 & echo $!; wait"]));
        let mut job = Job::start(&command);
        let pid: u32 = job.line().unwrap().parse().unwrap();
        let code = job.code();
        let deadline = Instant::now() + PATIENCE;
        while exists(pid) && Instant::now() < deadline {
            thread::yield_now();
        }
        let gone = !exists(pid);
        end(pid);
        format!("{code}, child {}", if gone { "gone" } else { "left" })
    };
    let stopped = |command: Vec<String>| code(&command, "kill -STOP $$");
    let killed = |command: Vec<String>| code(&command, "trap '' TERM; while :; do sleep 0.1; done");
    [
        (
            "time limit of 300 ms, with a child",
            group(pushjob(&["--timeout", "300ms"])),
            group(timeout(&["0.3"])),
        ),
        (
            "time limit, job stopped by STOP",
            stopped(pushjob(&["--timeout", "300ms"])),
            stopped(timeout(&["0.3"])),
        ),
        (
            "time limit, TERM ignored, KILL after 0.1 s",
            killed(pushjob(&["--timeout", "300ms", "--kill-after", "100ms"])),
            killed(timeout(&["-k", "0.1", "0.3"])),
        ),
    ]
}

fn row(name: &str, cells: [&str; 4]) {
    print!("{name:44}");
    for cell in cells {
        print!(" {cell:>20}");
    }
    println!();
}

fn main() {
    // What does not happen is part of the table.
    std::panic::set_hook(Box::new(|_| ()));
    row("", TOOLS.map(|(name, _)| name));
    for (name, scenario) in SCENARIOS {
        let cells = TOOLS.map(|(_, tool)| within_reason(|| scenario(tool)));
        row(name, [&cells[0], &cells[1], &cells[2], &cells[3]]);
    }
    for (name, pushjob, timeout) in limits() {
        row(name, [&pushjob, "-", &timeout, "-"]);
    }
}
