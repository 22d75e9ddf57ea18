//! The programs in `examples/`, each run as it is, against real servers.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use crate::support::{NodeExporter, Prometheus, Pushgateway};

/// The folder of the built examples. They are built as the tests were, which takes no time where that has been done.
fn built() -> &'static PathBuf {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--locked",
                "--examples",
                "--all-features",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(built.success());
        // Beside the folder of the tests.
        let test = std::env::current_exe().unwrap();
        test.parent().unwrap().with_file_name("examples")
    });
    &BUILT
}

/// An example with its arguments.
fn example(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(built().join(name));
    command.args(args);
    command
}

/// Runs an example to its end, which must be a good one, and returns what it has printed.
#[track_caller]
fn run(name: &str, args: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = example(name, args).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success() && stderr.is_empty(), "{name}: {stderr}");
    String::from_utf8(stdout).unwrap()
}

#[test]
fn a_batch_program_pushes_its_metrics() {
    let gateway = Pushgateway::start();
    run("gateway", &[gateway.address()]);
    let samples = gateway.samples();
    let value = |name: &str, labels: &str| {
        let series = format!("{name}{{instance=\"\",job=\"etl\"{labels}}}");
        samples[&series].as_str()
    };
    assert_eq!(value("etl_rows_total", ",table=\"orders\""), "730");
    assert_eq!(value("etl_file_bytes_bucket", ",le=\"4096\""), "2");
    assert_eq!(value("etl_file_bytes_count", ""), "3");
    assert_eq!(value("etl_build_info", ",version=\"0.1.0\""), "1");
    let page = gateway.get("/metrics");
    for declared in [
        "# TYPE etl_rows_total counter",
        "# TYPE etl_file_bytes histogram",
        "# TYPE etl_last_file_timestamp_seconds gauge",
    ] {
        assert!(
            page.lines().any(|line| line == declared),
            "{declared}: {page}"
        );
    }
}

#[test]
fn a_collector_of_ones_own_looks_up_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let page = run("collector", &[path]);
    let line = format!("folder_files{{folder=\"{path}\"}} 3");
    assert!(page.lines().any(|known| known == line), "{page}");
    for name in ["process_resident_memory_bytes ", "usable_processors "] {
        assert!(page.lines().any(|line| line.starts_with(name)), "{page}");
    }
}

#[test]
fn a_job_in_process_is_recorded_with_its_metrics() {
    let gateway = Pushgateway::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    std::fs::write(&file, "a\nb\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(run("job", &[gateway.address(), file, file]), "4\n");
    assert_eq!(gateway.reported("count_lines", "success"), "1");
    let samples = gateway.samples();
    let lines = &samples["lines_total{instance=\"\",job=\"count_lines\"}"];
    let reads = &samples["file_read_seconds_count{instance=\"\",job=\"count_lines\"}"];
    assert_eq!((lines.as_str(), reads.as_str()), ("4", "2"));

    let missing = folder.path().join("missing");
    let failed = example("job", &[gateway.address(), missing.to_str().unwrap()]).output();
    assert!(!failed.unwrap().status.success());
    assert_eq!(gateway.reported("count_lines", "success"), "0");
}

#[test]
fn tasks_of_an_async_program_count_together() {
    let gateway = Pushgateway::start();
    run("async", &[gateway.address()]);
    let samples = gateway.samples();
    for (name, value) in [
        ("fetched_bytes_total", "600"),
        ("fetches_in_progress", "0"),
        ("fetch_duration_seconds_count", "3"),
    ] {
        let series = format!("{name}{{instance=\"\",job=\"fetch\"}}");
        assert_eq!(samples[&series], value, "{name}");
    }
}

#[test]
fn a_textfile_is_read_by_node_exporter() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    let printed = run("textfile", &[folder.path().to_str().unwrap()]);
    let file = folder.path().join("etl.prom");
    assert_eq!(printed.trim(), file.to_str().unwrap());
    let samples = exporter.samples();
    let rows = &samples["etl_rows{job_name=\"etl\",table=\"users\"}"];
    assert_eq!((rows.as_str(), samples.len()), ("42", 2));
}

#[test]
fn a_program_is_scraped_while_it_works() {
    let mut program = example("scrape", &["127.0.0.1:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    let mut stdout = BufReader::new(program.stdout.take().unwrap());
    stdout.read_line(&mut url).unwrap();
    let address = url
        .trim()
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/metrics"));
    let prometheus = Prometheus::scraping(address.unwrap());
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(b"one\nthree\n").unwrap();
    prometheus.waits_for("lines_total == 2");
    prometheus.waits_for("line_length_bytes_sum == 8");
    drop(stdin);
    assert!(program.wait().unwrap().success());
}
