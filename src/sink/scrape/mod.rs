//! An endpoint for Prometheus to scrape: `/metrics` by HTTP while a program runs.
//!
//! A Pushgateway is for what has ended. Of a job that runs for longer than a scrape interval or two, Prometheus learns more
//! when it scrapes the job itself.
//!
//! ```
//! use pushjob::metrics::Registry;
//! use pushjob::sink::scrape::ScrapeEndpoint;
//!
//! let registry = Registry::new();
//! let serving = ScrapeEndpoint::bind("127.0.0.1:0")?.serve(registry.clone())?;
//! # assert_ne!(serving.local_addr().port(), 0);
//! // Prometheus can scrape it until `serving` is dropped.
//! # Ok::<(), pushjob::sink::scrape::ScrapeError>(())
//! ```
//!
//! # What it answers
//!
//! `GET` and `HEAD` of `/metrics`, in the [text format] 0.0.4, whatever else an `Accept` header prefers, as long as
//! it admits `text/plain`; otherwise 406. With the feature `gzip` it is compressed for who asks for that. When
//! the metrics cannot be gathered, the answer is 500 and says why in one line; half of the metrics would be taken for all. `/`
//! says where the metrics are.
//!
//! # Limits
//!
//! Who may connect can cost the program no more than this:
//!
//! - [`CONNECTIONS`] at once; when one more comes, the oldest is cut off
//! - [`CONNECTION_LIMIT`] for all of a connection, which is for one request
//! - on Linux, some 128 KiB of an answer that nobody takes, which the system keeps, and no longer than [`CONNECTION_LIMIT`]
//! - [`HEAD_LIMIT`] for the head of a request; a body is not looked at
//! - the metrics are gathered once for all who ask within [`PAGE_LIFE`], or within [`PAGE_REST`] times as long as it took. Two pages are held at most, for all together: while somebody is
//!   still being sent the one before, the others get the one that there is, which is never older than [`CONNECTION_LIMIT`]
//!
//! There is no TLS and no password: listen on `127.0.0.1`, or where only Prometheus comes.
//!
//! [text format]: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

mod accept;
mod address;
mod answer;
mod connection;
mod endpoint;
mod error;
mod limits;
mod page;
mod pages;
mod request;
mod room;
mod socket;

pub use address::ListenAddress;
pub use endpoint::{ScrapeEndpoint, Serving};
pub use error::ScrapeError;
pub use limits::{CLOSE_LIMIT, CONNECTION_LIMIT, CONNECTIONS, HEAD_LIMIT, PAGE_LIFE, PAGE_REST};
