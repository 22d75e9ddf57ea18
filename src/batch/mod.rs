//! A job in this process: recorded in the same way as a command that `pushjob run` runs.
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
//! What the closure returns is returned, whatever becomes of the record. `Err` and a panic are failed runs;
//! the panic goes on when it has been recorded, in a program whose panics unwind.
//!
//! # What is recorded
//!
//! The part of the [report](crate::report) that needs no child process: start and end, duration, success,
//! and the last success or the last failure. Then the metrics in the [registry](Run::registry) of the run:
//! by themselves, so that they can take nothing of the report along, and without those that have the name of
//! a metric of the report. Both are added to the group ([push-add](crate::push::Pushgateway::push_add)), so
//! that the last success outlives a failure; [`method`](BatchJob::method) chooses otherwise. The start of a
//! run that takes longer than a second is announced while it goes on, and with
//! [`heartbeat`](BatchJob::heartbeat) also that it still runs.
//!
//! The metrics are delivered after a failure too, and replace those of the last success that have the same
//! names. A series that a group cannot hold, such as one with a label `job`, keeps all of them from being
//! delivered, and is reported.
//!
//! A program that ends itself inside the closure, with `std::process::exit` or by a signal, is not recorded:
//! the end of a run whose start was announced is missing then. A program that runs this one, such as
//! `pushjob run`, sees that too.
//!
//! # Where it goes
//!
//! To each [gateway](BatchJob::gateway), [textfile](BatchJob::textfile), [sink](BatchJob::sink) and other
//! [destination](BatchJob::destination), in parallel; and with the feature `scrape` to everyone who
//! [scrapes](BatchJob::listen) it while it goes on. A result that a gateway does not accept for a reason that
//! may be temporary is kept in a [spool](BatchJob::spool), if there is one. What cannot be delivered within
//! the [time of one delivery](BatchJob::push_timeout) is a [`Trouble`]: reported to
//! [`on_trouble`](BatchJob::on_trouble), and by default to the [`log`] crate.
//!
//! # From async programs
//!
//! [`run`](BatchJob::run) blocks its thread. Async work is driven from inside the closure, on a thread that
//! may block, for example with `tokio::task::spawn_blocking` and then `Handle::block_on`.

mod builder;
mod run;
mod timer;
mod trouble;

pub use builder::{BatchJob, job};
pub use run::{JobResult, Run};
pub use trouble::Trouble;
