//! What a million samples cost: to check them, beside `promtool check metrics`; to push them, beside curl; and to read
//! and write them with the library. Run by hand, with the Debian packages prometheus, prometheus-pushgateway and curl:
//! `cargo bench --bench exposition [SERIES [large]]`, where `large` adds a check of ten times as many.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and ends when something is wrong"
)]

#[path = "exposition/gateway.rs"]
mod gateway;
#[path = "exposition/generate.rs"]
mod generate;
#[path = "exposition/programs.rs"]
mod programs;
#[path = "../it/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    reason = "the tests use the rest"
)]
mod support;

use std::fs;
use std::hint::black_box;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gateway::{JOB, Target};
use generate::{FAMILIES, generate};
use programs::{Costs, Program, Runner, find_tools, mebibytes};
use pushjob::exposition::{CONTENT_TYPE, encode, parse};
use tempfile::TempDir;

const PUSHJOB: &str = env!("CARGO_BIN_EXE_pushjob");

/// How often everything is done, but for pushes.
const ROUNDS: usize = 5;

/// How often each program pushes: what the gateway makes of a push takes the most of the time, and not always the same.
const PUSHES: usize = 7;

/// How long a push may take.
const PUSH_TIMEOUT: &str = "5m";

/// How many series there may be: of fewer nothing is seen but the start of the programs, more do not fit into one push.
const SERIES: RangeInclusive<u32> = 10_000..=10_000_000;

/// How much is measured.
struct Size {
    series: u32,
    large: bool,
}

impl Size {
    /// Reads the arguments, among them `--bench` from cargo.
    fn from_args() -> Result<Self, String> {
        let mut size = Self {
            series: 1_000_000,
            large: false,
        };
        for argument in std::env::args().skip(1) {
            match argument.parse() {
                Ok(series) if SERIES.contains(&series) => size.series = series,
                _ if argument == "large" => size.large = true,
                _ if argument == "--bench" => {}
                _ => {
                    return Err(format!(
                        "{argument:?} is neither `large` nor a number of series from {} to {}",
                        SERIES.start(),
                        SERIES.end()
                    ));
                }
            }
        }
        Ok(size)
    }
}

/// What all of it works with.
struct Bench {
    runner: Runner,
    folder: TempDir,
}

/// A file of samples.
struct Exposition {
    path: PathBuf,
    series: u32,
}

impl Exposition {
    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.path).unwrap().len()
    }

    /// In millions.
    fn millions(&self) -> f64 {
        f64::from(self.series) / 1e6
    }
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            runner: Runner::new(folder.path()),
            folder,
        }
    }

    fn write(&self, series: u32) -> Exposition {
        let path = self.folder.path().join(format!("{series}.prom"));
        generate(&path, series);
        Exposition { path, series }
    }

    fn check(&self, exposition: &Exposition) {
        let programs = [
            Program {
                command: &[PUSHJOB, "check", exposition.path()],
                input: Path::new("/dev/null"),
                good: &[0],
            },
            Program {
                command: &["promtool", "check", "metrics"],
                input: &exposition.path,
                // 3 is for names that it does not like.
                good: &[0, 3],
            },
        ];
        let [own, other] = self.runner.compare(&programs, ROUNDS, || ());
        println!("to check them, best and median of {ROUNDS}, with the peak of resident memory:");
        row("pushjob check", &own);
        row("promtool check metrics", &other);
        println!(
            "  pushjob is {:.1} times as fast by the best, {:.1} by the median (limit: 20), with {:.1} MiB (limit: 64)",
            other.best() / own.best(),
            other.median() / own.median(),
            own.memory()
        );
    }

    /// Whether time grows with the number of samples and memory does not.
    fn check_growth(&self, expositions: &[&Exposition]) {
        println!("pushjob check by the number of series, best of {ROUNDS}:");
        for exposition in expositions {
            let check = Program {
                command: &[PUSHJOB, "check", exposition.path()],
                input: Path::new("/dev/null"),
                good: &[0],
            };
            let [costs] = self.runner.compare(&[check], ROUNDS, || ());
            println!(
                "  {:>11} {:9.3} s {:9.3} s a million {:9.1} MiB",
                exposition.series,
                costs.best(),
                costs.best() / exposition.millions(),
                costs.memory()
            );
        }
    }

    fn push(&self, exposition: &Exposition) {
        let target = Target::start();
        let url = target.url();
        let body = format!("@{}", exposition.path());
        let group = format!("{url}/metrics/job/{JOB}");
        let content_type = format!("Content-Type: {CONTENT_TYPE}");
        let own = ["push", "--gateway", &url, "--push-timeout", PUSH_TIMEOUT];
        let own = [&[PUSHJOB], &own[..], &["--job", JOB, exposition.path()]].concat();
        let curl = ["curl", "-sSf", "-X", "PUT", "-H", &content_type];
        let curl = [&curl[..], &["--data-binary", &body, &group]].concat();
        // What curl takes in the place of itself tells how much a difference means.
        let programs = [&own, &curl, &curl].map(|command| Program {
            command,
            input: Path::new("/dev/null"),
            good: &[0],
        });
        // This warms up the gateway, too.
        for program in &programs[..2] {
            target.empty();
            self.runner.run(program);
            let held = target.samples();
            assert_eq!(held, exposition.series as usize, "{:?}", program.command);
        }
        let costs = self.runner.compare(&programs, PUSHES, || target.empty());
        println!("to push them to a Pushgateway, best and median of {PUSHES}:");
        let names = ["pushjob push", "curl --data-binary", "the same curl again"];
        for (name, costs) in names.iter().zip(&costs) {
            row(name, costs);
        }
        let [own, curl, again] = &costs;
        for (name, costs, limit) in [
            ("pushjob", own, " (limit: 1.05)"),
            ("curl again", again, ""),
        ] {
            println!(
                "  {name} takes {:.3} of curl's time by the best, {:.3} by the median{limit}",
                costs.best() / curl.best(),
                costs.median() / curl.median()
            );
        }
    }
}

fn row(name: &str, costs: &Costs) {
    println!(
        "  {name:24} {:9.3} s {:9.3} s {:9.1} MiB",
        costs.best(),
        costs.median(),
        costs.memory()
    );
}

/// What the library does in one thread, in memory.
fn library(exposition: &Exposition) {
    let text = fs::read(&exposition.path).unwrap();
    let mut parsing = Vec::new();
    let mut encoding = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let families = parse(black_box(&text)).unwrap();
        parsing.push(begin.elapsed());
        let begin = Instant::now();
        let encoded = black_box(encode(black_box(&families)));
        encoding.push(begin.elapsed());
        assert_eq!(families.len(), FAMILIES as usize);
        drop(encoded);
    }
    println!("in the library, on one core, best and median of {ROUNDS}:");
    for (name, times) in [("parse", &mut parsing), ("encode", &mut encoding)] {
        times.sort();
        let rate = |time: Duration| exposition.millions() / time.as_secs_f64();
        println!(
            "  {name:24} {:9.2} {:9.2} million samples a second",
            rate(times[0]),
            rate(times[ROUNDS / 2])
        );
    }
}

fn measure(size: &Size) {
    let bench = Bench::new();
    let exposition = bench.write(size.series);
    println!(
        "{} series in {FAMILIES} families, {:.1} MiB:",
        exposition.series,
        mebibytes(exposition.bytes())
    );
    bench.check(&exposition);
    let small = bench.write(size.series / 10);
    let large = size.large.then(|| bench.write(size.series * 10));
    let by_size = [Some(&small), Some(&exposition), large.as_ref()];
    bench.check_growth(&by_size.into_iter().flatten().collect::<Vec<_>>());
    bench.push(&exposition);
    // Last of what runs programs, because what this process held at most is counted to each of them.
    println!(
        "`true`, for control, seems to hold {:.1} MiB",
        mebibytes(bench.runner.floor())
    );
    library(&exposition);
}

fn main() -> ExitCode {
    match find_tools().and_then(|()| Size::from_args()) {
        Ok(size) => {
            measure(&size);
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
