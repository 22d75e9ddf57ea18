//! Errors of reading the groups of a gateway.

use crate::push::file::FileError;

/// The groups of a gateway could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupsError {
    /// It stores samples with a time, and keeps no groups.
    #[error("{url}: VictoriaMetrics keeps no groups")]
    KeepsNoGroups {
        /// The base URL.
        url: String,
    },
    /// The password or token could not be had.
    #[error("no credentials for {url}")]
    Credentials {
        /// The URL of the list.
        url: String,
        /// Why.
        source: FileError,
    },
    /// No response came.
    #[error("{url}: {reason}")]
    NoAnswer {
        /// The URL of the list.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server has no such list: a Pushgateway before 1.0, or something else.
    #[error("{url} answered 404: a Pushgateway has a list of its groups there from version 1.0 on")]
    NoList {
        /// The URL of the list.
        url: String,
    },
    /// The server refused.
    #[error("{url} answered {status}")]
    Status {
        /// The URL of the list.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The response is not a list of groups.
    #[error("{url}: {problem}")]
    Body {
        /// The URL of the list.
        url: String,
        /// What is wrong with it.
        problem: BodyError,
    },
}

/// A response that is not a list of groups, or cannot be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// A page in HTML.
    #[error("the response is a web page, and not the list of groups of a Pushgateway")]
    WebPage,
    /// Another text.
    #[error("the response is not the list of groups of a Pushgateway (byte {byte})")]
    Unexpected {
        /// Number of bytes before it.
        byte: u64,
    },
    /// It ended, or the connection was closed, before the list did.
    #[error("the list of groups is cut off after byte {byte}")]
    Cut {
        /// Number of bytes that came.
        byte: u64,
    },
    /// The time was used up.
    #[error("the list of groups did not come to its end in time (byte {byte})")]
    Timeout {
        /// Number of bytes that came.
        byte: u64,
    },
    /// Values are nested more deeply than a Pushgateway nests them.
    #[error("the list of groups is nested too deeply (byte {byte})")]
    TooDeep {
        /// Number of bytes before it.
        byte: u64,
    },
    /// Longer than the query allows.
    #[error("the list of groups is longer than {limit} bytes")]
    TooLong {
        /// Maximum length in bytes.
        limit: u64,
    },
    /// One group has more labels, names and values than can be kept.
    #[error("a group in the list has more text than can be kept (byte {byte})")]
    LongText {
        /// Number of bytes before it.
        byte: u64,
    },
}
