//! With a terminal the job shares our process group: its keys, its prompts and its stops work as they do without us.

use std::path::PathBuf;

use crate::support::{Stage, Terminal, fifo, pushjob, read_pipe, script, signal};

/// The command up to the job, of which only the code and the output matter.
const RUN: &str = concat!(env!("CARGO_BIN_EXE_pushjob"), " run -qq --job j ");

/// A job that writes how often it was interrupted, continued and stopped by the terminal. What it does about a stop is
/// the code given.
fn stoppable(stop: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.pl");
    let job = format!(
        r#"use POSIX ();
        $| = 1;
        my $continued = 0;
        $SIG{{CONT}} = sub {{ $continued++; print "continued $continued\n" }};
        $SIG{{INT}} = sub {{ print "interrupted\n"; exit 5 }};
        {stop}
        my $all = POSIX::SigSet->new;
        $all->fillset;
        POSIX::sigprocmask(POSIX::SIG_SETMASK(), $all);
        print "begun ", getppid, "\n";
        POSIX::sigsuspend(POSIX::SigSet->new) while 1;
        "#
    );
    std::fs::write(&path, job).unwrap();
    let command = format!("{RUN} -- perl {}", path.display());
    (folder, command)
}

fn listener() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/jobs/listener.pl")
}

#[test]
fn a_job_has_the_group_of_the_terminal_or_one_of_its_own() {
    let groups =
        "print getpgrp == getppid ? qq(ours\\n) : getpgrp == $$ ? qq(own\\n) : qq(other\\n)";
    let terminal = Terminal::running(&format!("exec {RUN} -- perl -e '{groups}'"));
    let (code, shown) = terminal.ends();
    assert_eq!((code, shown.as_str()), (Some(0), "ours\r\n"));
    pushjob(["run", "-qq", "--job", "j", "--", "perl", "-e", groups])
        .run()
        .exits(0)
        .prints("own\n");
}

#[test]
fn the_keys_of_the_terminal_reach_the_job_once() {
    // As the first process of the session, and as one that a shell has started.
    let command = format!("{RUN} -- perl {}", listener().display());
    let mut alone = Terminal::running(&format!("exec {command}"));
    let pid = alone.listener_is_ready();
    for (key, number) in [("\x03", "2"), ("\x1c", "3"), ("\x03", "2")] {
        alone.types(key);
        assert_eq!(alone.shows(number).line(), "");
    }
    signal("64", pid);
    let (code, shown) = alone.ends();
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = shown.lines().skip(1).collect();
    assert_eq!(lines, ["^C2", "^\\3", "^C2", "64"], "{shown}");

    let mut shell = Terminal::with_shell();
    shell.types(&format!("{command}; echo \"code\"=$?\n"));
    let pid = shell.listener_is_ready();
    for (key, number) in [("\x03", "2"), ("\x1c", "3"), ("\x1a", "20")] {
        shell.types(key);
        assert_eq!(shell.line(), number);
    }
    // A signal that a process sends is passed on.
    signal("INT", pid);
    assert_eq!(shell.line(), "2");
    signal("64", pid);
    assert_eq!(shell.line(), "64");
    assert_eq!(shell.line(), "code=0");
}

#[test]
fn a_terminal_that_changes_its_size_tells_the_job_once() {
    let mut shell = Terminal::with_shell();
    shell.types("echo \"name \"$(tty)\n");
    let name = shell.shows("name ").line();
    shell.types(&format!("{RUN} -- perl {}\n", listener().display()));
    let pid = shell.listener_is_ready();
    let status = std::process::Command::new("stty")
        .args(["-F", &name, "cols", "123"])
        .status();
    assert!(status.unwrap().success());
    assert_eq!(shell.line(), "28");
    signal("64", pid);
    assert_eq!(shell.line(), "64");
}

#[test]
fn a_job_that_is_stopped_at_the_terminal_goes_on_in_the_foreground() {
    for stop in [
        // The default action; a program that cleans up first, and stops itself in one of the usual ways; one that takes
        // its group with it.
        "",
        "$SIG{TSTP} = sub { kill STOP => $$ };",
        "$SIG{TSTP} = sub { local $SIG{TSTP}; kill STOP => 0 };",
        "$SIG{TSTP} = sub { local $SIG{TSTP} = 'DEFAULT'; kill TSTP => $$; \
         POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), POSIX::SigSet->new(20)) };",
    ] {
        let (_folder, command) = stoppable(stop);
        let mut shell = Terminal::with_shell();
        shell.types(&format!("{command}\n"));
        shell.shows("begun ").line();
        for round in 1..=5 {
            shell.types("\x1a");
            shell.shows("Stopped").shows("prompt ");
            shell.types("fg\n");
            shell.shows("continued ");
            assert_eq!(shell.line(), round.to_string(), "{stop}");
        }
        shell.types("\x03");
        shell.shows("interrupted").shows("prompt ");
        shell.types("echo \"code\"=$?; exit\n");
        shell.shows("code=5");
        let (_, shown) = shell.ends();
        assert_eq!(shown.matches("continued").count(), 5, "{stop}: {shown}");
        assert_eq!(shown.matches("interrupted").count(), 1, "{stop}: {shown}");
    }
}

#[test]
fn a_shell_hears_by_which_signal_the_job_was_stopped() {
    let (_folder, command) = stoppable("");
    let mut shell = Terminal::with_shell();
    shell.types(&format!("{command}; echo \"code\"=$?\n"));
    shell.shows("begun ").line();
    shell.types("\x1a");
    shell.shows("code=148").shows("prompt ");
    // Continued by hand: neither the shell nor its terminal had a part in it.
    shell.types("kill -CONT $!\n");
    shell.types("kill -CONT $(jobs -p)\n");
    shell.shows("continued 1");
    shell.types("kill -INT $(jobs -p); wait $(jobs -p); echo \"code\"=$?\n");
    shell.shows("interrupted").shows("code=5");
}

#[test]
fn a_job_in_the_background_that_reads_from_the_terminal_waits_for_the_foreground() {
    let mut shell = Terminal::with_shell();
    shell.types(&format!("set -b; {RUN} -- cat &\n"));
    shell.shows("Stopped");
    shell.types("fg\n");
    shell.shows(" cat");
    shell.types("hello\n");
    shell.shows("hello\r\n");
    shell.types("\x04");
    shell.shows("prompt ");
    shell.types("echo \"code\"=$?\n");
    shell.shows("code=0");
}

#[test]
fn a_password_prompt_works() {
    let folder = tempfile::tempdir().unwrap();
    let job = folder.path().join("job");
    script(
        &job,
        "#!/bin/sh\n\
         old=$(stty -g </dev/tty); stty -echo </dev/tty; printf 'Password: ' >/dev/tty\n\
         read -r password </dev/tty; stty \"$old\" </dev/tty; echo; echo \"${#password} characters\"\n",
    );
    let mut shell = Terminal::with_shell();
    shell.types(&format!("stty echo; {RUN} -- {}\n", job.display()));
    shell.shows("Password: ");
    shell.types("opensesame\n");
    shell.shows("10 characters").shows("prompt ");
    shell.types("exit\n");
    let (_, shown) = shell.ends();
    assert!(!shown.contains("opensesame"), "{shown}");
}

#[test]
fn a_time_limit_holds_at_a_terminal_too() {
    let stopped = format!("exec {RUN} --timeout 300ms -- sh -c 'kill -STOP $$'");
    assert_eq!(Terminal::running(&stopped).ends().0, Some(124));
    let ignoring = "trap \"\" TERM; while :; do sleep 0.1; done";
    let killed = format!("exec {RUN} --timeout 300ms --kill-after 100ms -- sh -c '{ignoring}'");
    assert_eq!(Terminal::running(&killed).ends().0, Some(137));
}

#[test]
fn a_time_limit_that_passes_while_all_is_stopped_holds_when_it_goes_on() {
    let (_folder, command) = stoppable("");
    let command = command.replace(" -- ", " --timeout 1s -- ");
    let mut shell = Terminal::with_shell();
    shell.types(&format!("{command}\n"));
    shell.shows("begun ").line();
    shell.types("\x1a");
    shell.shows("Stopped").shows("prompt ");
    // The time that passes is what this is about.
    shell.types("sleep 1.2; fg\n");
    shell.shows("prompt ");
    shell.types("echo \"code\"=$?\n");
    shell.shows("code=124");
}

#[test]
fn a_job_hears_that_its_terminal_has_hung_up() {
    let stage = Stage::new();
    let heard = stage.folder.path().join("heard");
    fifo(&heard);
    let content = format!(
        "#!/bin/sh\n\
         trap 'echo HUP > {}; exit 0' HUP; echo > {}; while :; do sleep 1000 & wait; done\n",
        heard.display(),
        stage.ready().display()
    );
    let job = stage.folder.path().join("job");
    script(&job, &content);
    let terminal = Terminal::running(&format!("exec {RUN} -- {}", job.display()));
    stage.wait_until_ready();
    terminal.closes();
    assert_eq!(read_pipe(&heard), "HUP\n");
}
