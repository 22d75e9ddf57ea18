//! A file for the [textfile collector] of node exporter.
//!
//! [textfile collector]: https://github.com/prometheus/node_exporter#textfile-collector

mod draft;
mod error;
mod groups;
mod read;
mod target;

pub use error::TextfileError;
pub use target::{SetAside, Textfile, Written};
