//! What a spool believes: stamps, bits, and files of other users.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Place, Pushgateway, Pushjob, is_root, nobody, pushjob, pushjob_by};

fn run_under(caller: &[&str], place: &Place, address: &str) -> Pushjob {
    let args = ["run", "--push-retries", "0", "--job", "j", "--gateway"];
    pushjob_by(caller, args)
        .arg(address)
        .arg("--spool")
        .arg(&place.folder)
}

/// A copy of the entry that waits for an address, delivered to a new gateway.
fn flush_copy(place: &Place, name: &str, content: &[u8]) -> (Place, PathBuf) {
    let copy = Place::new();
    fs::create_dir(&copy.folder).unwrap();
    let file = copy
        .folder
        .join(place.entry().with_extension(name).file_name().unwrap());
    fs::write(&file, content).unwrap();
    (copy, file)
}

#[test]
fn one_flipped_bit_is_set_aside_and_reported() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).script("exit 3").run().exits(3);
    let whole = fs::read(place.entry()).unwrap();
    let gateway = Pushgateway::start_at(&address);
    // Every bit is tried in the unit tests.
    let bits = (0..whole.len() * 8).step_by(whole.len() * 8 / 40);
    for bit in bits {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (copy, file) = flush_copy(&place, "waiting", &flipped);
        let flushed = copy.flush().run();
        flushed.exits(1);
        assert!(
            flushed.stderr.contains("; it was set aside as "),
            "bit {bit}: {flushed}"
        );
        let aside = fs::read(file.with_extension("unreadable1"));
        assert_eq!(aside.unwrap(), flipped, "bit {bit}: {flushed}");
        assert_eq!(gateway.groups(), [], "bit {bit}");
    }
}

#[test]
fn a_stamp_of_the_future_silences_no_later_run() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).script("exit 3").run().exits(3);
    let entry = place.entry();
    // As it stands in an entry without a checksum, that somebody has restored.
    let text = fs::read_to_string(&entry).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let boot = format!("{}:", boot.trim());
    let text = text.replace(&boot, &format!("{boot}9"));
    let text = text.replace("# pushjob spool 2", "# pushjob spool 1");
    let (body, _) = text.rsplit_once("# end ").unwrap();
    fs::write(&entry, format!("{body}# end {}\n", body.len())).unwrap();
    let gateway = Pushgateway::start_at(&address);
    place.run_to(&address).script("exit 4").run().exits(4);
    assert_eq!(gateway.reported("j", "exit_code"), "4");
    place.run_to(&address).script("exit 5").run().exits(5);
    assert_eq!(gateway.reported("j", "exit_code"), "5");
}

#[test]
fn a_run_in_a_time_namespace_silences_no_later_run() {
    let (place, address) = (Place::new(), nobody());
    let mut caller = vec!["unshare", "--time", "--boottime", "1000000", "--fork"];
    caller.extend((!is_root()).then_some("--map-root-user"));
    run_under(&caller, &place, &address)
        .script("exit 3")
        .run()
        .exits(3);
    let gateway = Pushgateway::start_at(&address);
    place.run_to(&address).script("exit 4").run().exits(4);
    assert_eq!(gateway.reported("j", "exit_code"), "4");
}

/// What waits is not removed by a process that cannot lock it.
#[track_caller]
fn stays(place: &Place, before: &Path, content: &[u8]) {
    assert_eq!(fs::read(before).unwrap(), content);
    assert_eq!(place.files("waiting"), [before]);
}

#[test]
fn a_process_that_cannot_lock_removes_nothing() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).script("exit 3").run().exits(3);
    let entry = place.entry();
    let content = fs::read(&entry).unwrap();
    let gateway = Pushgateway::start_at(&address);
    let inject = |call: &str| {
        let caller = ["strace", "-f", "-o", "/dev/null", "-e", call];
        let run = run_under(&caller, &place, &address).script("exit 4").run();
        run.exits(4).says_one_line_with(".lock: ");
        stays(&place, &entry, &content);
        assert_eq!(gateway.reported("j", "exit_code"), "4");
    };
    inject("inject=flock:error=ENOLCK");
    // The bit of the lock stays, the files behind it cannot be had.
    fs::set_permissions(&place.folder, Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn the_second_user_of_a_spool_is_delivered_and_told_so() {
    if !is_root() {
        return;
    }
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).script("exit 3").run().exits(3);
    let entry = place.entry();
    let content = fs::read(&entry).unwrap();
    let parent = place.folder.parent().unwrap();
    fs::set_permissions(parent, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&place.folder, Permissions::from_mode(0o777)).unwrap();
    let gateway = Pushgateway::start_at(&address);
    let caller = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let run = run_under(&caller, &place, &address).script("exit 4").run();
    run.exits(4);
    assert!(
        run.stderr
            .contains("belongs to another user; give each user a spool of their own"),
        "{run}"
    );
    stays(&place, &entry, &content);
    assert_eq!(gateway.reported("j", "exit_code"), "4");
}

#[test]
fn a_spool_that_cannot_be_used_keeps_no_push_from_being_sent() {
    let gateway = Pushgateway::start();
    for verb in ["pushadd", "push", "delete"] {
        let command = pushjob([verb, "--job", "j", "--spool", "/dev/null/x", "--gateway"]);
        let samples: &[&str] = if verb == "delete" {
            &[]
        } else {
            &["--gauge", "a=1"]
        };
        let sent = command.arg(gateway.address()).args(samples).run();
        sent.exits(0)
            .says_one_line_with("cannot use the spool /dev/null/x: ");
        let groups = usize::from(verb != "delete");
        gateway.waits_for_groups(groups);
    }
}

#[test]
fn a_spool_that_others_may_write_to_is_a_warning() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    fs::create_dir(&place.folder).unwrap();
    fs::set_permissions(&place.folder, Permissions::from_mode(0o777)).unwrap();
    let run = || place.run_to(gateway.address()).job(["true"]).run();
    let said = format!(
        "other users can write to the spool {}",
        place.folder.display()
    );
    run().exits(0).says_one_line_with(&said);
    fs::set_permissions(&place.folder, Permissions::from_mode(0o770)).unwrap();
    run().exits(0).says("");
}

#[test]
fn no_line_that_is_printed_acts_on_the_terminal() {
    let (place, address) = (Place::new(), nobody());
    let label = "a=x\u{1b}[31m\u{7}\u{202e}\u{2066}\u{9b}y";
    let run = place.noting_run_to(&address).args(["--label", label]);
    let run = run.job(["true"]).run();
    let listed = place.flush().arg("--list").run();
    listed.exits(0);
    let stdout = String::from_utf8(listed.stdout.clone()).unwrap();
    assert!(
        stdout.contains(r"x\u{1b}[31m\u{7}\u{202e}\u{2066}\u{9b}y"),
        "{stdout}"
    );
    // The run also says how the job went.
    for (text, lines) in [
        (&stdout, 1),
        (&run.stderr, 2),
        (&place.flush().run().stderr, 1),
    ] {
        let is_harmful = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}".contains(c));
        assert!(!text.contains(is_harmful), "{text:?}");
        assert_eq!(text.lines().count(), lines, "{text}");
    }
}

#[test]
fn a_draft_is_never_written_into_a_file_that_was_there() {
    let (place, address) = (Place::new(), nobody());
    place.run_to(&address).job(["true"]).run().exits(0);
    let draft = place.entry().with_extension("new");
    let target = place.folder.join("target");
    fs::write(&target, "mine").unwrap();
    fs::hard_link(&target, &draft).unwrap();
    place.run_to(&address).job(["true"]).run().exits(0);
    assert_eq!(fs::read(&target).unwrap(), b"mine");
    std::os::unix::fs::symlink(&target, &draft).unwrap();
    place.run_to(&address).job(["true"]).run().exits(0);
    assert_eq!(fs::read(&target).unwrap(), b"mine");
    assert!(!draft.exists());
}
