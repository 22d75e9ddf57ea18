//! A file for the [textfile collector] of node exporter.
//!
//! [textfile collector]: https://github.com/prometheus/node_exporter#textfile-collector

mod error;
mod groups;
mod storage;
mod target;

pub use error::TextfileError;
pub use target::{Quarantined, Textfile, WrittenFile};
