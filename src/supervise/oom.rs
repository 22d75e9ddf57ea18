//! The kernel's count of processes that it killed because a control group was out of memory.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Longest beginning of the file with the count that is read. It holds a few short lines.
const LONGEST: usize = 1024;

/// The count of the control group of this process, when it was first read.
pub(super) struct OomKills {
    file: File,
    before: u64,
}

impl OomKills {
    /// Reads the count. None where the system has none, or does not show it.
    pub(super) fn read() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let file = open(&groups)?;
        let before = count(&file)?;
        Some(Self { file, before })
    }

    /// Number of processes that were killed since.
    pub(super) fn since(&self) -> Option<u64> {
        count(&self.file).map(|now| now.saturating_sub(self.before))
    }
}

/// Opens the file with the count of a group: of version 2, or of version 1 where that has the memory.
/// In a container the path may be one of the host, and the group itself is what is mounted.
fn open(groups: &str) -> Option<File> {
    let open = |(mount, group, name): (&str, &str, &str)| {
        let mount = Path::new(mount);
        let file = File::open(mount.join(group.trim_start_matches('/')).join(name));
        file.or_else(|_| File::open(mount.join(name))).ok()
    };
    groups.lines().filter_map(place).find_map(open)
}

/// Mount, path in it and name of the file for a line of `/proc/self/cgroup`.
fn place(line: &str) -> Option<(&'static str, &str, &'static str)> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, fields.next()?);
    if controllers.is_empty() {
        Some(("/sys/fs/cgroup", path, "memory.events"))
    } else if controllers.split(',').any(|name| name == "memory") {
        Some(("/sys/fs/cgroup/memory", path, "memory.oom_control"))
    } else {
        None
    }
}

fn count(file: &File) -> Option<u64> {
    let mut text = [0; LONGEST];
    let length = file.read_at(&mut text, 0).ok()?;
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    line?.trim().parse().ok()
}
