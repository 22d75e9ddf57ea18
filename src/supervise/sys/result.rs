//! Results of C functions, in the two ways that they report an error.

use std::io;

/// Result of a function that returns an error number, 0 for none.
pub(super) fn from_number(error: libc::c_int) -> io::Result<()> {
    match error {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Result of a function that returns -1 on an error and leaves its number in `errno`.
pub(super) fn from_errno(result: libc::c_int) -> io::Result<libc::c_int> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
