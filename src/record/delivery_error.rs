//! The reason why a destination did not take something.

use std::error::Error;

/// Reason why a destination did not take something.
pub type DeliveryError = Box<dyn Error + Send + Sync>;
