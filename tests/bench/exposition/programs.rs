//! Running other programs, with the time they take and the memory they hold.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use pushjob::supervise::{Ending, Job, Supervisor};

/// What is compared with, and where it runs.
const TOOLS: [(&str, &str); 3] = [
    ("promtool", "prometheus"),
    ("prometheus-pushgateway", "prometheus-pushgateway"),
    ("curl", "curl"),
];

/// The most that a program which does nothing may seem to hold, in bytes.
const FLOOR_LIMIT: u64 = 16 << 20;

/// Says which tools are missing, and where they come from.
pub(crate) fn find_tools() -> Result<(), String> {
    let missing = TOOLS.iter().filter(|(tool, _)| {
        let version = Command::new(tool)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        version.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    });
    let missing: Vec<String> = missing
        .map(|(tool, package)| format!("there is no {tool}: install the Debian package {package}"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\n"))
    }
}

/// A command line, what it reads, and the codes with which it has done its work.
pub(crate) struct Program<'a> {
    pub(crate) command: &'a [&'a str],
    pub(crate) input: &'a Path,
    pub(crate) good: &'a [u8],
}

/// What one run took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// The most memory that it held at a time, in bytes.
    pub(crate) memory: u64,
}

/// Runs programs, one at a time.
///
/// By the library that is the subject here, because it asks the system what it is about: the peak of this one child.
pub(crate) struct Runner {
    supervisor: Supervisor,
    log: PathBuf,
}

impl Runner {
    /// To be made before there is another thread. What programs write goes to a file in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            supervisor: Supervisor::new().unwrap(),
            log: folder.join("log"),
        }
    }

    /// Runs a program to its end, with a shell to open its files.
    pub(crate) fn run(&self, program: &Program<'_>) -> Cost {
        let script = r#"exec <"$0" >"$1" 2>&1; shift; exec "$@""#;
        let files = [program.input, &self.log].map(|path| path.to_str().unwrap());
        let words = ["-c", script].into_iter().chain(files);
        let job = Job::new("/bin/sh", words.chain(program.command.iter().copied()));
        let outcome = self.supervisor.run(&job, &mut |_| ());
        let good = matches!(outcome.ending, Ending::Exited(code) if program.good.contains(&code));
        if !good {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let begin: String = log.chars().take(2000).collect();
            panic!("{:?} {outcome}: {begin}", program.command);
        }
        Cost {
            time: outcome.duration,
            memory: outcome.usage.max_resident_memory_bytes,
        }
    }

    /// The memory that a program seems to hold which does nothing. The system counts what held the child before it
    /// became the program, and so what this process holds at most: too much of that would hide the programs' own.
    pub(crate) fn floor(&self) -> u64 {
        let nothing = Program {
            command: &["true"],
            input: Path::new("/dev/null"),
            good: &[0],
        };
        let floor = self.run(&nothing).memory;
        assert!(floor < FLOOR_LIMIT, "{floor} bytes held by `true`");
        floor
    }

    /// Runs programs in turns, so that whatever else the machine does falls on all alike, and every other time in the
    /// opposite order, so that none always runs after the same.
    pub(crate) fn compare<const N: usize>(
        &self,
        programs: &[Program<'_>; N],
        rounds: usize,
        mut before_each: impl FnMut(),
    ) -> [Costs; N] {
        let mut costs = [const { Costs(Vec::new()) }; N];
        for round in 0..rounds {
            for turn in 0..N {
                let which = if round % 2 == 0 { turn } else { N - 1 - turn };
                before_each();
                costs[which].0.push(self.run(&programs[which]));
            }
        }
        costs
    }
}

/// What all runs of one program took.
pub(crate) struct Costs(Vec<Cost>);

impl Costs {
    pub(crate) fn best(&self) -> f64 {
        self.times()[0]
    }

    pub(crate) fn median(&self) -> f64 {
        self.times()[self.0.len() / 2]
    }

    /// The most memory that any of them held, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        mebibytes(self.0.iter().map(|cost| cost.memory).max().unwrap())
    }

    /// Seconds, growing.
    fn times(&self) -> Vec<f64> {
        let mut times: Vec<f64> = self.0.iter().map(|cost| cost.time.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        times
    }
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap()) / 1024.0
}
