//! TLS: which certificates are trusted, the client's own, and failures in plain words.

mod config;
mod message;
mod pem;
mod verify;

pub use config::Roots;
pub(super) use config::{Tls, TlsSettings, Verification};
pub(super) use message::describe;
