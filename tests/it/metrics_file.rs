//! Metrics from inside the job: what the library reads of a file, and appends to it.

use std::fs;
use std::path::Path;

use pushjob::exposition::{NameValidation, encode, parse};
use pushjob::grouping::{GroupRules, GroupingKey};
use pushjob::metrics_file::{
    Contents, CreateError, MetricsFile, MetricsLineError, Operation, ReadOptions, Reading, append,
};

/// Options with the rules of a run with the job name and one more grouping label.
fn rules_with(label: &str) -> ReadOptions {
    let key = GroupingKey::new("etl").unwrap().with_label(label, "prod");
    ReadOptions::new(GroupRules::of(&key.unwrap()).reserve_prefix("batch_job_"))
}

fn rules() -> ReadOptions {
    rules_with("env")
}

fn read(content: impl AsRef<[u8]>, options: &ReadOptions, reading: Reading) -> Contents {
    let file = MetricsFile::create().unwrap();
    fs::write(file.path(), content).unwrap();
    file.read(reading, options).unwrap()
}

/// The text of what counts, without TYPE lines, and what is said of the lines that are left out.
fn both(contents: &Contents) -> (String, Vec<String>) {
    assert_eq!(contents.bad_lines.len(), contents.bad_line_count);
    let counts = encode(&contents.families);
    let samples = counts.lines().filter(|line| !line.starts_with("# TYPE"));
    (
        samples.collect::<Vec<_>>().join("\n"),
        contents.bad_lines.iter().map(ToString::to_string).collect(),
    )
}

#[test]
fn every_line_is_judged_by_itself() {
    for (content, counts, left_out) in [
        ("", "", &[][..]),
        ("\n# a comment\n  \na 1\n", "a 1", &[]),
        ("a 1\r\nb{l=\"1\"} 2\r\n", "a 1\nb{l=\"1\"} 2", &[]),
        (
            "a 1\nrows{table=users} 2\nb 3\n",
            "a 1\nb 3",
            &["line 2, column 12: the value of label `table` does not begin with `\"`"],
        ),
        (
            "a\n1 2\na x\na 1\n",
            "a 1",
            &[
                "line 1, column 2: expected a value after a",
                "line 2, column 1: expected a metric name",
                "line 3, column 3: \"x\" is not a number",
            ],
        ),
        (
            "a 1 1700000000\na 2\n",
            "a 2",
            &["line 1, column 4: a timestamp, which a Pushgateway refuses"],
        ),
        (
            "a 1\nb 2",
            "a 1",
            &["line 2, column 1: the last line has no newline at its end: it is incomplete"],
        ),
        (
            "batch_job_success 1\nbatch_jobs 1\n",
            "batch_jobs 1",
            &[
                "line 1, column 1: metric batch_job_success begins with `batch_job_`, as the metrics of \
                 the run itself do",
            ],
        ),
        (
            // What is wrong with a name is said of its samples, once.
            "# HELP push_time_seconds x\n# TYPE push_time_seconds gauge\npush_time_seconds 1\n",
            "",
            &["line 3, column 1: metric push_time_seconds is set by the gateway itself"],
        ),
        (
            "a{env=\"x\"} 1\n  a{l=\"é\",job=\"x\"} 1\na{instance=\"\"} 1\na{instance=\"i\"} 1\n",
            "a{instance=\"i\"} 1",
            &[
                "line 1, column 1: series a{env=\"x\"} has the label `env`, which the grouping key sets",
                "line 2, column 3: series a{job=\"x\",l=\"é\"} has the label `job`, which the grouping key \
                 sets",
                "line 3, column 1: series a{instance=\"\"} has an empty label `instance`, which a gateway \
                 adds by itself",
            ],
        ),
    ] {
        let (found, said) = both(&read(content, &rules(), Reading::Ended));
        assert_eq!(found, counts, "{content}");
        assert_eq!(said, left_out, "{content}");
    }
    let contents = read(b"a 1\nb{l=\"\xff\"} 2\n", &rules(), Reading::Ended);
    let said = ["line 2, column 6: not valid UTF-8".to_owned()];
    assert_eq!(both(&contents), ("a 1".to_owned(), said.to_vec()));
}

#[test]
fn the_last_value_of_a_series_counts() {
    for (content, counts) in [
        ("a 1\nb 1\na 2\n", "a 2\nb 1"),
        (
            "# HELP a One.\n# TYPE a gauge\na 1\n# HELP a Two.\n# TYPE a gauge\na{l=\"x\"} 2\n",
            "# HELP a Two.\na 1\na{l=\"x\"} 2",
        ),
        // Additions count in any order; a value in their midst takes the place of what came before.
        ("# PUSHJOB ADD a 1\n# PUSHJOB ADD a 2.5\n", "a 3.5"),
        ("#PUSHJOB\tADD  a{l=\"x\"} 1\r\n", "a{l=\"x\"} 1"),
        ("# PUSHJOB ADD a 1\na 10\n# PUSHJOB ADD a -2\n", "a 8"),
        // Not what it says to be, so a comment.
        (
            "# PUSHJOB ADDS a 1\n# PUSHJOB: a 1\n# pushjob add a 1\n",
            "",
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n\
             # PUSHJOB ADD h_bucket{le=\"1.0\"} 1\n# PUSHJOB ADD h_bucket{le=\"+Inf\"} 1\n\
             # PUSHJOB ADD h_sum 0.5\n# PUSHJOB ADD h_count 1\n",
            "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 3.5\nh_count 3",
        ),
        (
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 3\ns_count 2\ns{quantile=\"0.5\"} 4\n",
            "s{quantile=\"0.5\"} 4\ns_sum 3\ns_count 2",
        ),
    ] {
        let (found, said) = both(&read(content, &rules(), Reading::Ended));
        assert_eq!((found.as_str(), said), (counts, vec![]), "{content}");
    }
}

#[test]
fn additions_that_cannot_be_made_are_left_out() {
    for (content, counts, left_out) in [
        (
            "# PUSHJOB ADD\n  # PUSHJOB ADD é 1\n# PUSHJOB ADD # HELP a b\n",
            "",
            &[
                "line 1, column 14: expected a sample after `ADD`",
                "line 2, column 17: expected a metric name",
                "line 3, column 15: expected a sample after `ADD`",
            ][..],
        ),
        (
            "# TYPE c counter\nc 3\n# PUSHJOB ADD c -1\n# PUSHJOB ADD c{l=\"é\"} NaN\n",
            "c 3",
            &[
                "line 3, column 17: -1 cannot be added to counter c, which only grows",
                "line 4, column 24: NaN cannot be added to counter c, which only grows",
            ],
        ),
        (
            "# TYPE h histogram\nh_sum 1\nh_count 2\n# PUSHJOB ADD h_count 0.5\nh_bucket{le=\"1\"} -1\n",
            "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2",
            &[
                "line 4, column 23: \"0.5\" is not a count: a whole number, not negative",
                "line 5, column 18: \"-1\" is not a count: a whole number, not negative",
            ],
        ),
    ] {
        let (found, said) = both(&read(content, &rules(), Reading::Ended));
        assert_eq!(found, counts, "{content}");
        assert_eq!(said, left_out, "{content}");
    }
}

#[test]
fn the_first_type_of_a_metric_stays() {
    for (content, counts, left_out) in [
        (
            "# TYPE a gauge\na 1\n# TYPE a counter\na 2\n# TYPE a gauge\n",
            "# TYPE a gauge\na 2\n",
            &["line 3, column 8: a has had the type gauge before, not counter"][..],
        ),
        (
            "a 1\n# TYPE a gauge\na 2\n# TYPE a untyped\n",
            "# TYPE a untyped\na 2\n",
            &["line 2, column 8: the TYPE line of a comes after its first sample"],
        ),
        (
            // The samples of the histogram would be metrics of their own.
            "# TYPE h gauge\nh 1\n# TYPE h histogram\nh_sum 1\nh_count 1\n# TYPE h gauge\nh_sum 2\n",
            "# TYPE h gauge\nh 1\n# TYPE h_sum untyped\nh_sum 2\n",
            &[
                "line 3, column 8: h has had the type gauge before, not histogram",
                "line 4, column 1: h_sum belongs to the TYPE line before it, which is left out",
                "line 5, column 1: h_count belongs to the TYPE line before it, which is left out",
            ],
        ),
        (
            "# TYPE h histogram\nh_count 2\n# TYPE h_count gauge\n# a comment\nh_count 7\nh_sum 5\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 5\nh_count 2\n",
            &[
                "line 3, column 8: metric family h_count has the name of a series of h",
                "line 5, column 1: h_count belongs to the TYPE line before it, which is left out",
            ],
        ),
        (
            "h_count 7\n# TYPE h summary\nh_sum 5\nh_count 1\nx 1\nh_count 8\n",
            "# TYPE h_count untyped\nh_count 8\n# TYPE x untyped\nx 1\n",
            &[
                "line 2, column 8: metric family h_count has the name of a series of h",
                "line 3, column 1: h_sum belongs to the TYPE line before it, which is left out",
                "line 4, column 1: h_count belongs to the TYPE line before it, which is left out",
            ],
        ),
        (
            // A help text alone makes no metric.
            "# HELP h_count x\n# TYPE h histogram\nh_count 1\n",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n",
            &[],
        ),
    ] {
        let contents = read(content, &rules(), Reading::Ended);
        assert_eq!(encode(&contents.families), counts, "{content}");
        assert_eq!(both(&contents).1, left_out, "{content}");
    }
}

#[test]
fn distributions_that_contradict_themselves_are_left_out() {
    for (content, counts, left_out) in [
        (
            "# TYPE h histogram\nh_count{l=\"good\"} 1\nh_bucket{le=\"1\"} 5\nh_count 1\n",
            "h_bucket{l=\"good\",le=\"+Inf\"} 1\nh_sum{l=\"good\"} 0\nh_count{l=\"good\"} 1",
            &["line 3, column 1: h: bucket 1 does not fit the count 1"][..],
        ),
        (
            "# TYPE h histogram\nh_sum 1\nh_bucket{le=\"1\"} 1\n# TYPE s summary\ns_sum{l=\"x\"} 1\n",
            "",
            &[
                "line 2, column 1: h has no sample h_count",
                "line 5, column 1: s{l=\"x\"} has no sample s_count",
            ],
        ),
        (
            "# TYPE h histogram\nh 1\nh_bucket 1\nh_bucket{le=\"x\"} 1\nh_bucket{le=\"NaN\"} 1\n\
             h_sum{le=\"1\"} 1\nh_count 1\n",
            "h_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1",
            &[
                "line 2, column 1: histogram h has a sample that is none of _bucket, _sum and _count",
                "line 3, column 1: h_bucket has no label `le`, which a histogram needs here",
                "line 4, column 1: \"x\" is not a bound or quantile",
                "line 5, column 1: \"NaN\" is not a bound or quantile",
                "line 6, column 1: label `le` of histogram h belongs to the format",
            ],
        ),
    ] {
        let (found, said) = both(&read(content, &rules(), Reading::Ended));
        assert_eq!(found, counts, "{content}");
        assert_eq!(said, left_out, "{content}");
    }
    let content = "# TYPE h histogram\nh_count 1\nle 1\n";
    let contents = read(content, &rules_with("le"), Reading::Ended);
    let said = "line 2, column 1: grouping label `le` cannot be used with histogram h, whose series have \
                that label";
    assert_eq!(both(&contents), ("le 1".to_owned(), vec![said.to_owned()]));
}

#[test]
fn names_in_utf_8_are_taken_where_they_are_asked_for() {
    let content = "{\"rows.loaded\"} 1\nrows_loaded 2\n{\"b\",\"k.p\"=\"1\",k_p=\"2\"} 3\n\
                   {\"b\",\"e.v\"=\"1\"} 4\n";
    let rules = rules_with("e_v");
    let contents = read(content, &rules, Reading::Ended);
    let (counts, said) = both(&contents);
    assert_eq!(
        (counts.as_str(), said.len()),
        ("rows_loaded 2", 3),
        "{said:?}"
    );
    let contents = read(content, &rules.names(NameValidation::Utf8), Reading::Ended);
    let said = [
        "line 2, column 1: `rows.loaded` and `rows_loaded` become the same name where UTF-8 names are not supported",
        "line 3, column 1: `k.p` and `k_p` become the same name where UTF-8 names are not supported",
        "line 4, column 1: `e.v` and `e_v` become the same name where UTF-8 names are not supported",
    ];
    assert_eq!(
        both(&contents),
        (
            "{\"rows.loaded\"} 1".to_owned(),
            said.map(str::to_owned).to_vec()
        )
    );
}

#[test]
fn what_is_still_being_written_is_no_mistake() {
    let contents = read("a 1\nb 2", &rules(), Reading::Running);
    assert_eq!(both(&contents), ("a 1".to_owned(), vec![]));
}

#[test]
fn only_the_first_bad_lines_are_kept_and_all_are_counted() {
    let contents = read("a\n".repeat(1000), &rules(), Reading::Ended);
    assert_eq!(contents.bad_line_count, 1000);
    assert_eq!(contents.bad_lines.len(), 10);
    assert_eq!(
        (contents.bad_lines[9].line(), contents.bad_lines[9].column()),
        (10, 2)
    );
}

#[test]
fn what_is_appended_is_read_again() {
    let text = "# HELP a A \\\\ and\\na line.\n# TYPE a gauge\na{l=\"q\\\"\\n\"} NaN\n# TYPE c counter\nc 1\n\
                # TYPE h histogram\nh_bucket{le=\"0.1\"} 0\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n";
    let families = parse(text.as_bytes()).unwrap();
    let file = MetricsFile::create().unwrap();
    assert!(file.is_empty().unwrap());
    append(file.path(), &families, Operation::Set).unwrap();
    assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
    assert!(!file.is_empty().unwrap());
    append(file.path(), &families, Operation::Add).unwrap();
    let contents = file.read(Reading::Ended, &rules()).unwrap();
    let twice = text
        .replace("c 1", "c 2")
        .replace("le=\"+Inf\"} 1", "le=\"+Inf\"} 2")
        .replace("h_sum 2\nh_count 1", "h_sum 4\nh_count 2");
    assert_eq!(encode(&contents.families), twice);
    assert_eq!(contents.bad_line_count, 0);
}

#[test]
fn where_a_writer_died_a_new_line_is_begun() {
    let file = MetricsFile::create().unwrap();
    fs::write(file.path(), "a 1\nb{l=\"").unwrap();
    let families = parse(b"# TYPE c gauge\nc 3\n").unwrap();
    append(file.path(), &families, Operation::Set).unwrap();
    append(file.path(), &families, Operation::Add).unwrap();
    assert_eq!(
        fs::read_to_string(file.path()).unwrap(),
        "a 1\nb{l=\"\n# TYPE c gauge\nc 3\n# TYPE c gauge\n# PUSHJOB ADD c 3\n"
    );
    let contents = file.read(Reading::Ended, &rules()).unwrap();
    let said = "line 2, column 5: the value of label `l` has no closing `\"`".to_owned();
    assert_eq!(both(&contents), ("a 1\nc 6".to_owned(), vec![said]));
}

#[test]
fn what_cannot_be_appended_says_why() {
    let families = parse(b"a 1\n").unwrap();
    let said = |path: &Path| {
        let error = append(path, &families, Operation::Set).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        (error.to_string(), source)
    };
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none/file");
    let (text, source) = said(&missing);
    assert_eq!(text, format!("cannot write to {}", missing.display()));
    assert_eq!(source.unwrap(), "No such file or directory (os error 2)");
    let (text, source) = said(Path::new("/dev/full"));
    assert_eq!(text, "cannot write to /dev/full");
    assert_eq!(source.unwrap(), "No space left on device (os error 28)");
    // The run has ended; and then another process may have its number.
    let named = fs::File::create(folder.path().join("named")).unwrap();
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&named);
    let another = format!("/proc/{}/fd/{descriptor}", std::process::id());
    for path in [Path::new("/proc/0/fd/3"), Path::new(&another)] {
        let (text, source) = said(path);
        let path = path.display();
        assert_eq!(text, format!("the run that {path} belongs to has ended"));
        assert_eq!(source, None);
    }
    assert_eq!(named.metadata().unwrap().len(), 0);
    append(&folder.path().join("new"), &families, Operation::Set).unwrap();
    assert_eq!(
        fs::read(folder.path().join("new")).unwrap(),
        b"# TYPE a untyped\na 1\n"
    );
    append(Path::new("/dev/null"), &families, Operation::Set).unwrap();
}

#[test]
fn lines_that_are_too_long_are_left_out() {
    let content = format!("a 1\n{}\nb 1\n", "x".repeat((1 << 20) + 1));
    let (counts, said) = both(&read(content, &rules(), Reading::Ended));
    assert_eq!(counts, "a 1\nb 1");
    assert_eq!(
        said,
        ["line 2, column 1: the line holds more than 1048576 bytes"]
    );
}

#[test]
fn errors_that_no_test_can_bring_about_say_what_failed_and_why() {
    let refused = CreateError::NoFile {
        source: std::io::Error::from_raw_os_error(24),
    };
    let text = "cannot create the metrics file, not even in memory";
    assert_eq!(refused.to_string(), text);
    let source = std::error::Error::source(&refused).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("Too many open files (os error 24)"));
    let cut = MetricsLineError::LongFile { limit: 7 };
    assert_eq!(cut.to_string(), "only the first 7 bytes are read");
}
