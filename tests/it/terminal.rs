//! With a terminal the job shares our process group: its keys, its prompts and its stops work as they do without us.

use std::time::Duration;

use crate::support::{
    Listening, Stage, Terminal, fifo, listener, pushjob_by, read_pipe, script, signal, within,
};

/// The command up to the job, of which only the code and the output matter.
const RUN: &str = concat!(env!("CARGO_BIN_EXE_pushjob"), " run -qq --job j ");

/// The listener as a job, which does this about a TSTP.
fn listening(stop: &str) -> String {
    format!("{RUN} -- {} {stop}", listener().display())
}

/// What the system says about a process under this name.
#[track_caller]
fn status(pid: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)).unwrap();
    value.trim().to_owned()
}

#[test]
fn a_job_has_the_group_of_the_terminal_or_one_of_its_own() {
    let groups =
        "print getpgrp == getppid ? qq(ours\\n) : getpgrp == $$ ? qq(own\\n) : qq(other\\n)";
    let terminal = Terminal::running(&format!("exec {RUN} -- perl -e '{groups}'"));
    let (code, shown) = terminal.ends();
    assert_eq!((code, shown.as_str()), (Some(0), "ours\r\n"));
    // What matters is the terminal of the session, not what stands in its place on stdin.
    let terminal = Terminal::running(&format!("exec {RUN} -- perl -e '{groups}' </dev/null"));
    assert_eq!(terminal.ends().1, "ours\r\n");
    // Both ways to start a job: with CHLD ignored it goes by fork.
    for trap in ["", "trap '' CHLD; "] {
        let caller = format!("{trap}exec \"$0\" \"$@\"");
        pushjob_by(["sh", "-c", &caller], ["run", "-qq", "--job", "j"])
            .job(["perl", "-e", groups])
            .run()
            .exits(0)
            .prints("own\n");
    }
}

#[test]
fn the_keys_of_the_terminal_reach_the_job_once() {
    // As the first process of the session, and as one that a shell has started.
    let command = listening("");
    let mut alone = Terminal::running(&format!("exec {command}"));
    let pid = alone.listener_is_ready().parent;
    for (key, number) in [("\x03", "2"), ("\x1c", "3"), ("\x03", "2")] {
        alone.types(key);
        assert_eq!(alone.shows(number).line(), "");
    }
    signal("64", pid);
    let (code, shown) = alone.ends();
    assert_eq!(code, Some(5));
    let lines: Vec<&str> = shown.lines().skip(1).collect();
    assert_eq!(lines, ["^C2", "^\\3", "^C2", "64"], "{shown}");

    let mut shell = Terminal::with_shell();
    shell.types(&format!("{command}; echo \"code\"=$?\n"));
    let pid = shell.listener_is_ready().parent;
    for (key, number) in [("\x03", "2"), ("\x1c", "3"), ("\x1a", "20")] {
        shell.types(key);
        assert_eq!(shell.line(), number);
    }
    // A signal that a process sends is passed on. Were the key's own still to be seen, the two would be one: it is the
    // first to be seen, so that it has been when the next is heard.
    signal("USR1", pid);
    assert_eq!(shell.line(), "10");
    signal("INT", pid);
    assert_eq!(shell.line(), "2");
    signal("64", pid);
    assert_eq!(shell.line(), "64");
    assert_eq!(shell.line(), "code=5");
}

#[test]
fn a_terminal_that_changes_its_size_tells_the_job_once() {
    let mut shell = Terminal::with_shell();
    shell.types("echo \"name \"$(tty)\n");
    let name = shell.shows("name ").line();
    shell.types(&format!("{}\n", listening("")));
    let pid = shell.listener_is_ready().parent;
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
    // The default action; programs that clean up first and then stop themselves in one of the usual ways; one that
    // takes its group with it.
    for stop in ["default", "alone", "again", "group"] {
        let mut shell = Terminal::with_shell();
        shell.types(&format!("{}\n", listening(stop)));
        let Listening {
            parent: pid,
            own: job,
        } = shell.listener_is_ready();
        for round in 0..5 {
            shell.types("\x1a");
            // Where it has hardly gone on, pushjob may stop before the job has cleaned up.
            let heard = if stop == "default" { "" } else { "20\r\n" };
            shell.shows_all(&["Stopped", "prompt ", heard]);
            // The shell sees pushjob stop, not the job. A CONT for both that comes before the job has stopped is undone by
            // its stop, or undoes that; then nothing tells pushjob that the job has had it.
            within(Duration::from_secs(20), "the job has not stopped", || {
                status(job, "State:").starts_with('T')
            });
            shell.types("fg\n");
            shell.line();
            assert_eq!(shell.line(), "18", "{stop}");
            // Pushjob takes it behind a CONT, so that one which it passes on would be heard first. Not in every round: the
            // next key is to find pushjob when it has hardly gone on.
            if round % 2 == 0 {
                signal("63", pid);
                assert_eq!(shell.line(), "63", "{stop}");
            }
        }
        shell.types("\x03");
        assert_eq!(shell.line(), "2", "{stop}");
        signal("64", pid);
        assert_eq!(shell.line(), "64", "{stop}");
        shell.types("echo \"code\"=$?; exit\n");
        shell.shows("code=5");
    }
}

#[test]
fn a_job_that_leaves_our_group_hears_of_the_keys_all_the_same() {
    // `timeout` makes a group of its own, which the terminal does not know of.
    let job = format!("timeout 1000 {} default", listener().display());
    let mut shell = Terminal::with_shell();
    shell.types(&format!("{RUN} -- {job}; echo \"code\"=$?\n"));
    let pid = shell.listener_is_ready().own;
    shell.types("\x1a");
    shell.shows("code=148").shows("prompt ");
    shell.types("fg\n");
    shell.shows("18\r\n");
    shell.types("\x1a");
    shell.shows("Stopped").shows("prompt ");
    shell.types("fg\n");
    shell.shows("18\r\n");
    shell.types("\x03");
    shell.shows("2\r\n");
    shell.types("\x1c");
    shell.shows("3\r\n");
    signal("64", pid);
    shell.shows("64\r\n");
}

#[test]
fn a_job_knows_its_terminal_without_a_device_of_that_name() {
    // As in a container whose /dev has little in it.
    let prepare = "mount -t tmpfs none /mnt && touch /mnt/null /mnt/urandom && \
                   mount --bind /dev/null /mnt/null && \
                   mount --bind /dev/urandom /mnt/urandom && mount --rbind /mnt /dev";
    let groups = "print getpgrp == getppid ? qq(ours\\n) : qq(other\\n)";
    let user = if crate::support::is_root() {
        ""
    } else {
        "--map-root-user"
    };
    let script = format!("{prepare} && exec {RUN} -- perl -e \"{groups}\"");
    let terminal = Terminal::running(&format!("exec unshare --mount {user} sh -c '{script}'"));
    let (code, shown) = terminal.ends();
    assert_eq!((code, shown.as_str()), (Some(0), "ours\r\n"));
}

#[test]
fn a_shell_that_is_suspended_gives_the_terminal_back() {
    let mut shell = Terminal::with_shell();
    shell.types(&format!("PS1= {RUN} -- bash --norc --noprofile -i\n"));
    shell.types("stty -echo; PS1='in''ner '\n");
    shell.shows("inner ");
    shell.types("suspend\n");
    shell.shows("Stopped").shows("prompt ");
    shell.types("fg\n");
    shell.line();
    shell.types("echo \"still \"here; exit 9\n");
    shell.shows("still here").shows("prompt ");
    shell.types("echo \"code\"=$?\n");
    shell.shows("code=9");
}

#[test]
fn a_job_in_the_background_that_somebody_halts_does_not_halt_us() {
    let mut shell = Terminal::with_shell();
    shell.types(&format!("{} &\n", listening("")));
    let Listening {
        parent: pid,
        own: job,
    } = shell.listener_is_ready();
    signal("STOP", job);
    // Of two that are pending the lower number comes first, whatever was sent first.
    within(Duration::from_secs(20), "the job was not halted", || {
        status(job, "State:").starts_with('T')
    });
    // What comes while it is halted is passed on, and waits there for the CONT.
    signal("USR1", pid);
    within(Duration::from_secs(20), "USR1 was not passed on", || {
        status(job, "ShdPnd:").ends_with("0200")
    });
    signal("CONT", job);
    let mut heard = [shell.line(), shell.line()];
    heard.sort();
    assert_eq!(heard, ["10", "18"]);
    signal("64", pid);
    assert_eq!(shell.line(), "64");
    shell.types("wait %1; echo \"code\"=$?\n");
    shell.shows("code=5");
}

#[test]
fn a_shell_hears_by_which_signal_the_job_was_stopped() {
    let mut shell = Terminal::with_shell();
    shell.types(&format!("{}; echo \"code\"=$?\n", listening("default")));
    let pid = shell.listener_is_ready().parent;
    shell.types("\x1a");
    shell.shows("code=148").shows("prompt ");
    // Continued alone, the job has to be told.
    signal("CONT", pid);
    assert_eq!(shell.line(), "18");
    signal("64", pid);
    assert_eq!(shell.line(), "64");
    shell.types("wait $(jobs -p); echo \"code\"=$?\n");
    shell.shows("code=5");
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
    let mut shell = Terminal::with_shell();
    shell.types(&format!(
        "{RUN} --timeout 1s -- sh -c 'echo begun; exec sleep 1000'\n"
    ));
    shell.shows("begun");
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
