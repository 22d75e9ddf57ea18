//! A job in this process: what a program does itself is recorded like what `pushjob run` runs.
//!
//! ```
//! use std::error::Error;
//!
//! # fn load() -> Result<u32, Box<dyn Error>> { Ok(42) }
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # let gateway = "localhost:1";
//! let rows = pushjob::job("etl").gateway(gateway).run(|job| {
//!     let loaded = job.registry().gauge("rows_loaded", "Rows loaded.")?;
//!     let rows = load()?;
//!     loaded.set(rows.into());
//!     Ok::<_, Box<dyn Error>>(rows)
//! })?;
//! # assert_eq!(rows, 42);
//! # Ok(())
//! # }
//! ```
//!
//! What the closure returns is returned, whatever becomes of the record. `Err` and a panic are failed runs; the panic goes on
//! when it has been recorded, in a program whose panics unwind.
//!
//! # What is recorded
//!
//! Of the [report](crate::report) what needs no child process: when the run was started and when it ended, its duration, whether it
//! succeeded, and when the last success or the last failure was. Then, by itself so that it can take nothing of that along,
//! what is in the [`registry`](Run::registry) of the run, where its collectors give it in time and no metric has the name of one of the report. Both are added to the group
//! ([push-add](crate::push::Pushgateway::push_add)), so that the last success outlives a failure. The start of
//! a run that takes longer than a second is announced while it goes on.
//!
//! They are delivered after a failure too, and take the place of those of the last success that have the same names. What a group cannot hold,
//! as a series with a label `job`, keeps all of them from being delivered, and is told.
//!
//! A program that ends itself inside the closure, with `std::process::exit` or by a signal, is not recorded: of a run whose start was
//! announced the end is missing then. A program that runs this one, as `pushjob run` does, sees that too.
//!
//! # Where it goes
//!
//! While the run goes on, to whoever [scrapes](BatchJob::listen) it, with the feature `scrape`. Then
//! to each [gateway](BatchJob::gateway), [textfile](BatchJob::textfile) and other [sink](BatchJob::sink), side by side. What cannot be delivered within the
//! [time of one delivery](BatchJob::push_timeout) is a [`Trouble`]: told to [`on_trouble`](BatchJob::on_trouble), and to the [`log`] crate
//! by default.
//!
//! # From async programs
//!
//! [`run`](BatchJob::run) blocks its thread. Async work is driven from inside the closure, on a thread that may block:
//! `tokio::task::spawn_blocking` and then `Handle::block_on`, for one.

mod builder;
mod gathering;
#[cfg(target_os = "linux")]
mod notices;
#[cfg(all(feature = "scrape", unix))]
mod page;
mod recorder;
mod run;
mod trouble;

pub use builder::{BatchJob, job};
pub use run::{JobResult, Run};
pub use trouble::Trouble;
