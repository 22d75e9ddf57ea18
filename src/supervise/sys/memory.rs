//! Giving back the memory of this process that waiting does not need.

use std::fs;
use std::ptr;

use crate::supervise::mappings::unchanged_text;

/// Unmaps the program text that is in memory, of this program and of shared libraries, and gives
/// back what the allocator of the GNU C library keeps for later. Worth it before a long wait:
/// working needs most of it, waiting next to nothing, and what is needed again is mapped again from
/// the page cache.
///
/// Where there are other threads, which could change the mappings meanwhile, only the text of this
/// program and of the C library is unmapped.
pub(crate) fn trim_memory() {
    let is_alone = fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    let Ok(maps) = fs::read_to_string("/proc/self/smaps") else {
        return;
    };
    // What runs here stays mapped for as long as the process is there.
    let lasting = [
        trim_memory as *const () as usize,
        libc::madvise as *const () as usize,
    ];
    for (start, length) in unchanged_text(&maps) {
        let mapping = start..start.saturating_add(length);
        if !is_alone && !lasting.iter().any(|code| mapping.contains(code)) {
            continue;
        }
        let start = ptr::with_exposed_provenance_mut(start);
        // SAFETY: a private mapping of a file without write permission and without changed pages
        // holds what the file holds, so that the next access finds the same, in whichever thread.
        // That it is still this mapping is sure: nobody else is there to change it, or nobody can.
        // Failures are ignored: this is only an optimisation.
        unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
    }
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes the locks of the allocator and gives back only what nobody has.
    unsafe {
        libc::malloc_trim(0)
    };
}
