//! Files that several processes share: opened without following links, locked with patience,
//! replaced atomically.
//!
//! Errors are those of the system; the callers say which file it was about.

mod directory;
mod identity;
mod lock;
mod open;
mod quarantine;
mod replace;
mod replacement;

pub(crate) use directory::sync_parent_directory;
pub(crate) use identity::is_at;
pub(crate) use lock::FileLock;
pub(crate) use open::{open_options, read_prefix};
pub(crate) use quarantine::{MOST_KEPT, move_aside};
pub(crate) use replace::{Durability, replace, write};
pub(crate) use replacement::Replacement;
