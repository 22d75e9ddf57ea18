//! An endpoint for Prometheus to scrape: `/metrics` by HTTP while a program runs.
//!
//! A Pushgateway is for jobs that have ended. A job that runs for longer than a scrape interval or two is better scraped by
//! Prometheus itself.
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
//! # Responses
//!
//! `GET` and `HEAD` of `/metrics` get the [text format] 0.0.4, whatever else an `Accept` header prefers, as long as it admits
//! `text/plain`; otherwise 406. With the feature `gzip` the response is compressed for clients that accept gzip. When the
//! metrics cannot be gathered, the response is 500 with the reason in one line; half of the metrics would be taken for all.
//! `/` says where the metrics are.
//!
//! # Limits
//!
//! Clients can cost the program no more than this:
//!
//! - [`CONNECTIONS`] at once; when one more comes, the oldest is cut off
//! - [`CONNECTION_LIMIT`] for all of a connection, which is for one request
//! - on Linux, some 128 KiB of a response that a client does not read, which the system keeps no longer than [`CONNECTION_LIMIT`]
//! - [`HEAD_LIMIT`] for the head of a request; a body is ignored
//! - the metrics are gathered once for all requests within [`PAGE_LIFE`], or within [`PAGE_REST`] times as long as gathering
//!   took. At most two pages are held in all: while the one before is still being sent to a client, the others get the
//!   current one, which is never older than [`CONNECTION_LIMIT`]
//!
//! There is no TLS and no password: listen on `127.0.0.1`, or where only Prometheus can connect.
//!
//! [text format]: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

mod accept;
mod address;
mod connection;
mod connection_limit;
mod endpoint;
mod error;
mod limits;
mod page;
mod page_cache;
mod request;
mod response;
mod socket;

pub use address::ListenAddress;
pub use endpoint::{ScrapeEndpoint, Serving};
pub use error::ScrapeError;
pub use limits::{CLOSE_LIMIT, CONNECTION_LIMIT, CONNECTIONS, HEAD_LIMIT, PAGE_LIFE, PAGE_REST};
