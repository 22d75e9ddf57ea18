//! The way of a request to the gateway and of the response back: the only place that knows the HTTP
//! library.

mod client;
mod deadline;
mod dial;
mod error;
mod head;
mod look_up;
mod resolver;
mod tcp;
#[cfg(feature = "rustls")]
mod tls;

pub(super) use client::{BodyBytes, Exchange, OpenResponse, RequestBody, Route, Transport};
pub(super) use error::TransportError;
