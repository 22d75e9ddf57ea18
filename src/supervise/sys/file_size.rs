//! The action of SIGXFSZ that the caller had set, which this program changes.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this process ignores SIGXFSZ, which had its default action before.
static FILE_SIZE_DEFAULT: AtomicBool = AtomicBool::new(false);

/// Takes note that SIGXFSZ had its default action before this process ignored it.
pub(super) fn note_file_size_default() {
    FILE_SIZE_DEFAULT.store(true, Ordering::Relaxed);
}

/// Whether a job is to get the default action of SIGXFSZ back.
pub(super) fn had_file_size_default() -> bool {
    FILE_SIZE_DEFAULT.load(Ordering::Relaxed)
}
