//! The check of the environment before a job is started.

use std::error::Error;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use pushjob::spool::Spool;

use super::plan::Plan;
use crate::settings::{ConfigWarning, Gateways, Settings};
use crate::terminal::{Console, chain};

/// Reports mistakes in the environment, and tells if the job may run all the same.
pub(super) fn may_run(plan: &Plan, settings: &Settings, console: Console) -> bool {
    // Without --strict a file is read when it is needed, and what is wrong with it is said then.
    let mut wrong_files = Vec::new();
    if plan.strict && !plan.dry_run {
        wrong_files = settings.gateways.unreadable_files();
        let empty = settings
            .empty_gateway
            .map(|source| format!("{source}: it is empty"));
        wrong_files.extend(empty);
        let limit = settings.push_timeout;
        if let (Gateways::Given(_), Some(directory)) = (&settings.gateways, &plan.spool) {
            let (place, directory) = (directory.display().to_string(), directory.clone());
            let check = move || Spool::open(&directory).and_then(|spool| spool.check());
            wrong_files.extend(checked(&place, limit, check).err());
        }
        if let (Some(key), Some(textfile)) = (&settings.key, &plan.textfile) {
            let place = textfile.path().display().to_string();
            let (key, textfile) = (key.clone(), textfile.clone());
            let check = move || textfile.check(&key);
            wrong_files.extend(checked(&place, limit, check).err());
        }
    }
    for ConfigWarning {
        message,
        consequence,
    } in &settings.warnings
    {
        if plan.strict {
            console.error(format_args!("{message}; nothing was run, as --strict asks"));
        } else if plan.dry_run {
            console.warning(message);
        } else {
            console.warning(format_args!("{message}; {consequence}"));
        }
    }
    for message in &wrong_files {
        console.error(format_args!("{message}; nothing was run, as --strict asks"));
    }
    !plan.strict || (settings.warnings.is_empty() && wrong_files.is_empty())
}

/// Checks a place in a thread of its own: a file system can hang, and what hangs with it cannot be ended.
fn checked<E: Error + Send + 'static>(
    place: &str,
    limit: Duration,
    check: impl FnOnce() -> Result<(), E> + Send + 'static,
) -> Result<(), String> {
    let (told, result) = sync_channel(1);
    let thread = thread::Builder::new().spawn(move || told.send(check()));
    thread.map_err(|error| format!("{place} cannot be checked: {error}"))?;
    let Ok(checked) = result.recv_timeout(limit) else {
        let seconds = limit.as_secs_f64();
        return Err(format!("{place} could not be checked within {seconds} s"));
    };
    checked.map_err(|error| chain(&error))
}
