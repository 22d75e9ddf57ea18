//! A file for the [textfile collector] of node exporter.
//!
//! [textfile collector]: https://github.com/prometheus/node_exporter#textfile-collector

mod contents;
mod error;
mod storage;
mod target;

pub use error::TextfileError;
pub use target::{Quarantined, Textfile, WrittenFile};
