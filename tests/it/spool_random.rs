//! Random operations on a spool, with faults between them, and what the gateway shows afterwards: what it would show had each
//! been delivered live, in the order in which they ended.
//!
//! `PUSHJOB_TEST_SEED` repeats a run, `PUSHJOB_TEST_OPERATIONS` makes it longer than the minute that it takes otherwise.
#![expect(clippy::print_stdout, reason = "figures are to be seen")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::spool_faults::{Chance, Flapping};
use crate::support::{Finished, Pushjob, is_root, pushjob, pushjob_by, within};

const JOBS: [&str; 3] = ["a", "b", "c"];
const NAMES: [&str; 5] = ["m0", "m1", "m2", "m3", "batch_job_exit_code"];
const MINUTE: Duration = Duration::from_secs(50);

/// The metrics of a group that are compared.
type Metrics = BTreeMap<&'static str, u64>;

/// A spool, a gateway that comes and goes, and what it is to show.
struct Checker {
    chance: Chance,
    folder: tempfile::TempDir,
    gateway: Flapping,
    is_up: bool,
    expected: BTreeMap<&'static str, Metrics>,
    counts: BTreeMap<&'static str, u64>,
}

impl Checker {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let gateway = Flapping::new(folder.path());
        gateway.start();
        let other = pushjob(["push", "--job", "other", "--counter", "rows=1", "--gateway"]);
        other.arg(&gateway.address).run().exits(0);
        Self {
            chance: Chance::new("random operations"),
            folder,
            gateway,
            is_up: true,
            expected: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn command(&self, verb: &str, job: &str) -> Pushjob {
        self.with_spool(pushjob([verb, "-qq", "--push-retries", "0", "--job", job]))
    }

    fn with_spool(&self, command: Pushjob) -> Pushjob {
        let command = command.arg("--gateway").arg(&self.gateway.address);
        command.arg("--spool").arg(self.spool())
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Some of the names of a push, and whether there is one among them that the gateway refuses.
    fn some_names(&self) -> (Vec<&'static str>, bool) {
        let chosen = 1 + self.chance.below(15);
        let names = (0..4).filter(|index| chosen >> index & 1 == 1);
        let names = names.map(|index| NAMES[index]).collect();
        (names, self.chance.below(8) == 0)
    }

    fn push(&mut self, number: u64, job: &'static str, replaces: bool) {
        let (names, is_refused) = self.some_names();
        let verb = if replaces { "push" } else { "pushadd" };
        let bad = is_refused.then(|| format!("rows={number}"));
        let samples = names.iter().map(|name| format!("{name}={number}"));
        let flags = samples
            .chain(bad)
            .flat_map(|sample| ["--gauge".to_owned(), sample]);
        ends(&self.command(verb, job).args(flags).run());
        self.count(if is_refused { "refused push" } else { verb });
        if !is_refused {
            let group = self.expected.entry(job).or_default();
            if replaces {
                group.clear();
            }
            group.extend(names.into_iter().map(|name| (name, number)));
        }
    }

    /// A run that leaves a metric, and what it does to its group.
    fn run(&mut self, number: u64, job: &'static str, is_killed: bool) {
        let name = NAMES[usize::try_from(self.chance.below(4)).unwrap()];
        let is_refused = self.chance.below(8) == 0;
        let method = ["pushadd", "pushadd", "push", "delete"]
            [usize::try_from(self.chance.below(4)).unwrap()];
        let left = if is_refused { "rows" } else { name };
        let code = number % 3;
        let script = format!("echo {left} {number} >> $PUSHJOB_METRICS_FILE; exit {code}");
        let typed = format!("echo '# TYPE {left} gauge' >> $PUSHJOB_METRICS_FILE; {script}");
        let run = self
            .command("run", job)
            .args(["--method", method])
            .script(typed);
        let before = self.expected.entry(job).or_default();
        let mut after = before.clone();
        if method == "delete" || (method == "push" && code == 0) {
            after.clear();
        }
        if method != "delete" {
            after.insert("batch_job_exit_code", code);
            if !is_refused {
                after.insert(name, number);
            }
        }
        if is_killed {
            let before = before.clone();
            let mut running = run.start();
            thread::sleep(self.chance.pause(Duration::from_millis(40)));
            running.kill();
            ends(&running.wait());
            self.count("killed run");
            self.settle(job, &before, &after);
        } else {
            *before = after;
            ends(&run.run());
            self.count("run");
        }
    }

    /// Nobody knows how far a killed run came: all of it, nothing, its report alone, or its mark. What is there counts from now.
    fn settle(&mut self, job: &'static str, before: &Metrics, after: &Metrics) {
        self.start();
        // A job that outlives its run leaves nothing.
        self.flush();
        let shown = self.shown(job);
        for (name, value) in &shown {
            let known = [before.get(name), after.get(name)].contains(&Some(value));
            let is_mark = *name == "batch_job_exit_code" && *value == 137;
            assert!(
                known || is_mark,
                "{job}: {name} {value}: {before:?} {after:?}"
            );
        }
        for (name, value) in before.iter().filter(|(name, _)| after.contains_key(*name)) {
            assert!(shown.contains_key(name), "{job}: {name} {value} has gone");
        }
        self.expected.insert(job, shown);
    }

    fn delete(&mut self, job: &'static str) {
        ends(&self.command("delete", job).run());
        self.expected.entry(job).or_default().clear();
        self.count("delete");
    }

    fn flush(&mut self) {
        ends(&pushjob(["flush", "-qq", "--spool"]).arg(self.spool()).run());
        self.count("flush");
    }

    /// A bit of an entry is flipped: it is set aside, and what the gateway shows by then counts.
    fn flip(&mut self, number: u64, job: &'static str) {
        self.gateway.stop();
        self.push(number, job, false);
        self.start();
        let Some(file) = self.waiting().pop() else {
            return;
        };
        let stem = file.file_name().unwrap().to_str().unwrap();
        let job = JOBS.into_iter().find(|job| stem.starts_with(job)).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        let bit = usize::try_from(self.chance.below(bytes.len() as u64 * 8)).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&file, bytes).unwrap();
        let shown = self.shown(job);
        let flushed = pushjob(["flush", "--spool"]).arg(self.spool()).run();
        flushed.exits(1);
        assert!(
            flushed.stderr.contains("; it was set aside as "),
            "{flushed}"
        );
        self.expected.insert(job, shown);
        self.count("flipped bit");
    }

    /// Another user, who cannot use the spool, is delivered live.
    fn push_of_another_user(&mut self, number: u64) {
        self.start();
        let caller = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ];
        let command = pushjob_by(caller, ["pushadd", "--job", "d", "--gauge"]);
        let pushed = self.with_spool(command.arg(format!("m0={number}"))).run();
        pushed.exits(0);
        self.expected.entry("d").or_default().insert("m0", number);
        self.count("second user");
    }

    fn start(&mut self) {
        self.gateway.start();
        self.is_up = true;
    }

    fn change_gateway(&mut self) {
        if self.is_up {
            self.gateway.stop();
            self.is_up = false;
        } else {
            self.start();
        }
        self.count("gateway up or down");
    }

    fn waiting(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.spool()).into_iter().flatten();
        let paths = files.map(|file| file.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|it| it == "waiting"))
            .collect()
    }

    fn shown(&self, job: &str) -> Metrics {
        let samples = self.gateway.samples();
        let value = |name: &str| {
            let value = samples.get(&format!("{name}{{instance=\"\",job=\"{job}\"}}"))?;
            value.parse().ok()
        };
        NAMES
            .into_iter()
            .filter_map(|name| Some((name, value(name)?)))
            .collect()
    }

    /// All that waits is delivered, and compared.
    fn check(&mut self) {
        self.start();
        self.flush();
        assert_eq!(self.waiting(), Vec::<PathBuf>::new());
        for (job, expected) in &self.expected {
            let wrong = || format!("{job}: {:?} instead of {expected:?}", self.shown(job));
            // A gateway answers a DELETE before it has carried it out.
            let is_right = || self.shown(job) == *expected;
            if !is_right() {
                within(Duration::from_secs(5), &wrong(), is_right);
            }
        }
    }

    fn operate(&mut self, number: u64) {
        let job = JOBS[usize::try_from(self.chance.below(3)).unwrap()];
        match self.chance.below(20) {
            0..=4 => self.push(number, job, false),
            5..=6 => self.push(number, job, true),
            7 => self.delete(job),
            8..=12 => self.run(number, job, false),
            13 => self.run(number, job, true),
            14 => self.flush(),
            15 => self.flip(number, job),
            16 if is_root() => self.push_of_another_user(number),
            _ => self.change_gateway(),
        }
        if self.chance.below(15) == 0 {
            self.check();
        }
    }
}

/// Whatever it has to say, it does not panic.
#[track_caller]
fn ends(finished: &Finished) {
    assert!(!finished.stderr.contains("panicked"), "{finished}");
}

#[test]
fn random_operations_end_as_if_each_had_been_delivered_live() {
    let given = std::env::var("PUSHJOB_TEST_OPERATIONS").ok();
    let given: Option<u64> = given.map(|count| count.parse().expect("it is a number"));
    let begin = Instant::now();
    let mut checker = Checker::new();
    let mut number = 0;
    while number < given.unwrap_or(400) && (given.is_some() || begin.elapsed() < MINUTE) {
        number += 1;
        checker.operate(number);
    }
    checker.check();
    println!(
        "{number} operations: {:?}, {:?}",
        checker.counts,
        begin.elapsed()
    );
}
