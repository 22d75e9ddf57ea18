//! Supervision of a job: a child process, the signals that concern it, its limits and its outcome.
//!
//! A [`Supervisor`] takes over the signals of the calling thread, so it is for programs whose
//! purpose is to run a job; make it before any other thread is started.
//!
//! The job gets what the caller of this program had set, also where Rust's runtime changes it
//! before `main`: SIGPIPE, which it ignores, and closed standard streams, which it opens.
//!
//! ```standalone_crate
//! use pushjob::supervise::{Job, Supervisor};
//!
//! let supervisor = Supervisor::new()?;
//! let outcome = supervisor.run(&Job::shell("exit 7"), &mut |_| ());
//! assert_eq!(outcome.exit_code(), 7);
//! assert!(!outcome.is_success());
//! # Ok::<(), std::io::Error>(())
//! ```

mod command;
mod deadlines;
mod event;
mod finish;
mod group_left;
mod interrupts;
mod job_control;
mod mappings;
mod oom;
mod outcome;
mod running;
mod signal;
mod spawn;
mod supervisor;
mod sys;

pub use command::Job;
pub use event::JobEvent;
pub use finish::FinishError;
pub use outcome::{Ending, Outcome, SpawnFailure, TimeLimit, Usage};
pub use signal::{Signal, SignalError};
pub use supervisor::Supervisor;
pub(crate) use sys::memory::trim_memory;
#[doc(hidden)]
pub use sys::signals::ignore_file_size_limit;
