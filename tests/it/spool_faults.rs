//! Faults put in at random times, and what the gateway shows afterwards: what a model shows that applied every run in the order
//! in which they ended.
//!
//! Each says its seed; `PUSHJOB_TEST_SEED` repeats it, as far as the system's own timing allows.
#![expect(clippy::print_stdout, reason = "seeds and counts are to be seen")]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
use pushjob::grouping::GroupingKey;
use pushjob::push::{Change, Pushgateway as Client};
use pushjob::sink::GroupStore;
use pushjob::spool::{RunResult, Spool, SpoolNotice};

use crate::support::{FakeClock, Pushgateway, Pushjob, is_root, pushjob, within};

/// Numbers by chance, the same for the same seed.
pub(crate) struct Chance(AtomicU64);

impl Chance {
    pub(crate) fn new(what: &str) -> Self {
        let given = std::env::var("PUSHJOB_TEST_SEED").ok();
        let given = given.map(|seed| seed.parse().expect("PUSHJOB_TEST_SEED is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(what));
        println!("{what}: PUSHJOB_TEST_SEED={seed}");
        Self(AtomicU64::new(seed))
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        // SplitMix64.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    pub(crate) fn pause(&self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap();
        Duration::from_micros(self.below(most + 1))
    }
}

/// A gateway that keeps what it has acknowledged, and comes and goes at one address.
pub(crate) struct Flapping {
    pub(crate) address: String,
    file: PathBuf,
    running: Mutex<Option<Pushgateway>>,
    stops: AtomicU64,
}

impl Flapping {
    pub(crate) fn new(folder: &Path) -> Self {
        let file = folder.join("persisted");
        Self {
            address: Pushgateway::start().kill(),
            file,
            running: Mutex::new(None),
            stops: AtomicU64::new(0),
        }
    }

    pub(crate) fn start(&self) {
        let mut running = self.running.lock().unwrap();
        running.get_or_insert_with(|| Pushgateway::start_again(&self.address, &self.file));
    }

    pub(crate) fn stop(&self) {
        if let Some(gateway) = self.running.lock().unwrap().take() {
            gateway.stop();
        }
    }

    /// Comes and goes, until it is `over`. Where that fails nobody waits for it to go again.
    fn flap(&self, chance: &Chance, longest: Duration, over: &AtomicBool) {
        struct Failed<'a>(&'a AtomicU64);
        impl Drop for Failed<'_> {
            fn drop(&mut self) {
                if thread::panicking() {
                    self.0.store(u64::MAX, Ordering::Relaxed);
                }
            }
        }
        let _failed = Failed(&self.stops);
        while !over.load(Ordering::Relaxed) {
            self.start();
            thread::sleep(chance.pause(longest));
            self.stop();
            self.stops.fetch_add(1, Ordering::Relaxed);
            thread::sleep(chance.pause(longest));
        }
        self.start();
    }

    /// How often it went.
    fn stops(&self) -> u64 {
        self.stops.load(Ordering::Relaxed)
    }

    pub(crate) fn samples(&self) -> BTreeMap<String, String> {
        let running = self.running.lock().unwrap();
        running.as_ref().expect("it is there").samples()
    }
}

fn flush(spool: &Path) -> Pushjob {
    pushjob(["flush", "--wait", "50s", "--spool"]).arg(spool)
}

/// A run of `job` that leaves the number `number` in the group, and fails or not by it.
fn numbered(gateways: &[&str], spool: &Path, (job, number): (&str, u64)) -> Pushjob {
    let script = format!(
        "echo number {number} >> $PUSHJOB_METRICS_FILE; exit {}",
        code(number)
    );
    let flags = gateways.iter().flat_map(|gateway| ["--gateway", gateway]);
    pushjob(["run", "-qq", "--job", job, "--push-retries", "0", "--spool"])
        .arg(spool)
        .args(flags)
        .script(script)
}

fn code(number: u64) -> u64 {
    number % 3
}

fn of(samples: &BTreeMap<String, String>, job: &str, name: &str) -> Option<f64> {
    let value = samples.get(&format!("{name}{{instance=\"\",job=\"{job}\"}}"))?;
    Some(value.parse().unwrap())
}

/// What a gateway shows of a job whose runs had these numbers, in the order of their ends.
#[track_caller]
fn shows(samples: &BTreeMap<String, String>, job: &str, numbers: &[u64]) {
    let found = |name: &str| of(samples, job, &format!("batch_job_{name}"));
    let last = *numbers.last().unwrap();
    let is_success = |number: &&u64| code(**number) == 0;
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    let float = |number: u64| number as f64;
    assert_eq!(
        of(samples, job, "number"),
        Some(float(last)),
        "{job} {numbers:?}: {samples:?}"
    );
    assert_eq!(found("exit_code"), Some(float(code(last))), "{job}");
    let completed = found("completion_timestamp_seconds");
    let success = found("last_success_timestamp_seconds");
    let failure = found("last_failure_timestamp_seconds");
    assert_eq!(
        success.is_some(),
        numbers.iter().any(|number| is_success(&number)),
        "{job}"
    );
    assert_eq!(
        failure.is_some(),
        !numbers.iter().all(|number| is_success(&number)),
        "{job}"
    );
    let (latest, other) = if is_success(&&last) {
        (success, failure)
    } else {
        (failure, success)
    };
    assert_eq!(latest, completed, "{job}");
    assert!(other < completed, "{job}: {other:?} {completed:?}");
}

#[test]
fn a_gateway_that_comes_and_goes_ends_with_the_last_of_each() {
    const RUNS: usize = 20;
    const STOPS: u64 = 12;
    let chance = Chance::new("a gateway that comes and goes");
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let gateway = Flapping::new(folder.path());
    let over = AtomicBool::new(false);
    // The runs of one job one after the other, those of several side by side.
    let runs = |job: &str| {
        let mut numbers = Vec::new();
        while numbers.len() < RUNS || gateway.stops() < STOPS {
            let number = chance.below(1000);
            let code = i32::try_from(code(number)).unwrap();
            numbered(&[&gateway.address], &spool, (job, number))
                .run()
                .exits(code);
            numbers.push(number);
        }
        numbers
    };
    let jobs = ["a", "b", "c"];
    let histories = thread::scope(|scope| {
        scope.spawn(|| gateway.flap(&chance, Duration::from_millis(60), &over));
        let runs = &runs;
        let running = jobs.map(|job| scope.spawn(move || runs(job)));
        let histories = running.map(|run| run.join().unwrap());
        over.store(true, Ordering::Relaxed);
        histories
    });
    flush(&spool).run().exits(0);
    let count: usize = histories.iter().map(Vec::len).sum();
    println!("{count} runs, the gateway went {} times", gateway.stops());
    for (job, numbers) in jobs.into_iter().zip(&histories) {
        shows(&gateway.samples(), job, numbers);
    }
}

#[test]
fn two_gateways_of_which_one_comes_and_goes_end_alike() {
    const RUNS: usize = 20;
    let chance = Chance::new("two gateways");
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let (steady, gateway) = (Pushgateway::start(), Flapping::new(folder.path()));
    let over = AtomicBool::new(false);
    let numbers = thread::scope(|scope| {
        scope.spawn(|| gateway.flap(&chance, Duration::from_millis(60), &over));
        let mut numbers = Vec::new();
        while numbers.len() < RUNS || gateway.stops() < 10 {
            let number = chance.below(1000);
            let run = numbered(&[&gateway.address, steady.address()], &spool, ("j", number));
            run.run().exits(i32::try_from(code(number)).unwrap());
            numbers.push(number);
        }
        over.store(true, Ordering::Relaxed);
        numbers
    });
    flush(&spool).run().exits(0);
    println!(
        "{} runs, one gateway went {} times",
        numbers.len(),
        gateway.stops()
    );
    shows(&gateway.samples(), "j", &numbers);
    shows(&steady.samples(), "j", &numbers);
}

#[test]
fn a_clock_that_is_set_to_and_fro_changes_no_order() {
    const RUNS: u64 = 30;
    let chance = Chance::new("a clock that is set");
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let gateway = Flapping::new(folder.path());
    let clock = FakeClock::new();
    for run in 0..RUNS {
        // Present for some of them.
        if chance.below(3) == 0 {
            gateway.start();
        } else {
            gateway.stop();
        }
        let days = chance.below(20);
        let set = clock.set_to(&format!(
            "{}{}d",
            if days < 10 { '-' } else { '+' },
            days % 10
        ));
        std::process::Command::new("sh")
            .args(["-c", &set])
            .status()
            .unwrap();
        let last = clock.under(numbered(&[&gateway.address], &spool, ("j", run)));
        last.run().exits(i32::try_from(code(run)).unwrap());
    }
    gateway.start();
    flush(&spool).run().exits(0);
    let samples = gateway.samples();
    let last = RUNS - 1;
    assert_eq!(samples["number{instance=\"\",job=\"j\"}"], last.to_string());
    let found = |name: &str| of(&samples, "j", &format!("batch_job_{name}"));
    assert_eq!(found("exit_code"), Some(2.0));
    assert_eq!(
        found("last_failure_timestamp_seconds"),
        found("completion_timestamp_seconds")
    );
}

#[test]
fn twenty_runs_at_once_lose_nothing_and_leave_what_belongs_together() {
    const ROUNDS: u64 = 4;
    let chance = Chance::new("twenty runs at once");
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let gateway = Flapping::new(folder.path());
    let over = AtomicBool::new(false);
    let jobs = ["a", "b", "c", "d", "e"];
    thread::scope(|scope| {
        scope.spawn(|| gateway.flap(&chance, Duration::from_millis(100), &over));
        for round in 0..ROUNDS {
            // Four of each job, of which nobody knows which ends last.
            let runs: Vec<_> = (0..20)
                .map(|run| {
                    let job = jobs[usize::try_from(run).unwrap() % jobs.len()];
                    let number = round * 20 + run;
                    (
                        number,
                        numbered(&[&gateway.address], &spool, (job, number)).start(),
                    )
                })
                .collect();
            for (number, run) in runs {
                run.wait().exits(i32::try_from(code(number)).unwrap());
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    flush(&spool).run().exits(0);
    println!(
        "{} runs, the gateway went {} times",
        ROUNDS * 20,
        gateway.stops()
    );
    let samples = gateway.samples();
    for job in jobs {
        let number = of(&samples, job, "number").unwrap();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is one of ours"
        )]
        let number = number as u64;
        // One of the last round, and all of it: what else is there is of the rounds before, in which there were both.
        assert!(number >= (ROUNDS - 1) * 20, "{job} {number}");
        let all: Vec<u64> = (0..ROUNDS * 20)
            .filter(|other| *other != number)
            .chain([number])
            .collect();
        shows(&samples, job, &all);
    }
}

/// Families of some of four names, with this value.
fn some(names: u64, value: u64) -> MetricFamilies {
    let mut families = MetricFamilies::new();
    for name in (0..4).filter(|name| names >> name & 1 == 1) {
        let name = MetricName::new(format!("m{name}")).unwrap();
        let value = f64::from(u32::try_from(value).unwrap());
        families.insert(MetricFamily::gauge(name, value)).unwrap();
    }
    families
}

/// What a run of a thread did, and when it ended.
struct Done {
    key: GroupingKey,
    completed: SystemTime,
    verb: u64,
    families: MetricFamilies,
}

impl Done {
    fn change(&self) -> Change<'_> {
        match self.verb {
            0 => Change::Delete,
            1 | 2 => Change::Push(&self.families),
            _ => Change::PushAdd(&self.families),
        }
    }
}

/// What each thread does is stamped and known exactly; each has a client and locks of its own, as processes have.
#[test]
fn whatever_the_order_of_delivery_the_gateway_ends_as_the_model() {
    const THREADS: usize = 20;
    const ROUNDS: usize = 16;
    let chance = Chance::new("the order of delivery");
    let folder = tempfile::tempdir().unwrap();
    let gateway = Flapping::new(folder.path());
    let over = AtomicBool::new(false);
    let log = Mutex::new(Vec::new());
    let together = Barrier::new(THREADS);
    let work = |thread: usize| {
        for round in 0..ROUNDS {
            let client = Client::builder(&gateway.address)
                .retries(0)
                .build()
                .unwrap();
            let spool = Spool::open(folder.path().join("spool")).unwrap();
            together.wait();
            thread::sleep(chance.pause(Duration::from_millis(20)));
            let done = Done {
                key: GroupingKey::new(format!("j{round}")).unwrap(),
                completed: SystemTime::now(),
                verb: chance.below(12),
                families: some(1 + chance.below(15), u64::try_from(thread).unwrap()),
            };
            // Late, as a process is that has to wait for a processor.
            thread::sleep(chance.pause(Duration::from_millis(20)));
            let result = RunResult {
                completed: done.completed,
                change: done.change(),
                persistent: &[],
                job: None,
            };
            let kept = spool.keep(&client.address(), &done.key, &result);
            assert!(kept.is_kept());
            let delivery = kept.deliver(&client, Duration::from_secs(5));
            let is_trouble = |notice: &SpoolNotice| matches!(notice, SpoolNotice::Trouble { .. });
            assert!(!delivery.notices.iter().any(is_trouble), "{delivery:?}");
            log.lock().unwrap().push(done);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| gateway.flap(&chance, Duration::from_millis(60), &over));
        let work = &work;
        let runs: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        for run in runs {
            run.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    flush(&folder.path().join("spool")).run().exits(0);
    println!(
        "{} runs, the gateway went {} times",
        THREADS * ROUNDS,
        gateway.stops()
    );
    let mut log = log.into_inner().unwrap();
    log.sort_by_key(|done| done.completed);
    let mut model = GroupStore::new();
    for done in &log {
        model
            .apply(&done.key, done.change(), done.completed)
            .unwrap();
    }
    let expected = |round: usize| -> BTreeMap<String, f64> {
        let key = GroupingKey::new(format!("j{round}")).unwrap();
        let families = model
            .get(&key)
            .into_iter()
            .flat_map(|group| group.families().iter());
        families
            .map(|family| (family.name().to_string(), value(family)))
            .collect()
    };
    let shown = |round: usize| -> BTreeMap<String, f64> {
        let names = (0..4).map(|name| format!("m{name}"));
        let (samples, job) = (gateway.samples(), format!("j{round}"));
        names
            .filter_map(|name| Some((name.clone(), of(&samples, &job, &name)?)))
            .collect()
    };
    for round in 0..ROUNDS {
        // A gateway answers a DELETE before it has carried it out.
        let missing = format!(
            "round {round}: {:?} instead of {:?}",
            shown(round),
            expected(round)
        );
        within(Duration::from_secs(20), &missing, || {
            shown(round) == expected(round)
        });
    }
}

fn value(family: &MetricFamily) -> f64 {
    let (_, value) = family.metrics().next().unwrap();
    match value {
        pushjob::exposition::MetricValue::Gauge(value) => *value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_is_killed_while_it_spools_takes_nothing_along() {
    const KILLS: u64 = 200;
    let chance = Chance::new("a run that is killed");
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let gateway = Flapping::new(folder.path());
    let run = |number| numbered(&[&gateway.address], &spool, ("j", number));
    let (mut kills, mut runs, mut number) = (0, 0, 0);
    // With nobody to deliver to, and then with a gateway.
    for enough in [KILLS / 2, KILLS] {
        // One that fails and is not killed: those that are would succeed.
        number += 1;
        let begin = Instant::now();
        run(number).run().exits(1);
        let whole = begin.elapsed();
        while kills < enough {
            runs += 1;
            number += 3 - code(number);
            let mut running = run(number).start();
            thread::sleep(chance.pause(whole));
            running.kill();
            kills += u64::from(running.wait().is_killed());
            // What is there is whole, whatever was being written.
            let listed = pushjob(["flush", "--list", "--spool"]).arg(&spool).run();
            listed.exits(0).says("");
        }
        gateway.start();
    }
    println!("{kills} of {runs} runs were killed");
    // No more files than one of each kind, and the marks of those that were killed last.
    let names = fs::read_dir(&spool)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    let is_mark = |name: &&String| name.ends_with(".running");
    let others = names.iter().filter(|name| !is_mark(name));
    assert!(others.count() <= 5, "{names:?}");
    flush(&spool).run().exits(0);
    // The failure of a run that was not killed is there, whatever became of the others, and what is shown belongs together.
    let samples = gateway.samples();
    let found = |name: &str| of(&samples, "j", &format!("batch_job_{name}"));
    assert!(found("last_failure_timestamp_seconds").is_some());
    number += 1;
    run(number).run().exits(1);
    shows(&gateway.samples(), "j", &[0, number]);
}

#[test]
fn a_full_disk_costs_no_result_that_was_kept_and_none_that_can_be_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Flapping::new(folder.path());
    let mount = folder.path().join("mount");
    fs::create_dir(&mount).unwrap();
    // Two are kept, and then there is no room: for the third, and for what is to be said of the deliveries.
    let script = r#"
        set -e
        run() { "$PUSHJOB" run -qq --push-retries 0 --job "$1" --gateway "$ADDRESS" -- sh -c "exit $2" || [ $? = "$2" ]; }
        mount -t tmpfs -o size=64k tmpfs "$MOUNT"
        export PUSHJOB_SPOOL="$MOUNT/spool"
        run a 1
        run b 1
        cp "$PUSHJOB_SPOOL"/a-*.waiting "$KEPT"
        dd if=/dev/zero of="$MOUNT/fill" bs=1k 2>/dev/null || true
        "$PUSHJOB" run --push-retries 0 --job a --gateway "$ADDRESS" -- sh -c "exit 2" || [ $? = 2 ]
        cmp "$PUSHJOB_SPOOL"/a-*.waiting "$KEPT"
        [ ! -e "$PUSHJOB_SPOOL"/*.new ]
        echo full
        read start
        "$PUSHJOB" run --push-retries 0 --job b --gateway "$ADDRESS" -- sh -c "exit 3" || [ $? = 3 ]
        rm "$MOUNT/fill"
        "$PUSHJOB" flush
        "$PUSHJOB" flush --list
    "#;
    let mut command = std::process::Command::new("unshare");
    command
        .arg("--mount")
        .args((!is_root()).then_some("--map-root-user"));
    let mut child = command
        .args(["sh", "-c", script])
        .env("PUSHJOB", env!("CARGO_BIN_EXE_pushjob"))
        .env("ADDRESS", &gateway.address)
        .env("MOUNT", &mount)
        .env("KEPT", folder.path().join("kept"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    gateway.start();
    writeln!(child.stdin.take().unwrap(), "start").unwrap();
    let output = child.wait_with_output().unwrap();
    stdout.read_to_string(&mut line).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{line}{said}");
    assert_eq!(line, "full\n");
    // What could be neither kept nor delivered is said to be lost, and nothing else is.
    let lost: Vec<&str> = said.lines().filter(|line| line.contains("lost")).collect();
    assert_eq!(lost.len(), 1, "{said}");
    assert!(
        said.contains("No space left on device (os error 28); what was not delivered is lost"),
        "{said}"
    );
    let samples = gateway.samples();
    assert_eq!(
        of(&samples, "a", "batch_job_exit_code"),
        Some(1.0),
        "{said}"
    );
    // What was delivered beside a full disk is not followed by what was kept before.
    assert_eq!(
        of(&samples, "b", "batch_job_exit_code"),
        Some(3.0),
        "{said}"
    );
}
