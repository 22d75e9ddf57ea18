//! Panics in code that is not the recorder's.

use std::any::Any;
use std::fmt;

/// A panic that was caught.
#[derive(Clone, Debug)]
pub(crate) struct Panicked(Option<String>);

impl Panicked {
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        // It may panic again where it is dropped.
        std::mem::forget(payload);
        Self(message)
    }

    pub(crate) fn silently() -> Self {
        Self(None)
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0.as_deref().unwrap_or("without a message");
        write!(f, "panicked: {message}")
    }
}
