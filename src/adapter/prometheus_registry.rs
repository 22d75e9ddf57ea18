//! The adapter for registries of the crate `prometheus`.

use std::borrow::Cow;
use std::error::Error;

use prometheus::proto::MetricType;
use prometheus::{Encoder, Registry, TextEncoder};

use crate::exposition::{Format, Gather, MetricFamilies};

use super::error::AdapterError;
use super::text::read;

const CRATE: &str = "prometheus";

/// Reads the text that the registry writes: its families in memory have another form with each of its
/// features.
impl Gather for Registry {
    fn families(&self) -> Result<Cow<'_, MetricFamilies>, Box<dyn Error + Send + Sync>> {
        let families = self.gather();
        // The encoder panics on them.
        let untyped = families
            .iter()
            .find(|family| family.get_field_type() == MetricType::UNTYPED);
        if let Some(family) = untyped {
            return Err(not_written(format!("{} is UNTYPED", family.name())).into());
        }
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&families, &mut text)
            .map_err(|error| not_written(error.to_string()))?;
        Ok(Cow::Owned(read(CRATE, &text, Format::Text)?))
    }
}

fn not_written(reason: String) -> AdapterError {
    AdapterError::NotWritten { of: CRATE, reason }
}
