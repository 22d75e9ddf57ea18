//! `pushjob check`: what it says, where, and how it ends.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use crate::support::{Terminal, pushjob};

/// A folder with files, in which the command is run.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn check(folder: &tempfile::TempDir, args: &[&str]) -> crate::support::Finished {
    pushjob(["check"].iter().chain(args))
        .in_folder(folder.path())
        .run()
}

#[test]
fn a_good_file_is_good_without_a_word() {
    let folder = folder(&[(
        "good.prom",
        b"# TYPE rows gauge\nrows{table=\"users\"} 42\nfiles 1\n",
    )]);
    check(&folder, &["good.prom"]).exits(0).prints("").says("");
    check(&folder, &["-v", "good.prom"])
        .exits(0)
        .says("pushjob: good.prom: samples: 2, metric families: 2\n");
}

#[test]
fn every_problem_is_shown_with_its_line_and_a_caret_under_the_place() {
    let bad = "# TYPE rows gauge\nrows{table=users} 1\nrows 2\n\trows{table=\"käse\"} viele\nrows 3\n\
               # TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n";
    let folder = folder(&[("bad.prom", bad.as_bytes()), ("good.prom", b"x 1\n")]);
    let expected = "\
bad.prom:2:12: the value of label `table` does not begin with `\"`
  rows{table=users} 1
             ^
bad.prom:4:21: \"viele\" is not a number
   rows{table=\"käse\"} viele
                      ^
bad.prom:5:1: series rows occurs twice
  rows 3
  ^
bad.prom:7:1: warning: h has no bucket +Inf: a gateway shows one with the count
  h_bucket{le=\"1\"} 2
  ^
";
    check(&folder, &["bad.prom"])
        .exits(1)
        .prints("")
        .says(expected);
    // The good one beside it changes nothing, stdin has a name too.
    check(&folder, &["good.prom", "bad.prom"])
        .exits(1)
        .says(expected);
    pushjob(["check"])
        .input(bad)
        .run()
        .exits(1)
        .says(&expected.replace("bad.prom", "stdin"));
    check(&folder, &["-qq", "bad.prom"]).exits(1).says("");
}

#[test]
fn warnings_are_no_errors() {
    let folder = folder(&[("h.prom", b"# TYPE h histogram\nh_count 1.5\n")]);
    check(&folder, &["h.prom"]).exits(0).says(
        "\
h.prom:2:1: warning: \"1.5\" is not a count: a whole number, not negative
  h_count 1.5
  ^
h.prom:2:1: warning: h has no sample h_sum: a gateway shows 0
  h_count 1.5
  ^
h.prom:2:1: warning: h has no bucket +Inf: a gateway shows one with the count
  h_count 1.5
  ^
",
    );
}

#[test]
fn good_practice_is_for_those_who_ask() {
    let text = "# TYPE rows counter\nrows 1\nwait_milliseconds 2\n\
                # HELP size_gauge How much.\n# TYPE size_gauge gauge\nsize_gauge 1\n";
    let folder = folder(&[("l.prom", text.as_bytes())]);
    check(&folder, &["l.prom"]).exits(0).says("");
    let finished = check(&folder, &["--lint", "l.prom"]);
    let expected = [
        "l.prom:1:1: warning: rows has no HELP line",
        "l.prom:1:1: warning: counter rows should have a name that ends with _total",
        "l.prom:3:1: warning: wait_milliseconds has no HELP line",
        "l.prom:3:1: warning: wait_milliseconds has no TYPE line",
        "l.prom:3:1: warning: wait_milliseconds should be in seconds, not in milliseconds",
        "l.prom:4:1: warning: size_gauge has its type in its name: gauge",
    ];
    let said: Vec<&str> = finished
        .stderr
        .lines()
        .filter(|line| line.starts_with("l.prom"))
        .collect();
    assert_eq!(said, expected);
    finished.exits(0);
}

#[test]
fn of_many_problems_twenty_are_shown_and_all_are_counted() {
    let bad = (0..50).fold(String::new(), |text, row| {
        text + &format!("rows{{row=\"{row}\"}} no\n")
    });
    let folder = folder(&[
        ("many.prom", bad.as_bytes()),
        ("crlf.prom", b"a 1\r\nb 2\r\nc 3\r\n"),
    ]);
    let finished = check(&folder, &["many.prom"]);
    let said = &finished.stderr;
    assert_eq!(said.matches("is not a number").count(), 20, "{said}");
    assert!(said.contains("many.prom:1:15: "), "{said}");
    assert!(said.ends_with("many.prom: and 30 more\n"), "{said}");
    finished.exits(1);
    // What is wrong with all lines in the same way is said once.
    check(&folder, &["crlf.prom"]).exits(1).says(
        "crlf.prom:1:4: the line ends with a carriage return: lines end with a bare newline\n  a 1·\n     ^\n",
    );
}

#[test]
fn of_a_long_line_the_part_around_the_place_is_shown() {
    let line = format!("rows{{a=\"{}\"}} no {}\n", "x".repeat(500), "y".repeat(500));
    let folder = folder(&[("long.prom", line.as_bytes())]);
    let finished = check(&folder, &["long.prom"]);
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("long.prom:1:512: \"no\" is not a number"),
        "{lines:?}"
    );
    let at = lines[2].find('^').unwrap();
    let under: String = lines[1].chars().skip(at).take(2).collect();
    assert_eq!(under, "no", "{lines:?}");
    assert!(lines[1].chars().count() < 110, "{lines:?}");
    finished.exits(1);
}

#[test]
fn at_a_terminal_there_is_colour() {
    let folder = folder(&[("bad.prom", b"x one\n")]);
    let file = folder.path().join("bad.prom");
    let command = format!(
        "exec {} check {}",
        env!("CARGO_BIN_EXE_pushjob"),
        file.display()
    );
    let (code, shown) = Terminal::running(&command).ends();
    assert_eq!(code, Some(1));
    let place = format!("\x1b[1m{}:1:3:\x1b[0m", file.display());
    assert!(shown.contains(&place), "{shown:?}");
    assert!(shown.contains("\x1b[1;32m  ^\x1b[0m"), "{shown:?}");
    let (_, plain) = Terminal::running(&format!("NO_COLOR=1 {command}")).ends();
    assert!(!plain.contains('\x1b'), "{plain:?}");
}

#[test]
fn openmetrics_is_told_by_its_last_line_or_by_a_flag() {
    let text = "# TYPE rows counter\n# UNIT rows rows\nrows_total 1.0 # {trace=\"1\"} 1\n# EOF\n";
    let folder = folder(&[
        ("open.prom", text.as_bytes()),
        ("cut.prom", b"# TYPE a unknown\na 1\n"),
        ("stamped.prom", b"a 1 1.5\nb 2\n# EOF\n"),
    ]);
    check(&folder, &["open.prom"]).exits(0).says("");
    check(&folder, &["--format", "text", "open.prom"])
        .exits(1)
        .says(
            "\
open.prom:3:15: the line goes on after the value: \" # {trace=\\\"1\\\"} 1\"
  rows_total 1.0 # {trace=\"1\"} 1
                ^
",
        );
    check(&folder, &["--format", "openmetrics", "cut.prom"])
        .exits(1)
        .says(
            "\
cut.prom:2:1: the text does not end with `# EOF`, as OpenMetrics does: it may have been cut off
  a 1
  ^
",
        );
    check(&folder, &["stamped.prom"])
        .exits(1)
        .says("stamped.prom:1:4: a timestamp, which a Pushgateway refuses\n  a 1 1.5\n     ^\n");
    check(&folder, &["--strip-timestamps", "stamped.prom"])
        .exits(0)
        .says("");
}

#[test]
fn names_in_utf8_are_taken_where_they_are_asked_for() {
    let folder = folder(&[("utf8.prom", b"{\"rows.loaded\",\"k8s.pod\"=\"p\"} 1\n")]);
    check(&folder, &["utf8.prom"])
        .exits(1)
        .starts_by_saying("utf8.prom:1:2: ");
    check(&folder, &["--utf8-names", "utf8.prom"])
        .exits(0)
        .says("");
    pushjob(["check", "utf8.prom"])
        .in_folder(folder.path())
        .env("PUSHJOB_UTF8_NAMES", "true")
        .run()
        .exits(0);
    pushjob(["check", "utf8.prom"])
        .in_folder(folder.path())
        .env("PUSHJOB_UTF8_NAMES", "perhaps")
        .run()
        .exits(2)
        .says("pushjob: PUSHJOB_UTF8_NAMES: \"perhaps\" is neither true nor false\n");
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_checked() {
    let folder = folder(&[("bad.prom", b"x one\n")]);
    check(&folder, &["none.prom", ".", "bad.prom"])
        .exits(1)
        .says(
            "\
pushjob: cannot read none.prom: No such file or directory (os error 2)
pushjob: cannot read .: Is a directory (os error 21)
bad.prom:1:3: \"one\" is not a number
  x one
    ^
",
        );
    let long: PathBuf = folder.path().join("long.prom");
    fs::write(&long, format!("x 1\n# {}\n", "x".repeat(17 << 20))).unwrap();
    check(&folder, &["long.prom"])
        .exits(1)
        .says("pushjob: cannot read long.prom: line 2 is longer than 16777216 bytes\n");
    pushjob(["check", "--frmat"]).run().exits(2);
}

#[test]
fn series_that_occur_twice_are_found_however_far_apart() {
    // A family whose samples do not stand together is looked through once more.
    let mut text = String::new();
    for row in 0..30_000 {
        writeln!(text, "a{{row=\"{row}\"}} 1\nb{{row=\"{row}\"}} 1").unwrap();
    }
    text.push_str("b{row=\"77\"} 2\na{row=\"5\"} 2\n");
    let folder = folder(&[("apart.prom", text.as_bytes())]);
    check(&folder, &["apart.prom"]).exits(1).says(
        "\
apart.prom:60001:1: series b{row=\"77\"} occurs twice
  b{row=\"77\"} 2
  ^
apart.prom:60002:1: series a{row=\"5\"} occurs twice
  a{row=\"5\"} 2
  ^
",
    );
}
