//! `pushjob flush` says 0 only when nothing waits and nothing is set aside.

use std::fs;
use std::time::Duration;

use crate::support::{Place, Pushgateway, nobody, pushjob};

/// A group of which something waits, and another that is to be delivered all the same.
fn two(address: &str, instance: &str) -> Place {
    let place = Place::new();
    let first = place.run_to(address).args(["--instance", instance]);
    first.job(["true"]).run().exits(0);
    place
}

fn add_other(place: &Place, address: &str) {
    let other = place.run_to(address).args(["--label", "other=1"]);
    other.job(["true"]).run().exits(0);
}

#[test]
fn labels_longer_than_the_usual_head_are_delivered() {
    let address = nobody();
    let place = two(&address, &"x".repeat(70_000));
    let listed = place.flush().arg("--list").run();
    listed.exits(0).says("");
    assert!(listed.stdout.len() > 70_000);
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    assert_eq!(gateway.groups().len(), 1);
}

#[test]
fn a_damaged_entry_is_set_aside_and_stops_no_other() {
    let address = nobody();
    for cut in [10, 30, 300] {
        let place = two(&address, "a");
        let entry = place.entry();
        let text = fs::read_to_string(&entry).unwrap();
        fs::write(&entry, &text[..text.len().min(cut)]).unwrap();
        if cut < 100 {
            // Also where nothing else waits.
            place.flush().arg("--list").run().exits(1);
        }
        add_other(&place, &address);
        let gateway = Pushgateway::start_at(&address);
        let flushed = place.flush().run();
        flushed.exits(1);
        assert!(
            flushed.stderr.contains("; it was set aside as "),
            "{flushed}"
        );
        assert_eq!(gateway.groups().len(), 1, "{flushed}");
        // As long as it is there.
        let again = place.flush().run();
        again
            .exits(1)
            .says_one_line_with(".unreadable1 was set aside earlier");
        let listed = place.flush().arg("--list").run();
        listed.exits(0);
        let aside = place.files("unreadable1").remove(0);
        assert!(String::from_utf8_lossy(&listed.stdout).contains(aside.to_str().unwrap()));
        fs::remove_file(aside).unwrap();
        place.flush().run().exits(0).says("");
        gateway.kill();
    }
}

#[test]
fn a_renamed_file_is_delivered() {
    let address = nobody();
    let place = two(&address, "a");
    let entry = place.entry();
    fs::rename(&entry, entry.with_file_name("renamed.waiting")).unwrap();
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(0);
    assert_eq!(gateway.groups().len(), 1);
    assert_eq!(place.files("waiting").len(), 0);
    place.flush().run().exits(0).says("");
}

#[test]
fn an_entry_for_no_gateway_stops_no_other() {
    let address = nobody();
    let place = two(&address, "a");
    let entry = place.entry();
    let text = fs::read_to_string(&entry).unwrap();
    let text = text.replace("# gateway http://", "# gateway hutp://");
    let text = text.replace("# pushjob spool 2", "# pushjob spool 1");
    let (body, _) = text.rsplit_once("# end ").unwrap();
    fs::write(&entry, format!("{body}# end {}\n", body.len())).unwrap();
    let lone = place.flush().run();
    lone.exits(1).says_one_line_with("goes on waiting: ");
    add_other(&place, &address);
    let gateway = Pushgateway::start_at(&address);
    place.flush().run().exits(1);
    assert_eq!(gateway.groups().len(), 1);
}

#[test]
fn no_flush_makes_a_directory() {
    let place = Place::new();
    for args in [&["--list"][..], &[], &["--wait", "1s"]] {
        let said = format!("pushjob: {}: no such directory\n", place.folder.display());
        place.flush().args(args).run().exits(1).says(&said);
        assert!(!place.folder.exists());
    }
}

#[test]
fn a_held_lock_takes_a_part_of_the_time_only() {
    let (place, gateway) = (Place::new(), Pushgateway::start());
    place.run_to(gateway.address()).job(["true"]).run().exits(0);
    let lock = fs::File::open(&place.files("lock")[0]).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let command = |verb: &str| {
        pushjob([verb, "--job", "j", "--push-timeout", "500ms", "--gateway"])
            .arg(gateway.address())
            .arg("--spool")
            .arg(&place.folder)
    };
    let run = command("run").script("exit 4").run();
    run.exits(4).took_at_most(Duration::from_millis(600));
    assert_eq!(gateway.reported("j", "exit_code"), "4");
    let push = command("pushadd").args(["--gauge", "a=1"]).run();
    push.exits(0).took_at_most(Duration::from_millis(600));
    assert!(gateway.samples().contains_key("a{instance=\"\",job=\"j\"}"));
}

#[test]
fn very_many_entries_of_others_take_a_part_of_the_time_only() {
    const ENTRIES: u32 = 100_000;
    let (address, gateway) = (nobody(), Pushgateway::start());
    let place = two(&address, "a");
    let entry = place.entry();
    // The same files under many names, of which a file system takes some ten thousand of each.
    for copy in 0..10 {
        let file = place.folder.join(format!("{copy}.waiting"));
        fs::copy(&entry, &file).unwrap();
        for number in 1..ENTRIES / 10 {
            let name = format!("{copy}-{number}.waiting");
            fs::hard_link(&file, place.folder.join(name)).unwrap();
        }
    }
    let run = place.run_to(gateway.address()).arg("--push-timeout=500ms");
    let run = run.script("exit 4").run();
    run.exits(4).took_at_most(Duration::from_millis(600));
    assert_eq!(gateway.reported("j", "exit_code"), "4");
}
