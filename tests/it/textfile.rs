//! Textfiles as the library writes them, and as a real node exporter reads them.

use std::fmt::Write;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pushjob::chain;
use pushjob::exposition::{MetricFamilies, NameValidation, parse, parse_names};
use pushjob::grouping::GroupingKey;
use pushjob::metrics::Registry;
use pushjob::push::Change;
use pushjob::sink::{Sink, Textfile, TextfileError, WrittenFile};
use rustix::fs::{FlockOperation, flock};

use crate::support::{NodeExporter, fifo};

const PATIENCE: Duration = Duration::from_secs(60);

/// A change as text: verb, key, body.
type TextChange<'a> = (&'a str, &'a str, &'a str);

/// A key as text: the job, and labels as in `etl,zone=z`.
fn key(text: &str) -> GroupingKey {
    let mut parts = text.split(',');
    let key = GroupingKey::new(parts.next().unwrap()).unwrap();
    parts.fold(key, |key, label| {
        let (name, value) = label.split_once('=').unwrap();
        key.with_label(name, value).unwrap()
    })
}

fn deliver(path: &Path, (verb, of, body): TextChange<'_>) -> Result<WrittenFile, TextfileError> {
    let families = parse(body.as_bytes()).unwrap();
    let change = match verb {
        "push" => Change::Push(&families),
        "push_add" => Change::PushAdd(&families),
        "delete" => Change::Delete,
        _ => panic!("{verb}"),
    };
    Textfile::new(path)
        .unwrap()
        .deliver_within(&key(of), change, PATIENCE)
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn promtool_is_content_with(path: &Path) {
    crate::support::needs("promtool");
    let output = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(File::open(path).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // It has views on names and help texts, which are the job's.
    assert!(!said.contains("error while linting"), "{said}");
}

#[test]
fn a_textfile_follows_the_rules_of_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.prom");
    let exporter = NodeExporter::start(folder.path());
    for (change, expected) in [
        (
            (
                "push_add",
                "b",
                "# HELP x One.\n# TYPE x gauge\nx{l=\"1\"} 1\nx{l=\"2\"} 2\ny 3\n",
            ),
            "# pushjob group {job_name=\"b\"}\n# HELP x One.\n# TYPE x gauge\nx{job_name=\"b\",l=\"1\"} 1\n\
             x{job_name=\"b\",l=\"2\"} 2\n# TYPE y untyped\ny{job_name=\"b\"} 3\n",
        ),
        // What has the same name is replaced, whatever its labels; the rest stays.
        (
            (
                "push_add",
                "b",
                "# HELP x One.\n# TYPE x gauge\nx{l=\"3\"} 4\n",
            ),
            "# pushjob group {job_name=\"b\"}\n# HELP x One.\n# TYPE x gauge\nx{job_name=\"b\",l=\"3\"} 4\n\
             # TYPE y untyped\ny{job_name=\"b\"} 3\n",
        ),
        // Groups are apart, and the series of a metric together. The help text is the last.
        (
            ("push", "b,zone=z", "# HELP x Two.\n# TYPE x gauge\nx 5\n"),
            "# pushjob group {job_name=\"b\"}\n# HELP x Two.\n# TYPE x gauge\nx{job_name=\"b\",l=\"3\"} 4\n\
             # pushjob group {job_name=\"b\",zone=\"z\"}\nx{job_name=\"b\",zone=\"z\"} 5\n\
             # pushjob group {job_name=\"b\"}\n# TYPE y untyped\ny{job_name=\"b\"} 3\n",
        ),
        // A series that looks like one of another group is none.
        (
            ("push_add", "b", "z{zone=\"z\"} 6\n"),
            "# pushjob group {job_name=\"b\"}\n# HELP x Two.\n# TYPE x gauge\nx{job_name=\"b\",l=\"3\"} 4\n\
             # pushjob group {job_name=\"b\",zone=\"z\"}\nx{job_name=\"b\",zone=\"z\"} 5\n\
             # pushjob group {job_name=\"b\"}\n# TYPE y untyped\ny{job_name=\"b\"} 3\n\
             # TYPE z untyped\nz{job_name=\"b\",zone=\"z\"} 6\n",
        ),
        (
            ("delete", "b,zone=z", ""),
            "# pushjob group {job_name=\"b\"}\n# HELP x Two.\n# TYPE x gauge\nx{job_name=\"b\",l=\"3\"} 4\n\
             # TYPE y untyped\ny{job_name=\"b\"} 3\n# TYPE z untyped\nz{job_name=\"b\",zone=\"z\"} 6\n",
        ),
        // A push replaces the group. Buckets and quantiles are no labels.
        (
            (
                "push",
                "b",
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
            ),
            "# pushjob group {job_name=\"b\"}\n# TYPE h histogram\nh_bucket{job_name=\"b\",le=\"1\"} 1\n\
             h_bucket{job_name=\"b\",le=\"+Inf\"} 2\nh_sum{job_name=\"b\"} 3\nh_count{job_name=\"b\"} 2\n",
        ),
        (
            (
                "push_add",
                "a",
                "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n\
             # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n",
            ),
            "# pushjob group {job_name=\"a\"}\n# TYPE h histogram\nh_bucket{job_name=\"a\",le=\"+Inf\"} 0\n\
             h_sum{job_name=\"a\"} 0\nh_count{job_name=\"a\"} 0\n\
             # pushjob group {job_name=\"b\"}\nh_bucket{job_name=\"b\",le=\"1\"} 1\n\
             h_bucket{job_name=\"b\",le=\"+Inf\"} 2\nh_sum{job_name=\"b\"} 3\nh_count{job_name=\"b\"} 2\n\
             # pushjob group {job_name=\"a\"}\n# TYPE s summary\ns{job_name=\"a\",quantile=\"0.5\"} 1\n\
             s_sum{job_name=\"a\"} 1\ns_count{job_name=\"a\"} 1\n",
        ),
        (
            ("delete", "b", ""),
            "# pushjob group {job_name=\"a\"}\n# TYPE h histogram\nh_bucket{job_name=\"a\",le=\"+Inf\"} 0\n\
             h_sum{job_name=\"a\"} 0\nh_count{job_name=\"a\"} 0\n# TYPE s summary\ns{job_name=\"a\",quantile=\"0.5\"} 1\n\
             s_sum{job_name=\"a\"} 1\ns_count{job_name=\"a\"} 1\n",
        ),
    ] {
        let written = deliver(&path, change).unwrap();
        assert_eq!((written.path, written.quarantined), (path.clone(), None));
        let content = fs::read_to_string(&path).unwrap();
        assert_eq!(content, expected, "{change:?}");
        promtool_is_content_with(&path);
        // What the one writes the other reads.
        let series = content.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(exporter.samples().len(), series.count(), "{change:?}");
    }
    deliver(&path, ("delete", "a", "")).unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
    deliver(&path, ("delete", "a", "")).unwrap();
    deliver(&path, ("push", "a", "")).unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
    assert!(exporter.is_content());
}

#[test]
fn each_verb_does_what_a_gateway_calls_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let textfile = Textfile::new(folder.path()).unwrap();
    let key = key("etl");
    let family = |name: &str| parse(format!("{name} 1\n").as_bytes()).unwrap();
    let file = textfile.push_add(&key, &family("a")).unwrap().path;
    let text = || fs::read_to_string(&file).unwrap();
    textfile.push_add(&key, &family("b")).unwrap();
    assert!(
        text().contains("\na{") && text().contains("\nb{"),
        "{}",
        text()
    );
    textfile.push(&key, &family("c")).unwrap();
    assert!(
        !text().contains("\na{") && text().contains("\nc{"),
        "{}",
        text()
    );
    let registry = Registry::new();
    let asked = AtomicBool::new(false);
    let once = move || {
        if asked.swap(true, Ordering::Relaxed) {
            return Err("the queue is gone".into());
        }
        Ok(Vec::new())
    };
    registry.register(once).unwrap();
    let error = textfile.push(&key, &registry).unwrap_err();
    assert_eq!(
        chain(&error),
        "cannot gather the metrics: the collector failed: the queue is gone"
    );
    assert!(text().contains("\nc{"), "{}", text());
    textfile.delete(&key).unwrap();
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_label_with_any_text_comes_back_to_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let value = "a\"b\\c\nd{e}=\"f\",g # é";
    let key = key("j").with_label("l", value).unwrap();
    let textfile = Textfile::new(&path).unwrap();
    for text in ["x 1\n", "x{a=\"} # \"} 1\n"] {
        let families = parse(text.as_bytes()).unwrap();
        textfile
            .deliver(&key, Change::PushAdd(&families), PATIENCE)
            .unwrap();
        let content = fs::read_to_string(&path).unwrap();
        assert_eq!(content.lines().count(), 3, "{content}");
        let families = parse(content.as_bytes()).unwrap();
        let (labels, _) = families.get("x").unwrap().metrics().next().unwrap();
        assert_eq!(labels.get("l"), Some(value));
    }
    let utf8 = GroupingKey::new("j").unwrap();
    let utf8 = utf8.with_label_names("k8s \"pod", value, NameValidation::Utf8);
    let (utf8, families) = (utf8.unwrap(), parse(b"x 2\n").unwrap());
    for _ in 0..2 {
        let change = Change::PushAdd(&families);
        let written = textfile.deliver_within(&utf8, change, PATIENCE).unwrap();
        assert_eq!(written.quarantined, None);
        let content = fs::read(&path).unwrap();
        let families = parse_names(&content, NameValidation::Utf8).unwrap();
        assert_eq!(families.get("x").unwrap().metrics().count(), 2);
    }
    textfile.deliver(&utf8, Change::Delete, PATIENCE).unwrap();
    textfile.deliver(&key, Change::Delete, PATIENCE).unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn what_others_have_written_stays_until_a_group_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let foreign = "# A comment.\nx{job_name=\"a\"} 1\n# TYPE y gauge\ny 2\nx{job_name=\"b\"} 3\n";
    fs::write(&path, foreign).unwrap();
    deliver(&path, ("delete", "a", "")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
    deliver(&path, ("push_add", "a", "# TYPE x gauge\nx 5\n")).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
    deliver(&path, ("push_add", "a", "x 5\n")).unwrap();
    let with_a = "# TYPE x untyped\nx{job_name=\"b\"} 3\n# pushjob group {job_name=\"a\"}\nx{job_name=\"a\"} 5\n\
                  # pushjob group none\n# TYPE y gauge\ny 2\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), with_a);
    deliver(&path, ("push_add", "b", "x 6\n")).unwrap();
    deliver(&path, ("delete", "a", "")).unwrap();
    deliver(&path, ("delete", "b", "")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "# TYPE y gauge\ny 2\n");
    // Once all of its series are a group's, a metric can have another type.
    deliver(&path, ("push_add", "a", "x 1\n")).unwrap();
    fs::write(&path, "y{job_name=\"a\"} 2\n").unwrap();
    deliver(&path, ("push_add", "a", "# TYPE y counter\ny 3\n")).unwrap();
    let content = fs::read_to_string(&path).unwrap();
    assert!(
        content.ends_with("# TYPE y counter\ny{job_name=\"a\"} 3\n"),
        "{content}"
    );
}

#[test]
fn what_contradicts_others_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let there = [
        (
            "push",
            "a",
            "# TYPE rows gauge\nrows 1\nrows{zone=\"z\"} 2\n",
        ),
        (
            "push",
            "b",
            "# TYPE latency histogram\nlatency_bucket{le=\"+Inf\"} 1\nlatency_sum 1\nlatency_count 1\n",
        ),
    ];
    for change in there {
        deliver(&path, change).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap();
    for (change, error) in [
        (
            ("push_add", "b", "# TYPE rows counter\nrows 1\n"),
            "cannot hold these metrics: metric rows is a counter in group {job=\"b\"} and a gauge in another",
        ),
        (
            ("push_add", "c", "latency_count 1\n"),
            "cannot hold these metrics: metric family latency_count has the name of a series of latency",
        ),
        (
            ("push_add", "a,zone=z", "# TYPE rows gauge\nrows 1\n"),
            "cannot hold these metrics: series rows{job_name=\"a\",zone=\"z\"} is there already",
        ),
        // To Prometheus an empty label is none.
        (
            ("push_add", "a,empty=", "# TYPE rows gauge\nrows 1\n"),
            "cannot hold these metrics: series rows{empty=\"\",job_name=\"a\"} is there already",
        ),
        (
            ("push_add", "a", "push_time_seconds 1\n"),
            "cannot hold these metrics: metric push_time_seconds",
        ),
        (
            ("push_add", "a", "rows{job=\"own\"} 1\n"),
            "cannot hold these metrics: ",
        ),
    ] {
        let failed = deliver(&path, change).unwrap_err();
        assert!(failed.is_about_the_metrics());
        let failed = chain(&failed);
        let expected = format!("{} {error}", path.display());
        assert!(failed.starts_with(&expected), "{failed}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }
    assert_eq!(names(folder.path()), ["x.prom"]);
}

#[test]
fn no_job_name_leads_out_of_the_folder_or_into_the_file_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let exporter = NodeExporter::start(&inside);
    let jobs = [
        ("etl", "etl.prom"),
        ("../x", "%2E.%2Fx.prom"),
        ("a/b", "a%2Fb.prom"),
        ("a%2Fb", "a%252Fb.prom"),
        (".hidden", "%2Ehidden.prom"),
        ("%2Ehidden", "%252Ehidden.prom"),
        (".", "%2E.prom"),
        ("..", "%2E..prom"),
        (" ", "%20.prom"),
        ("\u{200b}", "%E2%80%8B.prom"),
        ("a\nb\0c", "a%0Ab%00c.prom"),
        ("~-_.x", "%7E-_.x.prom"),
        ("x.prom", "x.prom.prom"),
    ];
    for (job, name) in jobs {
        let written = deliver(&inside, ("push", job, "x 1\n")).unwrap();
        assert_eq!(written.path, inside.join(name), "{job:?}");
    }
    assert_eq!(names(folder.path()), ["inside"]);
    assert_eq!(names(&inside).len(), jobs.len());
    assert_eq!(exporter.samples().len(), jobs.len(), "{}", exporter.page());
    for (job, _) in jobs {
        deliver(&inside, ("delete", job, "")).unwrap();
    }
    assert_eq!(names(&inside), [""; 0]);
    let long = "é".repeat(100);
    let failed = deliver(&inside, ("push", &long, "x 1\n")).unwrap_err();
    assert!(chain(&failed).ends_with(".prom cannot be written: File name too long (os error 36)"));
}

#[test]
fn an_old_file_that_cannot_be_read_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let bad: [&[u8]; 4] = [
        b"x 1\nnot metrics\n",
        b"x 1 1600000000000\n",
        b"\x00\xff",
        b"x 1",
    ];
    for (number, content) in bad.into_iter().enumerate() {
        fs::write(&path, content).unwrap();
        let written = deliver(&path, ("push_add", "a", "y 1\n")).unwrap();
        let aside = written.quarantined.unwrap();
        let name = match number {
            0 => "x.prom.bad".to_owned(),
            _ => format!("x.prom.bad{}", number + 1),
        };
        assert_eq!(aside.path, folder.path().join(name));
        assert_eq!(fs::read(&aside.path).unwrap(), content);
        if number == 0 {
            assert_eq!(
                aside.reason,
                "line 2, column 5: \"metrics\" is not a number"
            );
        }
        assert!(parse(&fs::read(&path).unwrap()).unwrap().get("y").is_some());
    }
    fs::write(&path, "no metrics\n").unwrap();
    let written = deliver(&path, ("delete", "a", "")).unwrap();
    assert!(written.quarantined.is_some());
    assert!(!path.exists());
    // There is an end to that.
    for _ in 0..9 {
        fs::write(&path, "no metrics\n").unwrap();
        deliver(&path, ("push_add", "a", "y 1\n")).unwrap();
    }
    assert_eq!(names(folder.path()).len(), 10);
    assert_eq!(fs::read(folder.path().join("x.prom.bad")).unwrap(), bad[0]);
}

#[test]
fn comments_and_help_texts_that_are_not_utf8_take_nothing_along() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    deliver(&path, ("push_add", "a", "x 1\n")).unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"# caf\xe9\n# HELP y caf\xe9\ny 2\n")
        .unwrap();
    let exporter = NodeExporter::start(folder.path());
    assert!(exporter.is_content(), "{}", exporter.page());
    let written = deliver(&path, ("push_add", "b", "z 3\n")).unwrap();
    assert_eq!(written.quarantined, None);
    let samples = exporter.samples();
    let series: Vec<_> = samples.keys().map(String::as_str).collect();
    assert_eq!(series, ["x{job_name=\"a\"}", "y", "z{job_name=\"b\"}"]);
}

#[test]
fn who_has_no_time_takes_what_was_left_behind_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".x.prom.new"), "half").unwrap();
    let textfile = Textfile::new(folder.path().join("x.prom")).unwrap();
    let families = parse(b"x 1\n").unwrap();
    let change = Change::PushAdd(&families);
    textfile
        .deliver_within(&key("a"), change, Duration::ZERO)
        .unwrap();
    assert_eq!(names(folder.path()), ["x.prom"]);
}

#[test]
fn what_cannot_be_a_textfile_is_an_error_and_stays_as_it_is() {
    assert_eq!(
        Textfile::new("").unwrap_err().to_string(),
        "the path of the textfile is empty"
    );
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("metrics.txt"), "x 1\n").unwrap();
    fs::write(at("elsewhere"), "x 1\n").unwrap();
    symlink(at("elsewhere"), at("link.prom")).unwrap();
    symlink(at("nowhere"), at("dangling.prom")).unwrap();
    symlink(at("loop.prom"), at("loop.prom")).unwrap();
    fifo(&at("fifo.prom"));
    let long = File::create(at("long.prom")).unwrap();
    long.set_len((16 << 20) + 1).unwrap();
    fs::create_dir(at("busy.prom")).unwrap();
    fs::create_dir(at("busy.prom/a.prom")).unwrap();
    let before = names(folder.path());
    for (name, error) in [
        (
            "metrics.txt",
            "is not a directory and does not end in .prom",
        ),
        ("missing", "is not a directory and does not end in .prom"),
        (
            "missing/x.prom",
            "cannot be written: No such file or directory (os error 2)",
        ),
        (
            "metrics.txt/x.prom",
            "cannot be read: Not a directory (os error 20)",
        ),
        ("link.prom", "is a symbolic link, which is not followed"),
        ("dangling.prom", "is a symbolic link, which is not followed"),
        (
            "loop.prom",
            "cannot be read: Too many levels of symbolic links (os error 40)",
        ),
        ("fifo.prom", "is no regular file"),
        ("long.prom", "is longer than 16 MiB"),
        ("busy.prom", "/a.prom is no regular file"),
    ] {
        let path = at(name);
        let separator = if error.starts_with('/') { "" } else { " " };
        let expected = format!("{}{separator}{error}", path.display());
        let failed = deliver(&path, ("push_add", "a", "x 1\n")).unwrap_err();
        assert!(!failed.is_about_the_metrics());
        assert_eq!(chain(&failed), expected);
        let failed = Textfile::new(&path).unwrap().check(&key("a")).unwrap_err();
        assert_eq!(chain(&failed), expected);
        assert_eq!(names(folder.path()), before, "{name}");
    }
    assert_eq!(fs::read_to_string(at("elsewhere")).unwrap(), "x 1\n");
    assert_eq!(fs::read_to_string(at("metrics.txt")).unwrap(), "x 1\n");
    let device = deliver(Path::new("/dev/null"), ("push_add", "a", "x 1\n")).unwrap_err();
    assert_eq!(
        device.to_string(),
        "/dev/null is not a directory and does not end in .prom"
    );
    // A folder may be a link, and its name anything.
    fs::create_dir(at("folder.d")).unwrap();
    symlink(at("folder.d"), at("folder.prom")).unwrap();
    let written = deliver(&at("folder.prom"), ("push_add", "a", "x 1\n")).unwrap();
    assert_eq!(written.path, at("folder.prom/a.prom"));
    assert!(at("folder.d/a.prom").exists());
    Textfile::new(at("folder.d"))
        .unwrap()
        .check(&key("b"))
        .unwrap();
    assert_eq!(names(&at("folder.d")), ["a.prom"]);
}

#[test]
fn nothing_is_written_that_would_be_too_long_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    deliver(&path, ("push_add", "a", "x 1\n")).unwrap();
    let mut text = String::new();
    let value = "v".repeat(1 << 10);
    for number in 0..16 << 10 {
        writeln!(text, "y{{n=\"{number}\",v=\"{value}\"}} 1").unwrap();
    }
    let failed = deliver(&path, ("push_add", "a", &text)).unwrap_err();
    assert_eq!(
        failed.to_string(),
        format!("{} would be longer than 16 MiB", path.display())
    );
    assert!(failed.is_about_the_metrics());
    assert_eq!(names(folder.path()), ["x.prom"]);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .ends_with("\nx{job_name=\"a\"} 1\n")
    );
}

#[test]
fn many_writers_lose_nothing_and_a_reader_always_sees_a_whole_file() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    deliver(&path, ("push_add", "first", "x{n=\"first\"} 1\n")).unwrap();
    let done = AtomicBool::new(false);
    let series = |families: &MetricFamilies| families.get("x").unwrap().metrics().count();
    let looks = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut looks, mut last) = (0_u64, 0);
            while !done.load(Ordering::Relaxed) {
                let content = fs::read(&path).unwrap();
                let families = parse(&content).unwrap();
                let count = series(&families);
                assert!(count >= last, "{count} after {last}");
                (looks, last) = (looks + 1, count);
            }
            looks
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let path = &path;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let job = format!("{number}");
                        // Each adds to what it had, and all to the same metric.
                        let mut rows = String::new();
                        for row in 0..=round {
                            writeln!(rows, "x{{row=\"{row}\"}} {round}").unwrap();
                        }
                        deliver(path, ("push_add", &job, &rows)).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looks > 10, "{looks}");
    let families = parse(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(series(&families), WRITERS * ROUNDS + 1);
    assert_eq!(names(folder.path()), ["x.prom"]);
}

#[test]
fn a_file_that_others_are_writing_is_waited_for_and_what_they_left_behind_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.prom");
    let left = folder.path().join(".x.prom.new");
    // By one that was killed; its file has more than one name, so that a write to it would be seen.
    fs::write(&left, "half of a li").unwrap();
    let other = folder.path().join("other");
    fs::hard_link(&left, &other).unwrap();
    deliver(&path, ("push_add", "a", "x 1\n")).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "half of a li");
    assert_eq!(names(folder.path()), ["other", "x.prom"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), 0o100_644);

    let held = File::create(&left).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let textfile = Textfile::new(&path).unwrap();
    let families = parse(b"x 2\n").unwrap();
    let short = Duration::from_millis(50);
    let failed = textfile.deliver_within(&key("a"), Change::PushAdd(&families), short);
    assert_eq!(
        failed.unwrap_err().to_string(),
        format!("{} was held by others for 0.1 s", path.display())
    );
    textfile.check(&key("a")).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| deliver(&path, ("push_add", "a", "x 3\n")));
        // It ends as one that is killed.
        drop(held);
        waiting.join().unwrap().unwrap();
    });
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .ends_with("x{job_name=\"a\"} 3\n")
    );
    assert_eq!(names(folder.path()), ["other", "x.prom"]);
}

/// What the documentation says of files beside each other.
#[test]
fn node_exporter_drops_a_metric_with_another_help_text_in_a_later_file() {
    let folder = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(folder.path());
    for (job, help) in [("a", "One."), ("b", "Two.")] {
        let text = format!("# HELP x {help}\n# TYPE x gauge\nx 1\n# HELP y Same.\ny 1\n");
        deliver(folder.path(), ("push", job, &text)).unwrap();
    }
    let shown: Vec<String> = exporter.samples().into_keys().collect();
    assert_eq!(
        shown,
        [
            "x{job_name=\"a\"}",
            "y{job_name=\"a\"}",
            "y{job_name=\"b\"}"
        ]
    );
    assert!(!exporter.is_content());
    // In one file it cannot come to that.
    let shared = tempfile::tempdir().unwrap();
    let exporter = NodeExporter::start(shared.path());
    let path = shared.path().join("all.prom");
    for (job, help) in [("a", "One."), ("b", "Two.")] {
        let text = format!("# HELP x {help}\n# TYPE x gauge\nx 1\n");
        deliver(&path, ("push", job, &text)).unwrap();
    }
    assert_eq!(exporter.samples().len(), 2);
    assert!(exporter.is_content());
}
