//! A spool: results that could not be delivered, on disk until they can.
//!
//! A [`Spool`] is a directory. A run [keeps](Spool::keep) its result there and
//! [delivers](SpooledGroup::deliver) it; a result that cannot be delivered for a transient reason
//! stays, for a later run or for [a flush](Spool::flush). The gateway gets the state of the group
//! that live deliveries would have led to: of each family the run counts that ended last, and a PUT
//! or DELETE takes away what was there before it. So an old result never takes the place of a newer
//! one, in whatever order they come and however many processes deliver.
//!
//! ```no_run
//! use std::time::{Duration, SystemTime};
//!
//! use pushjob::exposition::{MetricFamilies, MetricFamily, MetricName};
//! use pushjob::grouping::GroupingKey;
//! use pushjob::push::{Change, Pushgateway};
//! use pushjob::spool::{RunResult, Spool};
//!
//! let mut rows = MetricFamilies::new();
//! rows.insert(MetricFamily::gauge(MetricName::new("rows")?, 42.0))?;
//! let result = RunResult {
//!     completed: SystemTime::now(),
//!     change: Change::PushAdd(&rows),
//!     persistent: &[],
//!     job: None,
//! };
//! let client = Pushgateway::new("localhost:9091")?;
//! let spool = Spool::open("/var/spool/pushjob")?;
//! let kept = spool.keep(&client.address(), &GroupingKey::new("etl")?, &result);
//! let delivery = kept.deliver(&client, Duration::from_secs(10));
//! if let Err(error) = &delivery.run {
//!     println!("{error}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//!
//! The directory has the mode 0700 when it is made here, and the files 0600; no credentials are in
//! them. Each group of each gateway has one, `NAME.waiting`, or `NAME.sent` when all has arrived,
//! with the format's version in its first line, which is replaced as a whole; and two for taking
//! turns, `NAME.lock` and `NAME.turn`. A run that has not ended has a mark, `NAME.ID.running`, which it
//! holds locked. What a gateway has refused is `NAME.refused`, what cannot be
//! read `NAME.unreadable1` and so on.
//!
//! # Order
//!
//! Runs are ordered by when they ended, by the clock that counts from the start of the system, and
//! not by one that can be set. A run that ended before the system was started, or on another
//! machine, counts as earlier.

mod delivery;
mod end_time;
mod entry;
mod error;
mod fingerprint;
mod flush;
mod group_files;
mod notice;
mod run_mark;
mod spooled_group;
mod state;
mod stored_group;
mod undelivered;
mod waiting;

pub use delivery::SpoolDelivery;
pub use error::SpoolError;
pub use flush::{FlushPass, FlushPasses, FlushReport};
pub use notice::SpoolNotice;
pub use run_mark::RunMark;
pub use spooled_group::SpooledGroup;
pub use state::RunResult;
pub use undelivered::{Disposition, NotDelivered, Undelivered};
pub use waiting::{Spool, Waiting};
