//! What wrapping a job costs, side by side: the time of a whole process around `true`, without and with a spool in which
//! nothing waits, and the memory held while a job sleeps. Run by hand: `cargo bench --bench overhead [ROUNDS]`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends when something is wrong"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PUSHJOB: &str = env!("CARGO_BIN_EXE_pushjob");

/// What a shell script does: the job, then its result by curl. It takes the times with what stands for `NOW`.
const BASH: &str = r#"start=NOW; "${@:2}"; code=$?; end=NOW
curl -sf --data-binary @- "http://127.0.0.1:$1/metrics/job/bash" <<END
# TYPE bash_start_timestamp_seconds gauge
bash_start_timestamp_seconds $start
# TYPE bash_completion_timestamp_seconds gauge
bash_completion_timestamp_seconds $end
# TYPE bash_exit_code gauge
bash_exit_code $code
END
exit $code"#;

struct Gateway {
    process: Child,
    port: String,
}

impl Gateway {
    fn start() -> Self {
        let mut process = Command::new("prometheus-pushgateway")
            .args(["--web.listen-address=127.0.0.1:0", "--persistence.file="])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus-pushgateway is missing: tests/run installs it");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Listening on") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "no gateway");
        }
        let port = line.trim().rsplit_once(':').unwrap().1.to_owned();
        std::thread::spawn(move || log.lines().for_each(drop));
        Self { process, port }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn compile_baseline(folder: &Path) -> String {
    let program = folder.join("baseline").to_str().unwrap().to_owned();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/baseline.c");
    let status = Command::new("cc")
        .args(["-O2", "-o", &program, source])
        .status()
        .unwrap();
    assert!(status.success());
    program
}

/// The time of one whole process.
fn time(command: &[&str]) -> Duration {
    let begin = Instant::now();
    let status = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    let elapsed = begin.elapsed();
    assert!(status.success(), "{command:?}");
    elapsed
}

/// The resident memory in KiB of a program that waits for a job, read a quarter of a second after the job has run this script
/// and said so.
fn resident(command: &[&str], script: &str) -> u64 {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .args(["sh", "-c", &format!("{script}\necho ready; exec sleep 0.5")])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    // Some time to settle; the job still sleeps.
    std::thread::sleep(Duration::from_millis(250));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    child.wait().unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// An address that nobody listens on.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let rounds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(300);
    let gateway = Gateway::start();
    let folder = tempfile::tempdir().unwrap();
    let baseline = compile_baseline(folder.path());
    let port = gateway.port.as_str();
    let address = format!("127.0.0.1:{port}");
    let name = format!("localhost:{port}");
    let run = |gateway| vec![PUSHJOB, "run", "--gateway", gateway, "--job", "bench", "--"];
    let bash = BASH.replace("NOW", "$EPOCHREALTIME");
    let bash_date = BASH.replace("NOW", "$(date +%s.%N)");
    let spool = folder.path().join("spool");
    let spool = spool.to_str().unwrap();
    let with_spool = [&run(&address)[..6], &["--spool", spool, "--"]].concat();
    let contenders: [(&str, Vec<&str>); 6] = [
        ("C: fork, exec, wait4, POST", vec![&baseline, port]),
        ("pushjob run", run(&address)),
        ("pushjob run, localhost", run(&name)),
        ("pushjob run, empty spool", with_spool),
        ("bash, curl", vec!["bash", "-c", &bash, "bash", port]),
        (
            "bash, curl, date",
            vec!["bash", "-c", &bash_date, "bash", port],
        ),
    ];
    let mut times = vec![Vec::new(); contenders.len()];
    // Side by side, so that whatever else the machine does falls on all alike; the first rounds only warm up.
    for round in 0..rounds + 10 {
        for ((_, command), times) in contenders.iter().zip(&mut times) {
            let elapsed = time(&[command.as_slice(), &["true"]].concat());
            if round >= 10 {
                times.push(elapsed);
            }
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| median(times).as_secs_f64() * 1e3)
        .collect();
    println!("whole process around `true`, median of {rounds}:");
    for ((name, _), &median) in contenders.iter().zip(&medians) {
        println!(
            "  {name:28} {median:7.3} ms   {:5.2} x C   {:5.2} x bash, curl",
            median / medians[0],
            median / medians[4]
        );
    }
    let difference = medians[3] - medians[1];
    println!("  an empty spool costs {difference:.3} ms (limit: 0.3)");
    println!("resident memory while a job sleeps:");
    for (name, command) in &contenders[..2] {
        println!("  {name:28} {:7} KiB", resident(command, ""));
    }
    let textfile = folder.path().join("bench.prom");
    let textfile = textfile.to_str().unwrap();
    let listen = free_address();
    let scrape =
        format!("sleep 0.2; curl -s --compressed http://{listen}/metrics >/dev/null; sleep 1.5");
    let while_it_runs: [(&str, [&str; 2], &str); 4] = [
        ("start announced", ["--start-after", "0s"], ""),
        ("ten heartbeats", ["--heartbeat", "100ms"], "sleep 1"),
        ("written to a textfile", ["--textfile", textfile], "sleep 1"),
        ("scraped", ["--listen", &listen], &scrape),
    ];
    for (name, flags, script) in while_it_runs {
        let command = [&run(&address)[..6], &flags, &["--"]].concat();
        println!("  {name:28} {:7} KiB", resident(&command, script));
    }
    let size = fs::metadata(PUSHJOB).unwrap().len();
    println!(
        "binary: {:.2} MiB",
        f64::from(u32::try_from(size).unwrap()) / f64::from(1 << 20)
    );
}
